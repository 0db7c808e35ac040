"""Which columns the parameters of a statement stand for."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.describe import Description, describe
from datalayer.codegen.nodetree import Node, Value
from datalayer.proving import bindings
from datalayer.proving.bindings import Column, read_bindings

SCHEMA = """
CREATE TABLE owner (id int PRIMARY KEY, name text, kind text);
CREATE TABLE pet (id int PRIMARY KEY, owner int, name text, age int);
CREATE VIEW grown AS SELECT id AS pet, owner AS keeper FROM pet WHERE age > 1;
"""


@pytest.fixture
def database(empty_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database, autocommit=True) as opened:
        opened.execute(SCHEMA.encode())
        yield opened


def bound(connection: psycopg.Connection, sql: str) -> tuple[set[str], set[str]]:
    """Return the columns of the first parameter, and the columns that are equal."""
    described = describe(connection, sql)
    assert isinstance(described, Description)
    found = read_bindings(
        connection, Catalog(connection), sql, described.parameter_oids
    )
    rows = connection.execute(
        "SELECT oid::bigint, relname::text FROM pg_class WHERE relkind = 'r'"
    ).fetchall()
    names: dict[int, str] = dict(rows)

    def named(column: Column) -> str:
        return f"{names[column[0]]}.{column[1]}"

    links = {" = ".join(sorted(map(named, pair))) for pair in found.links}
    return set(map(named, found.of(1))), links


@pytest.mark.parametrize(
    ("sql", "columns", "links"),
    [
        ("SELECT id FROM pet WHERE name = $1", {"pet.name"}, set()),
        ("SELECT id FROM pet WHERE age > $1", {"pet.age"}, set()),
        ("SELECT pet FROM grown WHERE keeper = $1", {"pet.owner"}, set()),
        ("SELECT id FROM pet WHERE id = ANY($1)", {"pet.id"}, set()),
        ("INSERT INTO pet (id, name) VALUES (1, $1)", {"pet.name"}, set()),
        ("UPDATE pet SET age = coalesce($1, age)", {"pet.age"}, {"pet.age = pet.age"}),
        (
            "SELECT p.id FROM pet AS p JOIN owner AS o ON o.id = p.owner"
            " WHERE o.id = $1",
            {"owner.id", "pet.owner"},
            {"owner.id = pet.owner"},
        ),
        (
            "WITH one AS (SELECT id FROM owner WHERE name = $1)"
            " SELECT pet.id FROM pet WHERE owner IN (SELECT id FROM one)",
            {"owner.name"},
            {"owner.id = pet.owner"},
        ),
        # A condition is not what is stored.
        (
            "UPDATE owner SET kind = CASE WHEN name = 'a' THEN $1 END",
            {"owner.kind"},
            set(),
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_columns_are_found(
    database: psycopg.Connection, sql: str, columns: set[str], links: set[str]
) -> None:
    assert bound(database, sql) == (columns, links)


def test_a_reader_of_conditions_would_mix_them_up(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every_part(node: Node) -> Iterator[Value]:
        yield from node.fields.values()

    monkeypatch.setattr(bindings, "_results", every_part)

    columns, _ = bound(
        database, "UPDATE owner SET kind = CASE WHEN name = 'a' THEN $1 END"
    )

    assert columns == {"owner.kind", "owner.name"}
