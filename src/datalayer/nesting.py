"""The values that say which columns of a result are nested in objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.location import Location


class NestKind(StrEnum):
    """What columns become: one object, or a list of objects."""

    EMBED = "embed"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class NestDirective:
    """`-- @embed author` or `-- @group orders.lines Line = order_line_*`."""

    kind: NestKind
    #: The attributes that lead to it: `("orders", "lines")`.
    path: tuple[str, ...]
    location: Location
    class_name: str | None = None
    #: A relation by its alias, or what the names of the columns begin with.
    relation: str | None = None
    prefix: str | None = None

    @property
    def name(self) -> str:
        """Return the path as it is written."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Nest:
    """What the query tree says about the columns of one directive."""

    directive: NestDirective
    #: Its columns, without those of what is nested further: numbers from 0.
    members: tuple[int, ...] = ()
    #: Whether there are rows in which its join found no match, and the columns that
    #: are NULL in these rows alone.
    is_optional: bool = False
    witnesses: tuple[int, ...] = ()
    #: The columns that would be such a one, by their names in SQL.
    candidates: tuple[str, ...] = ()
    #: Of a list: the columns that tell its objects apart, None if nothing does.
    key: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Nesting:
    """All that is nested in the rows of a query, outer things before inner ones."""

    nests: tuple[Nest, ...]
    #: The columns of the row class itself, and those that tell its objects apart.
    members: tuple[int, ...] = ()
    key: tuple[int, ...] | None = None
    #: Columns of a parent that are not the same in all of its rows, by their names.
    unsteady: tuple[str, ...] = ()
    #: Whether at most one object comes of all rows.
    at_most_one: bool = False

    @property
    def groups(self) -> tuple[Nest, ...]:
        """Return the lists."""
        return tuple(n for n in self.nests if n.directive.kind is NestKind.GROUP)

    @property
    def branches(self) -> bool:
        """Tell whether there are lists that are not in each other."""
        paths = [nest.directive.path for nest in self.groups]
        return any(
            one != other[: len(one)] and other != one[: len(other)]
            for one in paths
            for other in paths
        )
