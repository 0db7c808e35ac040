"""How PostgreSQL runs a generated query, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from datalayer.runtime import Query


def explain(
    connection: psycopg.Connection[Any], query: Query[Any], parameters: Sequence[object]
) -> list[str]:
    """Run a query under EXPLAIN ANALYZE and return the lines of its plan."""
    statement = f"EXPLAIN (ANALYZE, COSTS OFF, SUMMARY OFF)\n{query.sql}"
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(statement.encode(), parameters)
        return [str(line) for (line,) in cursor.fetchall()]
