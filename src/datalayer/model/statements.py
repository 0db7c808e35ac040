"""What of a statement can be chosen when it is run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from datalayer.location import Location
    from datalayer.model.directives import OrderDirective, PageDirective


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `:name` in a statement; the offsets are characters of `QuerySource.sql`."""

    name: str
    start: int
    end: int


class PartKind(StrEnum):
    """What a piece of a statement is that can be left out."""

    ASSIGNMENT = "assignment"
    CONDITION = "condition"
    JOIN = "join"
    #: The condition of the rows behind a page.
    KEYSET = "keyset"
    #: The comma between two assignments.
    SEPARATOR = "separator"


@dataclass(frozen=True, slots=True)
class OptionalPart:
    """A piece that is left out when its arguments are not given.

    The offsets are those of `QuerySource.sql`.
    """

    kind: PartKind
    location: Location
    #: With the AND and the white space before it.
    start: int
    end: int
    #: It is there when all of these are given …
    all_of: tuple[str, ...] = ()
    #: … and one of these, if there are any.
    any_of: tuple[str, ...] = ()
    #: What stands in its place: `TRUE` for the first condition of a clause.
    otherwise: str = ""

    def is_in(self, given: Collection[str]) -> bool:
        """Tell whether it is there for some parameters."""
        return all(name in given for name in self.all_of) and (
            not self.any_of or any(name in given for name in self.any_of)
        )


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column of the result that pages are ordered by."""

    name: str
    descending: bool
    #: `FIRST` or `LAST`; empty where neither is written.
    nulls: str
    #: Where the order names it, and in how many characters.
    location: Location
    length: int


@dataclass(frozen=True, slots=True)
class Ordering:
    """The ORDER BY of a statement that is asked for by name, or read page by page.

    The offsets are those of `QuerySource.sql`.
    """

    #: The extent of the list behind ORDER BY.
    start: int
    end: int
    #: The end of what stands before ORDER BY.
    clause: int = 0
    orders: tuple[OrderDirective, ...] = ()
    #: The order that the statement is written with, by its name.
    default: str | None = None
    page: PageDirective | None = None
    #: The keys of each order by its name, which is empty when there is only one.
    keys: tuple[tuple[str, tuple[SortKey, ...]], ...] = ()
    #: Where the outermost SELECT begins, below its WITH.
    main: int = 0
    #: The parameter of LIMIT.
    limit: str = ""

    def keys_of(self, order: str | None) -> tuple[SortKey, ...]:
        """Return the keys of one order."""
        return dict(self.keys)[order or ""]


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of what can be chosen about a statement when it is run."""

    #: The optional parameters that are given; `cursor` for a page behind the first.
    given: frozenset[str] = frozenset()
    #: The name of an order; None for the one that is written.
    order: str | None = None
    #: Whether rows equal to the keys of a cursor are asked for, not those behind it.
    ties: bool = False
