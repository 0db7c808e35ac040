"""Uses of functions with optional arguments that a type checker must refuse.

Each comment says with which code mypy and with which rule pyright does.
"""

from __future__ import annotations

from typing import Any

import psycopg
from cases.optional import books

from datalayer.runtime import UNSET, Unset


def mistakes(connection: psycopg.Connection[Any], title: str | Unset) -> None:
    """One mistake a line."""
    books.search_books(connection, title=None)  #! arg-type reportArgumentType
    books.search_books(connection, cheapest=5.5)  #! arg-type reportArgumentType
    books.search_books(connection, row_limit=UNSET)  #! arg-type reportArgumentType
    books.change_book(connection, title="a")  #! call-arg reportCallIssue
    books.change_book(connection, book_id=UNSET)  #! arg-type reportArgumentType
    books.change_book(connection, book_id=1, title=None)  #! arg-type reportArgumentType
    books.get_beginning(connection).year  #! union-attr reportOptionalMemberAccess
    title.upper()  #! union-attr reportAttributeAccessIssue
