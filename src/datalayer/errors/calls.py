"""What goes wrong when a query is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors.problems import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Mapping


class QueryNotFound(DataLayerError):
    """No query has that name; the message lists the nearest ones."""


class ArgumentError(DataLayerError):
    """An argument of `datalayer query` is missing, unknown or malformed."""


class IncompleteArguments(DataLayerError):
    """Some of what belongs together was given, or nothing to change; give the rest."""


class ConstraintViolation(DataLayerError):
    """The root of the classes that `@raises` names; the cause is psycopg's error."""

    def __init__(
        self,
        *,
        query: str,
        source: str,
        constraint: str,
        values: Mapping[str, object],
        position: int | None = None,
    ) -> None:
        """Keep what was violated, by which query and with which arguments."""
        # Without the values, which may be secrets and logs keep messages.
        super().__init__(f"query `{query}` ({source}) violates `{constraint}`")
        self.query = query
        self.constraint = constraint
        #: The arguments of the call by their names, as they were sent.
        self.values = values
        #: Which of many items it was, from 0.
        self.position = position


class DuplicateKey(DataLayerError):
    """Two rows have the same key; map by a unique column, or ask for a list."""

    def __init__(self, query: str, source: str, key: object) -> None:
        """Keep the query and the key, which is not in the message."""
        super().__init__(
            f"query `{query}` ({source}) returned two rows with the same key",
            help="map by a unique column, or leave out `@map`",
        )
        self.query = query
        self.key = key


class InvalidCursor(DataLayerError):
    """A cursor was changed, or is another query's; pass `next` of a page unchanged."""


class InvalidLimit(DataLayerError):
    """A number is above its maximum, or a page has no rows; pass one that fits."""


class TransactionInProgress(DataLayerError):
    """A transaction is under way, where only a whole one can be retried."""


class UnknownOrder(DataLayerError):
    """A query has no order of that name; the message lists those it has."""


class QueryFailed(DataLayerError):
    """PostgreSQL refused a query that was run by hand; the message is its own."""


class NoRowError(DataLayerError):
    """A query that always returns a row returned none; its promise is wrong.

    Correct the query, or drop the directive that promised the row.
    """

    def __init__(self, query: str, source: str) -> None:
        """Keep the name and the source of the query."""
        super().__init__(f"query `{query}` ({source}) returned no row, expected one")
        self.query = query
        self.source = source


class TooManyRowsError(DataLayerError):
    """A query for at most one row returned several; narrow its condition.

    Its statement has run: outside a transaction its changes stay.
    """

    def __init__(self, query: str, source: str, count: int) -> None:
        """Keep the name and the source of the query and the number of rows."""
        super().__init__(
            f"query `{query}` ({source}) returned {count} rows, expected at most one",
            help="bind a whole unique key, add `LIMIT 1`, or let it return many",
        )
        self.query = query
        self.source = source
        self.count = count


class JsonMismatchError(DataLayerError):
    """A document in a json column is not what the class of `@type` says.

    Correct the document, or let the class take it as well.
    """

    def __init__(
        self, query: str, source: str, column: str, type_name: str, path: str, why: str
    ) -> None:
        """Keep where the document comes from, and where in it the reason is."""
        where = "" if path == "$" else f" at `{path}`"
        super().__init__(
            f"query `{query}` ({source}): `{column}` is no `{type_name}`: {why}{where}"
        )
        self.query = query
        self.source = source
        self.column = column
        self.type_name = type_name
        self.path = path
        self.reason = why


class UnsupportedJsonType(DataLayerError):
    """The class of `@type` cannot be made of JSON; name one that can."""

    def __init__(self, type_name: str, why: str) -> None:
        """Keep the name of the class."""
        super().__init__(
            f"`{type_name}` cannot be made of JSON: {why}",
            help="use dataclasses, TypedDicts and the types of JSON, or a class of"
            " msgspec or pydantic",
        )
        self.type_name = type_name
