"""Nested results, used as a type checker must refuse."""

from __future__ import annotations

import psycopg
from cases.nested import books


def mistakes(connection: psycopg.Connection) -> None:
    """One mistake a line."""
    (book,) = books.list_books(connection)
    book.editor.name  #! union-attr reportOptionalMemberAccess
    book.author_name  #! attr-defined reportAttributeAccessIssue
    book.author.author_name  #! attr-defined reportAttributeAccessIssue
    (author,) = books.list_authors(connection)
    author.books.title  #! attr-defined reportAttributeAccessIssue
    author.books[0].editor.name  #! union-attr reportOptionalMemberAccess
    books.Book(1, None, "", None)  #! arg-type reportArgumentType
