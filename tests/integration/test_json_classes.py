"""Generated functions take and return the classes that authors name."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import set_json_loads

from datalayer.errors import JsonMismatchError

CASE = Path(__file__).resolve().parents[1] / "golden" / "modules" / "json_classes"
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)


@pytest.fixture
def customers(empty_database: str) -> Iterator[str]:
    """The URL of a database with the tables of the golden case, which is importable."""
    with psycopg.connect(empty_database) as connection:
        connection.execute((CASE / "schema.sql").read_bytes())
    sys.path.insert(0, str(CASE))
    try:
        yield empty_database
    finally:
        sys.path.remove(str(CASE))
        for name in [each for each in sys.modules if each.split(".")[0] == "expected"]:
            del sys.modules[name]


def _parameters(customer: Any, types: Any) -> Any:  # noqa: ANN401 - imported here only
    profile = types.Profile("é", NOON, [types.Profile("b", NOON)])
    return customer.CreateCustomersParameters(
        id=1,
        profile=profile,
        home={"city": "Rome"},
        settings=types.Settings(colour="dark"),
        visits=[types.Visit(NOON, '"'), types.Visit(NOON)],
        orders={"a": types.Order(Decimal("1.50")), "b": None},
    )


async def test_values_are_written_and_read(customers: str) -> None:
    customer = importlib.import_module("expected.customer")
    aio = importlib.import_module("expected.aio.customer")
    types = importlib.import_module("expected.types")
    given = _parameters(customer, types)

    async with await psycopg.AsyncConnection.connect(customers) as connection:
        assert await aio.create_customers(connection, [given]) == 1
        (found,) = await aio.list_customers(connection)
    with psycopg.connect(customers) as connection:
        assert customer.list_customers(connection) == [found]
        count = customer.count_matching(
            connection, profile=given.profile, visits=given.visits
        )
        changed = customer.change_orders(connection, id=1, orders={})

    for name in ("profile", "home", "settings", "visits", "orders"):
        assert getattr(found, name) == getattr(given, name)
    assert (count, changed.orders, changed.home) == (1, {}, {"city": "Rome"})


def test_null_is_none_and_a_json_null_is_refused(customers: str) -> None:
    customer = importlib.import_module("expected.customer")

    with psycopg.connect(customers) as connection:
        connection.execute(
            "INSERT INTO customer (id, profile, visits, orders) VALUES"
            """ (1, '{"name": "a", "since": "2024-02-29"}', '{}', '{}')"""
        )
        (found,) = customer.list_customers(connection)
        connection.execute("UPDATE customer SET settings = 'null'")
        with pytest.raises(JsonMismatchError) as caught:
            customer.list_customers(connection)

    assert (found.home, found.settings) == (None, None)
    assert (caught.value.query, caught.value.column) == ("list_customers", "settings")


def test_a_loader_of_the_connection_does_not_matter(customers: str) -> None:
    customer = importlib.import_module("expected.customer")
    types = importlib.import_module("expected.types")
    given = _parameters(customer, types)

    with psycopg.connect(customers) as connection:
        set_json_loads(lambda _: "spoiled", connection)
        customer.create_customers(connection, [given])
        (found,) = customer.list_customers(connection)

    assert (found.profile, found.notes) == (given.profile, None)
    assert found.home == given.home
