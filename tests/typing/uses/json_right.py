"""Documents with a class, as a type checker must accept and understand them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_type

import psycopg
from psycopg.rows import TupleRow

from cases.json_classes import customer
from cases.json_classes.aio import customer as aio_customer
from cases.json_classes.types import Address, Order, Orders, Profile, Settings, Visit
from datalayer.runtime import JsonValue, NoRow


def read(connection: psycopg.Connection[TupleRow]) -> None:
    """Columns are what their author named."""
    (row,) = customer.list_customers(connection)
    assert_type(row.profile, Profile)
    assert_type(row.profile.since, datetime)
    assert_type(row.home, Address | None)
    assert_type(row.settings, Settings | None)
    assert_type(row.visits, list[Visit])
    assert_type(row.orders, dict[str, Order | None])
    assert_type(row.notes, JsonValue | None)
    assert_type(customer.get_settings(connection, id=1), Settings | NoRow | None)


def write(connection: psycopg.Connection[TupleRow], profile: Profile) -> None:
    """Parameters are too."""
    orders: Orders = {"a": Order(Decimal(1)), "b": None}
    customer.change_orders(connection, id=1, orders=orders)
    customer.count_matching(connection, profile=profile, visits=[Visit(profile.since)])
    customer.create_customers(
        connection,
        [
            customer.CreateCustomersParameters(
                id=1,
                profile=profile,
                home={"city": "Rome"},
                settings=Settings(colour="dark"),
                visits=[None],
                orders=orders,
            )
        ],
    )


async def aio(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """So are those of the twin."""
    (row,) = await aio_customer.list_customers(connection)
    assert_type(row.profile, Profile)
