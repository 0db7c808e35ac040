"""Nested results, used as their types say."""

from __future__ import annotations

from datetime import date
from typing import assert_type

import psycopg
from cases.nested import books
from cases.nested.aio import books as aio_books

from datalayer.runtime import JsonValue, Page


def read(connection: psycopg.Connection) -> None:
    """Objects in objects, and lists."""
    for book in books.list_books(connection, title="A%"):
        assert_type(book.author, books.Author)
        assert_type(book.editor, books.Author | None)
        if book.editor is not None:
            assert_type(book.editor.name, str)
            assert_type(book.editor.born_on, date | None)
    for author in books.list_authors(connection):
        assert_type(author.address.city, str | None)
        assert_type(author.books, list[books.ListedBook])
        for listed in author.books:
            assert_type(listed.id, int)
            assert_type(listed.editions[0].details, JsonValue)
    laureate = books.get_laureate(connection, author_id=1)
    if laureate is not None:
        assert_type(laureate.prizes[0].name, str)
    page = books.page_books(connection, row_limit=10)
    assert_type(page, Page[books.PageBooksRow])


async def read_async(connection: psycopg.AsyncConnection) -> None:
    """The same classes."""
    (book,) = await aio_books.list_books(connection)
    assert_type(book.author, books.Author)
