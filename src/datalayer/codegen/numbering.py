"""A statement with `$1`, `$2`, … for its placeholders, as PostgreSQL takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.model import QuerySource


@dataclass(frozen=True, slots=True)
class NumberedStatement:
    """A statement with `$1`, `$2`, … and the names behind the numbers."""

    sql: str
    #: The name of `$1` first.
    order: tuple[str, ...]
    #: Of each placeholder: its extent in `sql` and in the original.
    _places: tuple[tuple[range, range], ...] = field(default=(), repr=False)

    def original_offset(self, offset: int) -> int:
        """Return the offset in the original of a character of `sql`.

        Any character of `$1` stands for the colon of its placeholder.
        """
        shift = 0
        for here, there in self._places:
            if offset < here.start:
                break
            if offset < here.stop:
                return there.start
            shift = there.stop - here.stop
        return offset + shift


def numbered(source: QuerySource) -> NumberedStatement:
    """Write `$1`, `$2`, … for the placeholders, by their first appearance."""
    order: dict[str, int] = {}
    places: list[tuple[range, range]] = []
    parts: list[str] = []
    length = position = 0
    for placeholder in source.placeholders:
        number = f"${order.setdefault(placeholder.name, len(order) + 1)}"
        parts += (source.sql[position : placeholder.start], number)
        start = length + placeholder.start - position
        length = start + len(number)
        position = placeholder.end
        places.append((range(start, length), range(placeholder.start, placeholder.end)))
    parts.append(source.sql[position:])
    return NumberedStatement("".join(parts), tuple(order), tuple(places))
