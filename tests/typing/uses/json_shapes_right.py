"""Documents that queries make, as a type checker must understand them."""

from __future__ import annotations

from typing import assert_type

import psycopg
from psycopg.rows import TupleRow

from cases.json_shapes import customer
from cases.json_shapes.aio import customer as aio_customer
from cases.json_shapes.types import Known
from datalayer.runtime import JsonValue


def read(connection: psycopg.Connection[TupleRow]) -> None:
    """Keys have the types that JSON leaves of what is put there."""
    (row,) = customer.list_customers(connection)
    assert_type(row.notes, JsonValue | None)
    assert_type(row.purchases, list[customer.CustomerPurchasesItem])
    assert_type(row.purchases[0]["price"], int | float | str)
    assert_type(row.purchases[0]["receipt"], str | None)
    assert_type(row.summary["last"], str | None)
    assert_type(row.summary.get("first"), customer.CustomerSummaryFirst | None)
    if "first" in row.summary and row.summary["first"] is not None:
        assert_type(row.summary["first"]["on"], str)


def read_values(connection: psycopg.Connection[TupleRow]) -> None:
    """Values are documents as well."""
    prices = customer.get_prices(connection, customer_id=1)
    assert_type(prices, dict[str, int | float | str] | None)
    report = customer.get_report(connection)
    assert_type(report["class"], int)
    assert_type(report["two words"], list[int | str | None])
    assert_type(report["a"]["int"], int)
    assert_type(customer.get_maybe(connection), int | None)


async def read_asynchronously(
    connection: psycopg.AsyncConnection[TupleRow],
) -> None:
    """The twins have the same classes."""
    (row,) = await aio_customer.list_documents(connection)
    assert_type(row.documents, list[aio_customer.ListDocumentsDocuments])
    assert_type(row.documents[0].get("receipt", ""), str)
    assert_type(row.known, Known)
