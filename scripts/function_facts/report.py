"""What attacks on several servers have shown together, and what contradicts the table.

A function that gave NULL on one version is not trusted on any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.function_catalog import Function
from datalayer.codegen.inference import builtins
from datalayer.codegen.inference.facts import NULL, UNTRIED, VALUE
from function_facts.aggregates import Aggregate, find_null, list_aggregates
from function_facts.calls import (
    Connection,
    Target,
    attack,
    limit_calls,
    list_targets,
)
from function_facts.sets import attack_columns

_MOST_CALLS_OF_SETS = 60
_STRICT = """
SELECT oid::int8 FROM pg_catalog.pg_proc
WHERE
    prokind = 'f'
    AND proisstrict
    AND NOT proretset
    AND oid < 16384
    AND pronamespace = 'pg_catalog'::regnamespace
    AND NOT proargtypes::oid[] && '{cstring,internal}'::regtype[]::oid[]
ORDER BY oid
"""
# What becomes of a mark when another version gives another one.
_WEIGHTS = (UNTRIED, VALUE, NULL)


@dataclass(slots=True)
class Report:
    """The marks of strict functions, and what is wrong or missing in the table."""

    marks: dict[str, str] = field(default_factory=dict)
    versions: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: dict[str, None] = field(default_factory=dict)


def strict_functions(connection: Connection) -> list[Function]:
    """Return all strict functions that a query could name."""
    catalog = Catalog(connection)
    rows = connection.execute(_STRICT).fetchall()
    found = [catalog.function(oid) for (oid,) in rows]
    return [function for function in found if function is not None]


def attack_server(
    connection: Connection,
    report: Report,
    most: int,
    *,
    timeout: str = "1s",
    share: slice = slice(None),
) -> None:
    """Add what one server shows of a share of its functions.

    A call that takes too long shows nothing.
    """
    report.versions.append(connection.info.server_version // 10000)
    for function in strict_functions(connection):
        _mark(report, function.signature, UNTRIED)
    targets, aggregates = list_targets(connection), list_aggregates(connection)
    limit_calls(connection, timeout)
    for target in targets[share]:
        if target.function.returns_set:
            _attack_set(connection, target, report)
        elif not builtins.may_find_nothing(target.function):
            _attack_function(connection, target, report, most)
    for aggregate in aggregates[share]:
        _attack_aggregate(connection, aggregate, report)
    limit_calls(connection, "0")


def _mark(report: Report, signature: str, mark: str) -> None:
    known = report.marks.get(signature, UNTRIED)
    report.marks[signature] = max(known, mark, key=_WEIGHTS.index)


def _attack_function(
    connection: Connection, target: Target, report: Report, most: int
) -> None:
    function = target.function
    if function.strict:
        everything = range(len(function.arguments))
        found = attack(connection, target, everything, most)
        mark = NULL if found.null else VALUE if found.answers else UNTRIED
        _mark(report, function.signature, mark)
        return
    decisive = builtins.decisive_arguments(function, len(function.arguments))
    if decisive is not None:
        found = attack(connection, target, decisive, most)
        report.wrong += [found.null] if found.null else []


def _attack_set(connection: Connection, target: Target, report: Report) -> None:
    found = attack_columns(connection, target, _MOST_CALLS_OF_SETS)
    known = builtins.set_columns(target.function)
    pairs = zip(found.nulls, known, strict=False)
    report.wrong += [call for call, nullable in pairs if call and not nullable]
    looked_up = builtins.may_find_nothing(target.function)
    if found.answers and None in found.nulls and not known and not looked_up:
        columns = "".join("?" if call else "!" for call in found.nulls)
        report.missing[f"{target.function.signature} {columns}"] = None


def _attack_aggregate(
    connection: Connection, aggregate: Aggregate, report: Report
) -> None:
    rows = builtins.NEVER_NULL_AGGREGATES | builtins.ROW_AGGREGATES
    # NULL may come in where it is said not to matter.
    everything = range(len(aggregate.arguments))
    places: Sequence[int] = everything if aggregate.name in rows else ()
    if aggregate.name in builtins.FIRST_ARGUMENT_AGGREGATES:
        places = everything[1:]
    answers, null = find_null(connection, aggregate, nulls=places)
    known = aggregate.name in rows | builtins.VALUE_AGGREGATES
    if known and null:
        report.wrong.append(null)
    elif answers and not known and not null:
        report.missing[f"{aggregate.signature} !"] = None


def render_facts(report: Report) -> Iterable[str]:
    """Yield the lines of the file of facts."""
    versions = ", ".join(str(version) for version in sorted(set(report.versions)))
    yield f"# Written by scripts/facts on PostgreSQL {versions}: strict functions, by"
    yield "# what calls with boundary values gave: ! values, ? NULL, - only errors."
    for signature, mark in sorted(report.marks.items()):
        yield f"{mark} {signature}"
