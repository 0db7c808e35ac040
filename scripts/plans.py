"""How PostgreSQL runs a generated query, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from datalayer.runtime import Query


def explain(
    connection: psycopg.Connection[Any],
    query: Query[Any],
    parameters: Sequence[object],
    *,
    analyse: bool = True,
) -> list[str]:
    """Return the lines of a query's plan; `analyse` runs it and adds what happened."""
    options = "ANALYZE, COSTS OFF, SUMMARY OFF" if analyse else "COSTS OFF"
    statement = f"EXPLAIN ({options})\n{query.sql}"
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(statement.encode(), parameters)
        return [str(line) for (line,) in cursor.fetchall()]
