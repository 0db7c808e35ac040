"""Reads each query of the truth set once, however often the rules change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from nullability_running import Databases, describe, open_databases
from test_row_count import CASES as ROWS
from truth_sets import CASES, ELEMENTS, Case

from datalayer.codegen.inference import conclusion, infer
from datalayer.codegen.inference.outcomes import Rules
from datalayer.codegen.nodetree import Node
from datalayer.codegen.stored_trees import analysed_query
from datalayer.model import Inference, ParameterInference
from datalayer.server import Server

#: Set to walk all queries where otherwise those that are known to matter will do.
ALL_QUERIES = "DATALAYER_ALL_NULLABILITY_QUERIES"
#: Every case of the truth set, by what it is about and its name.
TRUTHS: dict[str, Case] = {
    f"{kind} {case.name}": case
    for kind, cases in (("column", CASES), ("rows", ROWS), ("elements", ELEMENTS))
    for case in cases
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Concludes from trees that PostgreSQL made of a query when it was first read."""

    databases: Databases
    types: dict[str, list[int]] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)

    def infer(
        self,
        query: str,
        *,
        rules: Rules = conclusion.RULES,
        declared: Sequence[ParameterInference] | None = None,
    ) -> Inference:
        """Return what is concluded about a query."""
        return infer(
            self.databases.full,
            query,
            self.types_of(query),
            catalog=self.databases.catalog,
            declared=declared,
            rules=rules,
        )

    def types_of(self, query: str) -> list[int]:
        """Return the types of a query's parameters."""
        if query not in self.types:
            self.types[query] = describe(self.databases.full, query)
        return self.types[query]

    def tree_of(self, query: str) -> Node:
        """Return a query as PostgreSQL analysed it."""
        if query not in self.trees:
            types = self.types_of(query)
            self.trees[query] = analysed_query(self.databases.full, query, types)
        return self.trees[query]


@contextmanager
def open_reader(server: Server) -> Iterator[Reader]:
    """Create the databases of the truth set, and read no query twice until the end."""
    with open_databases(server) as databases, pytest.MonkeyPatch.context() as patch:
        reader = Reader(databases)

        def remembered(
            connection: psycopg.Connection[Any], sql: str, types: Sequence[int]
        ) -> Node:
            return reader.tree_of(sql)

        patch.setattr(conclusion, "analysed_query", remembered)
        yield reader


def all_are_asked_for() -> bool:
    """Return whether to walk all queries."""
    return bool(os.environ.get(ALL_QUERIES))
