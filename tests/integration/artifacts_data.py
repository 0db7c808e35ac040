"""Rows of the artifacts domain, written without its queries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from datalayer.migrate import migrate

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class TagName(TypedDict):
    """The arguments that name a tag."""

    username: str
    tag_name: str


@contextmanager
def migrated_to(url: str, version: str) -> Iterator[psycopg.Connection[Any]]:
    """Apply the migrations up to a version and connect."""
    migrate(url, MIGRATIONS, components=["artifacts"], to=version)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def put(connection: psycopg.Connection[Any], content: bytes = b"{}") -> str:
    """Store content and return its id."""
    cas_id = f"sha256:{hashlib.sha256(content).hexdigest()}"
    connection.execute(
        "INSERT INTO cas_blob (cas_id, media_type, size_bytes, content)"
        " VALUES (%s, 'application/json', %s, %s) ON CONFLICT DO NOTHING",
        (cas_id, len(content), content),
    )
    return cas_id


def insert(
    connection: psycopg.Connection[Any], table: str = "artifact", /, **values: object
) -> Any:  # noqa: ANN401 (a row of any table)
    """Insert a row and return its first column."""
    if table == "artifact":
        values = {"kind": "dag_version", "cas_id": put(connection), **values}
        if values["kind"] != "patch_set":
            values.setdefault("version_hash", "v")
    columns = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    adapted = [Jsonb(v) if isinstance(v, (dict, list)) else v for v in values.values()]
    row = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {table}.*",
        adapted,
    ).fetchone()
    assert row is not None
    return row[0]


def insert_chain(connection: psycopg.Connection[Any], length: int) -> list[UUID]:
    """Insert a base and patches that follow, with their chains; return all ids."""
    ids: list[UUID] = [insert(connection)]
    for depth in range(1, length + 1):
        parent = ids[-1] if depth > 1 else None
        ids.append(
            insert(
                connection,
                kind="patch_set",
                base_version=ids[0],
                parent_id=parent,
                depth=depth,
                version_hash=f"v{depth}",
            )
        )
        connection.execute(
            "INSERT INTO patch_chain_member (head_id, seq, member_id)"
            " SELECT %s, n, id FROM unnest(%s::uuid[]) WITH ORDINALITY AS m (id, n)",
            (ids[-1], ids[1:]),
        )
    return ids
