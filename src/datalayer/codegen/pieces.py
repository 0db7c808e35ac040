"""What of a statement is written in one of its variants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from datalayer.codegen.keysets import FIRST_KEY, behind, equal, order_by
from datalayer.model import OptionalPart, PartKind, QuerySource, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalayer.location import Location
    from datalayer.model import Ordering

#: Up to so many combinations of what is optional, all are analysed.
ALL_COMBINATIONS = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the original, or what is written in the place of one.

    A text that is not the author's has `%(name)s` for parameters.
    """

    start: int
    end: int
    text: str | None = None
    #: Or one text for each order that can be asked for.
    by_order: tuple[tuple[str, str], ...] = ()
    #: What decides whether it is there.
    part: OptionalPart | None = None
    #: Where the text stands that a directive put here.
    place: Location | None = None


def pieces_of(source: QuerySource, *, ties: bool = False) -> Iterator[Piece]:
    """Cut a statement where something can be chosen; yield all of it in order."""
    cuts = [
        *(Piece(start, end, text="") for start, end in source.marks),
        *(Piece(part.start, part.end, part=part) for part in source.optional_parts),
        *_ordering_pieces(source, ties=ties),
    ]
    position = 0
    for cut in sorted(cuts, key=lambda piece: piece.start):
        if cut.start > position:
            yield Piece(position, cut.start)
        # What replaces the end of a statement replaces the marks in it as well.
        if cut.start >= position:
            yield cut
        position = max(position, cut.end)
    if position < len(source.sql):
        yield Piece(position, len(source.sql))


def written(source: QuerySource, piece: Piece, variant: Variant | None) -> Piece:
    """Return a piece as one variant has it; without one, as it is written.

    That is with everything that is optional, and without a cursor.
    """
    is_in = piece.part is None or (
        piece.part.kind is not PartKind.KEYSET
        if variant is None
        else piece.part.is_in(variant.given)
    )
    if piece.part and not is_in:
        return Piece(piece.start, piece.end, text=escaped(piece.part.otherwise))
    if piece.by_order and source.ordering:
        order = (variant.order if variant else None) or source.ordering.default or ""
        return replace(
            piece,
            text=dict(piece.by_order)[order],
            place=_place(source.ordering, order),
        )
    return piece


def _place(ordering: Ordering, name: str) -> Location | None:
    """Return where the list of an order stands that is written as it is."""
    if ordering.page is not None:
        return None
    return next((each.location for each in ordering.orders if each.name == name), None)


def escaped(text: str) -> str:
    """Return a text of the author's in the form that has `%(name)s`."""
    return text.replace("%", "%%")


def _ordering_pieces(source: QuerySource, *, ties: bool) -> Iterator[Piece]:
    ordering = source.ordering
    if ordering is None:
        return
    if ordering.page is None:
        orders = tuple((each.name, escaped(each.sql)) for each in ordering.orders)
        yield Piece(ordering.start, ordering.end, by_order=orders)
        return
    # The statement becomes a subquery, which PostgreSQL pulls up where it can: the
    # names of its columns then mean the same in WHERE as in ORDER BY.
    begin, end = ordering.clause, len(source.sql)
    yield Piece(ordering.main, ordering.main, text="SELECT * FROM (\n")
    yield Piece(begin, begin, text="\n) AS page")
    yield Piece(
        begin, begin, by_order=_keyset(ordering, ties=ties), part=_part(ordering)
    )
    orders = tuple(
        (name, f"\nORDER BY {order_by(keys)}") for name, keys in ordering.keys
    )
    yield Piece(begin, begin, by_order=orders)
    yield Piece(begin, end, text=f"\nLIMIT %({ordering.limit})s")


def _keyset(ordering: Ordering, *, ties: bool) -> tuple[tuple[str, str], ...]:
    condition = equal if ties else behind
    return tuple((name, f"\nWHERE {condition(keys)}") for name, keys in ordering.keys)


def _part(ordering: Ordering) -> OptionalPart:
    assert ordering.page is not None  # the caller asked
    return OptionalPart(
        PartKind.KEYSET,
        ordering.page.location,
        ordering.start,
        ordering.start,
        all_of=(FIRST_KEY,),
    )


def optional_groups(source: QuerySource) -> list[tuple[str, ...]]:
    """Return the optional parameters, those together that one part needs together.

    What can be given is any of them united: one may be part of another.
    """
    groups = {
        frozenset(part.all_of): part.all_of
        for part in source.optional_parts
        if part.kind in {PartKind.CONDITION, PartKind.ASSIGNMENT}
    }
    alone = [name for name in source.optional_parameters if not _in_any(name, groups)]
    return [*groups.values(), *((name,) for name in alone)]


def _in_any(name: str, groups: Iterable[frozenset[str]]) -> bool:
    return any(name in group for group in groups)


def variants_of(source: QuerySource) -> list[Variant]:
    """Return the variants to analyse, the whole statement first.

    All combinations of what is optional up to `ALL_COMBINATIONS`; beyond that none of
    the parameters, each, every pair, and all. Each order with all of them and none.
    """
    groups = optional_groups(source)
    if source.ordering and source.ordering.page:
        groups.append((FIRST_KEY,))
    given = [frozenset(n for group in each for n in group) for each in _choices(groups)]
    variants = [Variant(names) for names in dict.fromkeys(given)]
    orders = source.ordering.orders if source.ordering else ()
    variants += [
        replace(each, order=order.name)
        for each in dict.fromkeys((variants[0], variants[-1]))
        for order in orders
    ]
    return [each for each in variants if _says_something(source, each)]


def _choices(
    groups: Sequence[tuple[str, ...]],
) -> list[tuple[tuple[str, ...], ...]]:
    few = 2 ** len(groups) <= ALL_COMBINATIONS
    sizes = range(len(groups) + 1) if few else (0, 1, 2, len(groups))
    found = [choice for size in sizes for choice in combinations(groups, size)]
    return sorted(found, key=len, reverse=True)


def _says_something(source: QuerySource, variant: Variant) -> bool:
    """Tell whether no SET is empty."""
    return all(any(name in variant.given for name in names) for names in source.needed)
