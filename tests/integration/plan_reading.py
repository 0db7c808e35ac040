"""What a prepared query reads, as PostgreSQL tells it after running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from datalayer.runtime import Query, VariedQuery
from datalayer.runtime.paging import page_values, write_cursor

Plan = dict[str, Any]
AnyQuery = Query[Any] | VariedQuery[Any]
#: The arguments of a query; of one with variants those that are there, by their names.
Given = Sequence[object] | Mapping[str, object]
Statement = tuple[Query[Any], tuple[object, ...]]


def page_statement(
    query: VariedQuery[Any],
    given: Mapping[str, object],
    *,
    limit: int,
    behind: Sequence[object] = (),
) -> Statement:
    """Return what is sent for a page, the first or that behind a row of these keys."""
    assert query.paging is not None
    cursor = (
        write_cursor(query.name, query.paging, behind, order="") if behind else None
    )
    values = page_values(
        query.name, query.paging, given, limit=limit, cursor=cursor, order=""
    )
    return query.given(values)


def statement_of(query: AnyQuery, given: Given) -> Statement:
    """Return the variant of a query for what it is given."""
    if isinstance(query, Query):
        return query, tuple(given)
    assert isinstance(given, Mapping)
    return query.given(given)


def run_scans(
    connection: psycopg.Connection[Any],
    query: AnyQuery,
    given: Given,
    mode: str,
) -> list[Plan]:
    """Run a prepared query, take back what it did, and return its scans."""
    statement, arguments = statement_of(query, given)
    prepared = sql.SQL("PREPARE explained AS {}").format(sql.SQL(statement.sql))
    executed = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained{}")
    connection.execute("DEALLOCATE ALL")
    literals = sql.SQL(", ").join(map(sql.Literal, arguments))
    listed = sql.SQL("({})").format(literals) if arguments else sql.SQL("")
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(mode))
        )
        connection.execute(prepared)
        row = connection.execute(executed.format(listed)).fetchone()
    assert row is not None
    return list(scans(row[0][0]["Plan"]))


def vacuum_until_visible(connection: psycopg.Connection[Any], table: str) -> None:
    """Vacuum until an index is enough to read the table; autovacuum may hold it up."""
    visible = "SELECT relallvisible >= relpages FROM pg_class WHERE oid = %s::regclass"
    while True:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
        if connection.execute(visible, (table,)).fetchone() == (True,):
            return


def scans(plan: Plan) -> Iterator[Plan]:
    """Yield the nodes of a plan that read a table or an index, and were run."""
    kind = plan["Node Type"]
    is_own = kind in {"CTE Scan", "Function Scan", "Subquery Scan", "WorkTable Scan"}
    if kind.endswith("Scan") and not is_own and plan["Actual Loops"]:
        yield plan
    for inner in plan.get("Plans", []):
        yield from scans(inner)


def rows_read(plan: Plan) -> int:
    """Return how many rows a scan read, also those that it did not return."""
    each: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    loops: float = plan["Actual Loops"]
    return round(each * loops)
