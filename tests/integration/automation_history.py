"""History and events at chosen times, as their owner may write them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def record(
    session: Connection,
    table: str,
    time: datetime,
    operation: str,
    *,
    entity_id: int = 1,
    ref: str = "core.echo",
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> int:
    """Write a row of history and return its `seq`."""
    row = session.execute(
        f"INSERT INTO {table}_history (time, operation, entity_id, entity_ref,"
        " changed_fields, old_values, new_values)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING seq".encode(),
        (
            time,
            operation,
            entity_id,
            ref,
            sorted(old or {}),
            None if old is None else json.dumps(old),
            None if new is None else json.dumps(new),
        ),
    ).fetchone()
    assert row is not None
    return int(row[0])


def record_birth(
    session: Connection,
    time: datetime,
    status: str = "requested",
    *,
    entity_id: int = 1,
    ref: str = "core.echo",
) -> int:
    """Write the INSERT of an execution."""
    new = {"status": status, "executor": None}
    return record(
        session, "execution", time, "INSERT", entity_id=entity_id, ref=ref, new=new
    )


def record_move(
    session: Connection,
    time: datetime,
    old: str,
    new: str,
    *,
    table: str = "execution",
    entity_id: int = 1,
    ref: str = "core.echo",
) -> int:
    """Write the move of an execution, or of another `table`, to a status."""
    return record(
        session,
        table,
        time,
        "UPDATE",
        entity_id=entity_id,
        ref=ref,
        old={"status": old},
        new={"status": new},
    )
