"""Each rule of the inference earns its place: without it, less is proven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from nullability_ablations import PARAMETER_REMOVALS, REMOVALS, TAGS, without_rules
from nullability_running import Databases, describe, open_databases
from test_parameter_null import CASES as PARAMETERS
from test_parameter_null import ELEMENTS as LISTS
from test_row_count import CASES as ROWS
from truth_sets import CASES, ELEMENTS

from datalayer.codegen.inference import conclusion, infer
from datalayer.codegen.inference.outcomes import Rules
from datalayer.codegen.nodetree import Node, Value
from datalayer.codegen.stored_trees import analysed_query
from datalayer.model import Inference, ParameterInference
from datalayer.server import Server

QUERIES = sorted({case.query for cases in (CASES, ELEMENTS, ROWS) for case in cases})
WITH_PARAMETERS = sorted(
    {case.query for cases in (PARAMETERS, LISTS) for case in cases}
)
#: Of so many queries one is looked at, too, when a rule is missed already.
_SHARE = 40
WITHOUT = without_rules(conclusion.RULES)


@dataclass(frozen=True, slots=True)
class Laboratory:
    """The queries as PostgreSQL read them, and what is proven with all rules."""

    databases: Databases
    types: dict[str, list[int]]
    known: dict[str, Inference]
    #: The kinds of nodes in each.
    tags: dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def laboratory(server: Server) -> Iterator[Laboratory]:
    with open_databases(server) as databases, pytest.MonkeyPatch.context() as patch:
        full = databases.full
        queries = [*QUERIES, *WITH_PARAMETERS]
        types = {query: describe(full, query) for query in queries}
        trees = {query: analysed_query(full, query, types[query]) for query in queries}

        def remembered(
            connection: psycopg.Connection[Any], sql: str, types: Sequence[int]
        ) -> Node:
            return trees[sql]

        patch.setattr(conclusion, "analysed_query", remembered)
        found = Laboratory(
            databases, types, {}, {q: frozenset(tags_in(trees[q])) for q in queries}
        )
        for query in queries:
            found.known[query] = conclude(found, query)
        yield found


def tags_in(value: Value) -> Iterator[str]:
    """Yield the kinds of nodes at and below a value."""
    if isinstance(value, tuple):
        for item in value:
            yield from tags_in(item)
    elif isinstance(value, Node):
        yield value.tag
        for child in value.fields.values():
            yield from tags_in(child)


def conclude(
    laboratory: Laboratory,
    query: str,
    *,
    rules: Rules = conclusion.RULES,
    declared: Sequence[ParameterInference] | None = None,
) -> Inference:
    """Return what is concluded of a query that PostgreSQL has read already."""
    databases, types = laboratory.databases, laboratory.types[query]
    return infer(
        databases.full,
        query,
        types,
        catalog=databases.catalog,
        declared=declared,
        rules=rules,
    )


def claims(inference: Inference) -> frozenset[str]:
    """Return all that is proven of columns and rows."""
    columns, rows = list(enumerate(inference.columns)), inference.row_count
    return frozenset(
        [
            *(f"column {number}" for number, each in columns if not each.nullable),
            *(f"in {number}" for number, each in columns if not each.elements_nullable),
            *(["a row"] if rows.at_least_one else []),
            *(["no second row"] if rows.at_most_one else []),
        ]
    )


def is_missed(laboratory: Laboratory, rules: Rules, tag: str = "") -> bool:
    """Return whether something is no longer proven; nothing may be proven instead.

    Queries with nodes of the kind that matters come first, short ones before long ones.
    """
    missed = False
    queries = sorted(QUERIES, key=lambda q: (tag not in laboratory.tags[q], len(q), q))
    for number, query in enumerate(queries):
        if missed and number % _SHARE:
            continue
        known = laboratory.known[query]
        # What parameters accept is the same, as it decides about columns.
        found = conclude(laboratory, query, rules=rules, declared=known.parameters)
        assert claims(found) <= claims(known), query
        missed = missed or claims(found) < claims(known)
    return missed


@pytest.mark.parametrize("name", WITHOUT)
def test_rule_for_a_node_is_missed(name: str, laboratory: Laboratory) -> None:
    assert is_missed(laboratory, WITHOUT[name], name.rpartition("_")[2])


@pytest.mark.parametrize("name", REMOVALS)
def test_rule_is_missed(
    name: str, laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    REMOVALS[name](monkeypatch)

    assert is_missed(laboratory, conclusion.RULES, TAGS.get(name, ""))


@pytest.mark.parametrize("name", PARAMETER_REMOVALS)
def test_rule_about_parameters_is_missed(
    name: str, laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    PARAMETER_REMOVALS[name](monkeypatch)

    assert any(
        conclude(laboratory, query).parameters != laboratory.known[query].parameters
        for query in WITH_PARAMETERS
    )
