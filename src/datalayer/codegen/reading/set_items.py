"""The items of a SET of which some can be left out, and the commas between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.reading.clauses import clause_start, closing, ends_set
from datalayer.model import OptionalPart, PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.lexer import Token


@dataclass(frozen=True, slots=True)
class SetItem:
    """One item of a SET, with the comma before it."""

    part: OptionalPart | None
    comma: Token | None


def set_clauses(parts: Sequence[OptionalPart], tokens: Sequence[Token]) -> list[int]:
    """Return where, among the significant tokens, a SET with a part begins."""
    significant = [token for token in tokens if token.significant]
    found = {
        clause_start([token for token in significant if token.end <= part.end])
        for part in parts
        if part.kind is PartKind.ASSIGNMENT
    }
    return sorted(index for index in found if index is not None)


def set_items(
    tokens: Sequence[Token], clause: int, parts: Sequence[OptionalPart]
) -> list[SetItem]:
    """Return the items of the SET that begins at a significant token."""
    rest = [token for token in tokens if token.significant][clause:]
    items = [SetItem(_part_at(rest[1], parts), None)]
    depth = 0
    for index in range(1, len(rest) - 1):
        depth -= closing(rest[index])
        if depth < 0 or rest[index].text == ";":
            break
        if depth == 0 and ends_set(rest, index):
            break
        if depth == 0 and rest[index].text == ",":
            items.append(SetItem(_part_at(rest[index + 1], parts), rest[index]))
    return items


def _part_at(token: Token, parts: Sequence[OptionalPart]) -> OptionalPart | None:
    return next((p for p in parts if p.start <= token.start < p.end), None)


def separators(items: Sequence[SetItem]) -> Iterator[OptionalPart]:
    """Yield the commas that are there only between what is there."""
    first = next((i for i, item in enumerate(items) if not item.part), len(items))
    for index, item in enumerate(items):
        own = item.part.all_of if item.part else ()
        # A comma behind something that is always there needs nothing else.
        others = [each.part for each in items[:index] if each.part]
        any_of = () if index > first else tuple(n for p in others for n in p.all_of)
        if item.comma is not None and (own or any_of):
            location = next(p.location for p in (item.part, *others) if p)
            start, end = item.comma.start, item.comma.end
            yield OptionalPart(
                PartKind.SEPARATOR, location, start, end, all_of=own, any_of=any_of
            )


def needed_names(items: Sequence[SetItem]) -> tuple[str, ...]:
    """Return the parameters of which one is needed where all items are optional."""
    return tuple(name for item in items if item.part for name in item.part.all_of)
