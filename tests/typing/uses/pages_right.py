"""What people do with orders and pages; a type checker accepts every line."""

from datetime import datetime
from typing import Literal, assert_type

import psycopg
from cases.optional import pages
from cases.optional.aio import pages as aio_pages
from cases.optional.enums import Stage
from datalayer.runtime import Page
from psycopg.rows import TupleRow


def orders(connection: psycopg.Connection[TupleRow]) -> None:
    """An order is one of the declared names, also from a variable."""
    order: Literal["title", "newest"] = "newest"
    (row,) = pages.list_books(connection, row_limit=1, order=order)
    assert_type(row, pages.ListedBook)
    assert_type(row.updated_at, datetime)
    pages.list_books(connection, row_limit=None, order="title", author_id=1)


def paged(connection: psycopg.Connection[TupleRow]) -> None:
    """A page has rows, and a cursor until the end."""
    page = pages.page_books(connection, stage=Stage.DRAFT)
    assert_type(page, Page[pages.ListedBook])
    assert_type(page.items, list[pages.ListedBook])
    assert_type(page.next, str | None)
    while page.next is not None:
        assert_type(page.next, str)
        page = pages.page_books(connection, stage=Stage.DRAFT, cursor=page.next)
    pages.page_sorted_books(connection, row_limit=5, cursor=None, order="title")


async def asynchronous(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """So is it with the twins."""
    page = await aio_pages.page_sorted_books(connection, row_limit=5, order="newest")
    assert_type(page, Page[pages.ListedBook])
