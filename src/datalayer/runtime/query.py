"""What generated code says about a query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, LiteralString, TypeVar

from datalayer.errors import ConstraintViolation
from datalayer.runtime.forms import Form
from datalayer.runtime.nesting import Nest

ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Copying:
    """How COPY stores what a statement would insert, one set of parameters a row."""

    sql: LiteralString
    #: The types of the columns where they go in binary; empty for text.
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query(Generic[ResultT_co]):
    """A statement and what becomes of its rows."""

    #: `artifacts.get_patch_chain`, which is also the comment in `sql`.
    name: str
    #: Where its author wrote it: `queries/artifacts/patch_chain.sql:12`.
    source: str
    #: The statement with `$1` placeholders.
    sql: LiteralString
    #: The class of a row; None where a row is a single value, or nothing at all.
    row: Callable[..., ResultT_co] | None = None
    #: What psycopg does not convert itself: the column and a function for its values.
    convert: tuple[tuple[int, Callable[[Any], Any]], ...] = ()
    #: What the violation of a constraint raises.
    raises: tuple[tuple[str, type[ConstraintViolation]], ...] = ()
    #: The arguments behind `$1`, `$2`, …, where a violation tells them.
    names: tuple[str, ...] = ()
    #: What is read as PostgreSQL wrote it, whatever psycopg makes of it.
    decode: tuple[tuple[int, Form], ...] = ()
    #: What becomes objects in the objects of `row`.
    nest: Nest | None = None
    #: What stands for the statement when many sets of parameters go at once: a COPY,
    #: or an INSERT of which each parameter is an array.
    copying: Copying | None = None
    unnesting: LiteralString | None = None


class NoRow(Enum):
    """The type of `NO_ROW`."""

    NO_ROW = "no row"

    def __bool__(self) -> bool:
        """Return False: there is nothing."""
        return False


#: What a value query returns in place of a row that is not there, when NULL is also
#: possible: compare with `is`.
NO_ROW: Final = NoRow.NO_ROW
