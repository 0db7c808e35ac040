"""What functions send to the server, and how the server runs it for this session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import RawCursor, sql
from typing_extensions import override

from datalayer.runtime import sync

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement with its parameters, as a generated function sent it."""

    statement: str
    parameters: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a plan that reads a relation, and what it did."""

    kind: str
    relation: str
    index: str | None
    #: Rows that it looked at, those that it left out included.
    rows: int
    heap_fetches: int
    executed: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """How a statement was run: for a program, and for people."""

    nodes: tuple[Node, ...]
    #: Blocks that were asked for, wherever they were.
    blocks: int
    #: Whether the plan is made for these parameters, or for any.
    generic: bool
    lines: tuple[str, ...]


@contextmanager
def recorded() -> Iterator[list[Sent]]:
    """Yield a list that gets all that generated functions send meanwhile."""
    found: list[Sent] = []

    class Recording(RawCursor[Any]):
        @override
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            found.append(Sent(query, tuple(params or ())))
            return super().execute(query, params, **options)

    with patch.object(sync, "RawCursor", Recording):
        yield found


def explain(connection: Connection, statements: Sequence[Sent]) -> list[Explained]:
    """Run statements as this session would by now, and take back what they did."""
    # A rollback ends what psycopg has prepared.
    generic = [_prefers_generic(connection, sent.statement) for sent in statements]
    return [
        _explain(connection, sent, generic=choice)
        for sent, choice in zip(statements, generic, strict=True)
    ]


def _explain(connection: Connection, sent: Sent, *, generic: bool) -> Explained:
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("SET LOCAL plan_cache_mode = {}").format(
                f"force_{'generic' if generic else 'custom'}_plan"
            )
        )
        connection.execute(b"PREPARE bench_plan AS " + sent.statement.encode())
        plan, lines = _run_explained(connection, sent.parameters)
        connection.execute("DEALLOCATE bench_plan")
    blocks = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    return Explained(tuple(_nodes(plan)), blocks, generic, lines)


def _run_explained(
    connection: Connection, parameters: Sequence[object]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    arguments = sql.SQL(", ").join(sql.Literal(value) for value in parameters)
    call = sql.SQL("({})").format(arguments) if parameters else sql.SQL("")
    text, data = (
        connection.execute(
            sql.SQL(
                "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF, FORMAT {})"
                " EXECUTE bench_plan {}"
            ).format(sql.SQL(form), call)
        ).fetchall()
        for form in ("TEXT", "JSON")
    )
    return data[0][0][0]["Plan"], tuple(line for (line,) in text)


def _prefers_generic(connection: Connection, statement: str) -> bool:
    # It goes on with the generic plan once it has chosen it.
    row = connection.execute(
        "SELECT max(generic_plans) > 0 FROM pg_prepared_statements"
        " WHERE statement = %s",
        [statement],
    ).fetchone()
    return bool(row and row[0])


def _nodes(plan: dict[str, Any]) -> Iterator[Node]:
    if "Relation Name" in plan:
        loops = plan["Actual Loops"]
        removed = (
            value for name, value in plan.items() if name.startswith("Rows Removed by")
        )
        yield Node(
            kind=plan["Node Type"],
            relation=plan["Relation Name"],
            index=plan.get("Index Name"),
            rows=round(loops * (plan["Actual Rows"] + sum(removed))),
            heap_fetches=plan.get("Heap Fetches", 0),
            executed=loops > 0,
        )
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
