"""Statements for many sets of parameters, and what a loop makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import Connection, RawCursor
from psycopg.rows import tuple_row

from datalayer.runtime import (
    Copying,
    Query,
    execute_many,
    fetch_each,
    int4,
    item_position,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = """
CREATE TABLE item (
    id int PRIMARY KEY,
    name varchar(4),
    price numeric(5, 1) CHECK (price < 100),
    label text DEFAULT 'none' NOT NULL
);
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, price numeric);
CREATE TABLE noted (id int, name text, price numeric);
CREATE TABLE note (id int, rows_there bigint);
CREATE FUNCTION take_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO note SELECT new.id, count(*) FROM noted;
    RETURN NULL;
END $$;
CREATE TRIGGER noted_note AFTER INSERT ON noted
FOR EACH ROW EXECUTE FUNCTION take_note();
"""
TABLES = ("item", "tree", "noted", "note")

#: Each with the way that the generator chooses for it.
STATEMENTS = {
    "as-it-is": (
        "copy",
        "INSERT INTO item (id, name, price) VALUES (:id, :name, :price)",
    ),
    "expressions": (
        "unnest",
        "INSERT INTO item (price, id, name)"
        " VALUES (:price::numeric + 1, :id, coalesce(upper(:name::text), 'x'))",
    ),
    "unless-there": (
        "unnest",
        "INSERT INTO item (id, name, price) VALUES (:id, :name, :price)"
        " ON CONFLICT DO NOTHING",
    ),
    "or-changed": (
        "pipeline",
        "INSERT INTO item (id, name, price) VALUES (:id, :name, :price)"
        " ON CONFLICT (id) DO UPDATE SET label = item.label || excluded.id",
    ),
    "changed": (
        "pipeline",
        "UPDATE item SET label = label || :id, price = :price WHERE name = :name",
    ),
    "with-parents": (
        "pipeline",
        "INSERT INTO tree (id, parent, price)"
        " VALUES (:id, length(:name::text), :price)",
    ),
    "with-a-trigger": (
        "pipeline",
        "INSERT INTO noted (id, name, price) VALUES (:id, :name, :price)",
    ),
    "of-what-is-there": (
        "pipeline",
        "INSERT INTO item (id, name, price, label)"
        " VALUES (:id, :name, :price, (SELECT count(*)::text FROM item))",
    ),
}
PARAMETERS = ("id", "name", "price")


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    name: str | None
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: a result, or an error at a position, and what is stored."""

    result: object
    stored: object


def in_order(sql: str, item: Item) -> tuple[object, ...]:
    """Return the parameters of an item by their first place in a statement."""
    sent = {"id": int4(item.id), "name": item.name, "price": item.price}
    return tuple(sent[name] for name in order_of(sql))


def order_of(sql: str) -> list[str]:
    return sorted(PARAMETERS, key=lambda name: sql.index(f":{name}"))


def by_loop(connection: Connection[Any], sql: str, items: Sequence[Item]) -> Outcome:
    """Run a statement item by item."""
    cursor = RawCursor(connection, row_factory=tuple_row)
    numbered = sql
    for number, name in enumerate(order_of(sql), 1):
        numbered = numbered.replace(f":{name}", f"${number}")
    affected, rows = 0, []
    result: object = None
    done = 0
    try:
        with connection.transaction():
            for done, item in enumerate(items):  # noqa: B007 - told below
                cursor.execute(numbered.encode(), in_order(sql, item))
                affected += cursor.rowcount
                rows += cursor.fetchall() if cursor.description else []
        result = rows if "RETURNING" in sql else affected
    except psycopg.Error as error:
        result = (error.sqlstate, done)
    return Outcome(result, _take_stored(connection))


def at_once(
    connection: Connection[Any], query: Query[Any], sql: str, items: Sequence[Item]
) -> Outcome:
    """Run a statement by the runtime."""
    result: object
    try:
        if query.row is not None:
            found = fetch_each(connection, query, items, lambda e: in_order(sql, e))
            result = list(found)
        else:
            result = execute_many(
                connection, query, iter(items), lambda e: in_order(sql, e)
            )
    except psycopg.Error as error:
        result = (error.sqlstate, item_position(error))
    return Outcome(result, _take_stored(connection))


def _take_stored(connection: Connection[Any]) -> object:
    """Return what the tables hold, and empty them."""
    found = [
        sorted(map(repr, connection.execute(f"SELECT * FROM {table}").fetchall()))
        for table in TABLES
    ]
    connection.execute("DELETE FROM tree; DELETE FROM item; DELETE FROM noted")
    connection.execute("DELETE FROM note")
    return found


#: Ways that are wrong, each with the statement that shows it.
MUTANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "copy-past-a-trigger": (
        "with-a-trigger",
        {"copying": Copying("COPY noted (id, name, price) FROM STDIN")},
    ),
    "arrays-past-a-trigger": (
        "with-a-trigger",
        {
            "unnesting": "INSERT INTO noted SELECT a, b, c"
            " FROM unnest($1::int[], $2::text[], $3::numeric[]) AS i (a, b, c)"
        },
    ),
    "arrays-past-a-key-to-itself": (
        "with-parents",
        {
            "unnesting": "INSERT INTO tree SELECT a, length(b), c"
            " FROM unnest($1::int[], $2::text[], $3::numeric[]) AS i (a, b, c)"
        },
    ),
    "arrays-of-what-is-there": (
        "of-what-is-there",
        {
            "unnesting": "INSERT INTO item (id, name, price, label)"
            " SELECT a, b, c, (SELECT count(*)::text FROM item)"
            " FROM unnest($1::int[], $2::text[], $3::numeric[]) AS i (a, b, c)"
        },
    ),
    "the-last-wins": (
        "unless-there",
        {
            "unnesting": "INSERT INTO item (id, name, price) SELECT a, b, c"
            " FROM unnest($1::int[], $2::text[], $3::numeric[])"
            " WITH ORDINALITY AS i (a, b, c, n)"
            " ORDER BY n DESC ON CONFLICT DO NOTHING"
        },
    ),
    "columns-exchanged": (
        "as-it-is",
        {"copying": Copying("COPY item (id, label, price) FROM STDIN")},
    ),
}
