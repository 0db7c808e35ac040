"""Statements of which pieces are left out when their arguments are not given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, LiteralString, TypeAlias, TypeVar

from datalayer.errors import ConstraintViolation, IncompleteArguments, UnknownOrder
from datalayer.runtime.forms import Form
from datalayer.runtime.nesting import Nest
from datalayer.runtime.paging import Paging
from datalayer.runtime.placeholders import with_numbers
from datalayer.runtime.query import Query
from datalayer.runtime.unset import UNSET

ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several texts, by the order that is asked for."""

    options: Mapping[str, LiteralString]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a statement that is there only for some arguments."""

    #: With `%(name)s` for parameters, as psycopg has them.
    sql: LiteralString | Choice
    #: It is there when all of these are given …
    all_of: tuple[str, ...] = ()
    #: … and one of these, if there are any.
    any_of: tuple[str, ...] = ()
    #: What stands in its place.
    otherwise: LiteralString = ""


Piece: TypeAlias = "LiteralString | Choice | Part"


#: The parameters that are given, and an order.
_Key: TypeAlias = tuple[frozenset[str], str]


@dataclass(frozen=True, slots=True)
class VariedQuery(Generic[ResultT_co]):
    """A statement of optional pieces, and what becomes of its rows.

    Each combination becomes a statement of its own, once, which psycopg then prepares
    like any other.
    """

    name: str
    source: str
    sql: tuple[Piece, ...]
    row: Callable[..., ResultT_co] | None = None
    convert: tuple[tuple[int, Callable[[Any], Any]], ...] = ()
    decode: tuple[tuple[int, Form], ...] = ()
    nest: Nest | None = None
    raises: tuple[tuple[str, type[ConstraintViolation]], ...] = ()
    #: Parameters of which one must be given, for each SET that has nothing else.
    needed: tuple[tuple[str, ...], ...] = ()
    #: How its rows are read page by page, if they are.
    paging: Paging | None = None
    _made: dict[_Key, tuple[Query[ResultT_co], tuple[str, ...]]] = field(
        default_factory=dict[_Key, Any], repr=False, compare=False
    )

    def given(
        self, values: Mapping[str, object], *, order: str = ""
    ) -> tuple[Query[ResultT_co], tuple[object, ...]]:
        """Return the statement for the values that are not `UNSET`, and those values.

        Raises `IncompleteArguments` when a piece needs two values of which one is
        missing, or when nothing is left to be assigned, and `UnknownOrder`.
        """
        names = frozenset(name for name, value in values.items() if value is not UNSET)
        made = self._made.get((names, order))
        if made is None:
            made = self._made[names, order] = self._make(names, order)
        query, parameters = made
        return query, tuple(values[name] for name in parameters)

    def _make(
        self, given: frozenset[str], order: str
    ) -> tuple[Query[ResultT_co], tuple[str, ...]]:
        self._check(given)
        numbers: dict[str, int] = {}
        text = "".join(self._written(piece, given, order) for piece in self.sql)
        # Literals, joined: the names in it are those of the generator.
        sql: Any = with_numbers(text, numbers)
        names = tuple(numbers)
        query = Query(
            name=self.name,
            source=self.source,
            sql=sql,
            row=self.row,
            convert=self.convert,
            decode=self.decode,
            nest=self.nest,
            raises=self.raises,
            names=names if self.raises else (),
        )
        return query, names

    def _written(
        self, piece: Piece, given: frozenset[str], order: str
    ) -> LiteralString:
        if isinstance(piece, Part):
            if not _is_in(piece, given):
                return piece.otherwise
            piece = piece.sql
        if not isinstance(piece, Choice):
            return piece
        if order not in piece.options:
            raise UnknownOrder(
                f"`{self.name}` has no order `{order}`",
                help=f"its orders: {_quoted(tuple(piece.options))}",
            )
        return piece.options[order]

    def _check(self, given: frozenset[str]) -> None:
        for names in self.needed:
            if not given & set(names):
                raise IncompleteArguments(
                    f"`{self.name}` ({self.source}) has nothing to change",
                    help=f"give at least one of {_quoted(names)}",
                )
        parts = [piece for piece in self.sql if isinstance(piece, Part)]
        used = {name for part in parts if _is_in(part, given) for name in part.all_of}
        for part in parts:
            present = given & set(part.all_of)
            if present - used and len(part.all_of) > len(present):
                raise IncompleteArguments(
                    f"`{self.name}` ({self.source}) was given {_quoted(present)} alone",
                    help=f"give all of {_quoted(part.all_of)}, or none",
                )


def optional(
    parameter: Callable[..., object], *arguments: object, **options: object
) -> object:
    """Return a parameter made by a function of its last argument, or `UNSET`."""
    return UNSET if arguments[-1] is UNSET else parameter(*arguments, **options)


def _is_in(part: Part, given: frozenset[str]) -> bool:
    return given.issuperset(part.all_of) and (
        not part.any_of or not given.isdisjoint(part.any_of)
    )


def _quoted(names: tuple[str, ...] | frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
