"""A cursor holds values of every type of key exactly, in every time zone."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_project import MOODS, Pages, generated_pages
from type_values import TEXTS, VALUES

from datalayer.server import Server, scratch_database

_UTC = datetime.UTC
_TEXT = [
    "",
    " ",
    "a",
    "A",
    "é",
    "e\u0301",
    "ß",
    "\u202e",
    "\U0001f600",
    "'\"\\",
    "a,b",
    "\n",
    "\x01",
    "NULL",
    "%s",
    "日本",
]
#: What is easily lost: the ends of types, and what only looks equal.
_EDGES: dict[str, Sequence[object]] = {
    "bool": [True, False],
    "bpchar": ["a", "é", ""],
    "date": [datetime.date(1, 1, 1), datetime.date(33, 2, 3), datetime.date.max],
    "float4": [0.1, -0.0, 3.4028234663852886e38, 1e-45, float("inf"), float("nan")],
    "float8": [0.1, 0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, float("-inf")],
    "int2": [-0x8000, 0, 0x7FFF],
    "int4": [-(2**31), 2**31 - 1],
    "int8": [-(2**63), 2**63 - 1],
    "mood": MOODS,
    "name": ["a" * 63, "é"],
    "nickname": _TEXT,
    "numeric": [
        *map(Decimal, ("1", "1.00", "1E+30", "1E-30", "0.1", "NaN", "Infinity")),
    ],
    "oid": [0, 2**32 - 1],
    "text": _TEXT,
    "time": [datetime.time(0), datetime.time(23, 59, 59, 999999)],
    "timestamp": [
        datetime.datetime(1, 1, 1),
        datetime.datetime(33, 2, 3, 4, 5, 6, 7),
        datetime.datetime.max,
    ],
    "timestamptz": [
        datetime.datetime(33, 2, 3, 4, 5, 6, 7, _UTC),
        datetime.datetime(999, 12, 31, 23, 59, 59, 999999, _UTC),
        # The clocks of Amsterdam went back, and one time was there twice.
        datetime.datetime(2024, 10, 27, 0, 30, tzinfo=_UTC),
        datetime.datetime(2024, 10, 27, 1, 30, tzinfo=_UTC),
        datetime.datetime(2024, 10, 27, 1, 30, 0, 1, _UTC),
    ],
    "timetz": [
        datetime.time(1, tzinfo=_UTC),
        datetime.time(2, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
    ],
    "uuid": [],
    "varchar": _TEXT,
}
_MORE = {
    "bpchar": TEXTS["bpchar"],
    "mood": st.sampled_from(MOODS),
    "name": TEXTS["name"],
    "nickname": TEXTS["text"],
    "text": TEXTS["text"],
    "varchar": TEXTS["varchar"],
}
_SETTINGS = ["SET TimeZone = 'Europe/Amsterdam'", "SET TimeZone = 'UTC'"]
_SCHEMA = """
CREATE TYPE mood AS ENUM ('low', 'middle', 'high');
CREATE DOMAIN nickname AS text;
"""
_TABLE = "CREATE TABLE of_{0} (id integer PRIMARY KEY, value {0} NOT NULL);"
_QUERY = """
-- name: page_{0}(row_limit)
-- Return a page of values.
-- @order up = value, id
-- @order down = value DESC, id
-- @page
SELECT id, value FROM of_{0} ORDER BY value, id LIMIT :row_limit;
"""


@pytest.fixture(scope="module")
def database(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection[Any], Pages]]:
    schema = _SCHEMA + "\n".join(map(_TABLE.format, sorted(_EDGES)))
    text = "".join(map(_QUERY.format, sorted(_EDGES)))
    folder = tmp_path_factory.mktemp("values")
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute(schema.encode())
        with generated_pages(url, folder, text, package="paging_values") as pages:
            yield connection, pages


@pytest.mark.parametrize("type_", sorted(_EDGES))
def test_cursors_hold_values_exactly(
    database: tuple[psycopg.Connection[Any], Pages], type_: str
) -> None:
    connection, pages = database
    more = _MORE[type_] if type_ in _MORE else VALUES[type_]

    @settings(max_examples=5, deadline=None)
    @given(some=st.lists(more, max_size=5), setting=st.sampled_from(_SETTINGS))
    def law(some: list[object], setting: str) -> None:
        connection.execute(setting.encode())
        check_values(connection, pages, type_, [*_EDGES[type_], *some])

    law()


def check_values(
    connection: psycopg.Connection[Any],
    pages: Pages,
    type_: str,
    values: Sequence[object],
) -> None:
    """Store values twice, and read them one by one."""
    table = f"of_{type_}"
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} VALUES (%s, %s::{type_})".encode(),
            list(enumerate([*values, *values])),
        )
        read = getattr(pages.sync, f"page_{type_}")
        for order, direction in (("up", ""), ("down", " DESC")):
            wanted = connection.execute(
                f"SELECT id FROM {table} ORDER BY value{direction}, id".encode()
            ).fetchall()
            found: list[tuple[int]] = []
            page = read(connection, row_limit=1, order=order)
            while True:
                found += [(item.id,) for item in page.items]
                if page.next is None or len(found) > len(wanted):
                    break
                page = read(connection, row_limit=1, order=order, cursor=page.next)
            assert found == wanted


def test_infinity_cannot_be_read_at_all(
    database: tuple[psycopg.Connection[Any], Pages],
) -> None:
    connection, pages = database

    with connection.transaction(force_rollback=True):
        connection.execute("INSERT INTO of_timestamptz VALUES (1, 'infinity')")

        with pytest.raises(psycopg.DataError, match="timestamp too large"):
            pages.sync.page_timestamptz(connection, row_limit=1)
