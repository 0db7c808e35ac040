"""What of a statement is written in one of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from datalayer.model import PartKind, QuerySource, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.model import OptionalPart

#: Up to so many combinations of what is optional, all are analysed.
ALL_COMBINATIONS = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the original, or what is written in the place of one."""

    start: int
    end: int
    text: str | None = None
    #: What decides whether it is there.
    part: OptionalPart | None = None


def pieces_of(source: QuerySource) -> Iterator[Piece]:
    """Cut a statement where something can be left out; yield all of it in order."""
    cuts = [
        *(Piece(start, end, text="") for start, end in source.marks),
        *(Piece(part.start, part.end, part=part) for part in source.optional_parts),
    ]
    position = 0
    for cut in sorted(cuts, key=lambda piece: piece.start):
        if cut.start > position:
            yield Piece(position, cut.start)
        yield cut
        position = cut.end
    if position < len(source.sql):
        yield Piece(position, len(source.sql))


def written(piece: Piece, variant: Variant | None) -> Piece:
    """Return a piece as one variant has it; without one, everything is there."""
    if piece.part is None or variant is None or piece.part.is_in(variant.given):
        return piece
    return Piece(piece.start, piece.end, text=piece.part.otherwise)


def optional_groups(source: QuerySource) -> list[tuple[str, ...]]:
    """Return the optional parameters, those together that one part needs together."""
    groups: list[tuple[str, ...]] = [(name,) for name in source.optional_parameters]
    for part in source.optional_parts:
        if part.kind in {PartKind.CONDITION, PartKind.ASSIGNMENT}:
            joined = [group for group in groups if set(group) & set(part.all_of)]
            groups = [group for group in groups if group not in joined]
            groups.append(tuple(name for group in joined for name in group))
    return groups


def variants_of(source: QuerySource) -> list[Variant]:
    """Return the variants to analyse, the whole statement first.

    All of them up to `ALL_COMBINATIONS`; beyond that none of the parameters, each, and
    every pair.
    """
    groups = optional_groups(source)
    chosen = _choices(groups)
    variants = [
        Variant(frozenset(name for group in choice for name in group))
        for choice in chosen
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
