"""Uses of functions with optional arguments that a type checker must accept."""

from __future__ import annotations

from datetime import date
from typing import Any, assert_type

import psycopg
from cases.optional import books
from cases.optional.aio import books as aio_books
from cases.optional.enums import Stage

from datalayer.runtime import UNSET, Unset, VariedQuery


def arguments(connection: psycopg.Connection[Any]) -> None:
    """What is optional is given, not given, or `UNSET`; None is a value."""
    assert_type(books.search_books(connection), list[books.Book])
    books.search_books(connection, title="a", tag=UNSET)
    books.search_books(connection, author_id=None)
    books.list_recent_books(connection, stage=UNSET)
    books.list_recent_books(connection, stage=Stage.DRAFT)
    assert_type(books.change_book(connection, book_id=1, blurb=None), books.Book | None)
    assert_type(books.count_books(connection), int)
    assert_type(books.SEARCH_BOOKS, VariedQuery[books.Book])


def joins(connection: psycopg.Connection[Any]) -> None:
    """What a join alone makes certain may be missing, whatever is given."""
    of_one = books.list_authors_of_books(connection, author_name="Ada")
    assert_type(of_one[0].author_id, int | None)
    assert_type(books.get_beginning(connection), date | None)


def handed_on(
    connection: psycopg.Connection[Any], title: str | Unset, author_id: int | None
) -> None:
    """What is not given is handed on, and told from what is."""
    books.search_books(connection, title=title)
    books.search_books(connection, author_id=UNSET if author_id is None else author_id)
    if title is UNSET:
        assert_type(books.count_books(connection), int)
    else:
        assert_type(title, str)


async def asynchronous(connection: psycopg.AsyncConnection[Any]) -> None:
    """The twins take the same."""
    assert_type(await aio_books.search_books(connection, title=UNSET), list[books.Book])
