"""The plan that a session really uses for a query, without its repetitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.report import Plan
from datalayer.runtime import Query

#: What differs between the parts of a plan that read one partition each.
_DIFFERENT = re.compile(
    r"_y\d{4}m\d\dd\d\d|_default\b|(?<=_)\d+\b|\d+(\.\d+)?|, never.*"
)

Connection = psycopg.Connection[Any]


def find_plan(
    connection: Connection, query: Query[Any], parameters: Sequence[object]
) -> Plan:
    """Return the plan of a query that this session has run often enough to choose."""
    chosen = _choice(connection, query)
    connection.execute(
        sql.SQL("SET plan_cache_mode = {}").format(f"force_{chosen}_plan")
    )
    arguments = sql.SQL(", ").join(sql.Literal(value) for value in parameters)
    connection.execute(b"PREPARE bench_plan AS " + query.sql.encode())
    lines = connection.execute(
        sql.SQL(
            "EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF, BUFFERS OFF)"
            " EXECUTE bench_plan ({})"
        ).format(arguments)
    ).fetchall()
    connection.execute("DEALLOCATE bench_plan")
    connection.execute("RESET plan_cache_mode")
    return Plan(f"{query.name} ({chosen} plan)", tuple(line for (line,) in lines))


def _choice(connection: Connection, query: Query[Any]) -> str:
    row = connection.execute(
        "SELECT generic_plans > custom_plans FROM pg_prepared_statements"
        " WHERE strpos(statement, %s) > 0 ORDER BY generic_plans DESC LIMIT 1",
        [query.sql],
    ).fetchone()
    return "generic" if row and row[0] else "custom"


def scanned_tables(connection: Connection, plan: Plan) -> list[str]:
    """Return the tables with rows that a plan has read from one end to the other."""
    read = (line for line in plan.lines if "never executed" not in line)
    names = re.findall(r"Seq Scan on (\S+)", "\n".join(read))
    return [
        name
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND relpages > 0"
            " ORDER BY relname",
            [names],
        )
    ]


def condense(lines: Sequence[str]) -> tuple[str, ...]:
    """Show what is done for each partition once, and say how often it is done."""
    return tuple(_condense(lines))


def _condense(lines: Sequence[str]) -> Iterator[str]:
    start = 0
    while start < len(lines):
        end = _end_of_node(lines, start)
        shape = _shape(lines[start:end])
        after, alike = end, 0
        while after < len(lines) and shape:
            following = _end_of_node(lines, after)
            if _shape(lines[after:following]) != shape:
                break
            after, alike = following, alike + 1
        yield lines[start]
        yield from _condense(lines[start + 1 : end])
        if alike:
            indent = " " * lines[start].index("->")
            yield f"{indent}… and {alike} more like it"
        start = after


def _end_of_node(lines: Sequence[str], start: int) -> int:
    """Return where a node with all that belongs to it ends; other lines are alone."""
    if "->" not in lines[start]:
        return start + 1
    depth = lines[start].index("->")
    for number in range(start + 1, len(lines)):
        indent = len(lines[number]) - len(lines[number].lstrip())
        if indent <= depth:
            return number
    return len(lines)


def _shape(lines: Sequence[str]) -> str:
    """Return what a node has in common with those of other partitions."""
    if "->" not in lines[0]:
        return ""
    kept = (line for line in lines if "Rows Removed" not in line)
    return "\n".join(_DIFFERENT.sub("", line) for line in kept)
