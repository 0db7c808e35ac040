"""A statement with `$1`, `$2`, … for its placeholders, as PostgreSQL takes it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from datalayer.codegen.pieces import Piece, pieces_of, written
from datalayer.runtime.placeholders import with_numbers

if TYPE_CHECKING:
    from datalayer.location import Location
    from datalayer.model import QuerySource, Variant


@dataclass(frozen=True, slots=True)
class NumberedStatement:
    """A statement with `$1`, `$2`, … and the names behind the numbers."""

    sql: str
    #: The name of `$1` first.
    order: tuple[str, ...]
    #: Of each placeholder, and of what is left out: its extent in `sql` and in the
    #: original.
    _places: tuple[tuple[range, range], ...] = field(default=(), repr=False)
    #: Of each text that a directive put in: its extent in `sql`, and where it stands.
    _directives: tuple[tuple[range, Location], ...] = field(default=(), repr=False)

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

    def directive_place(self, offset: int) -> Location | None:
        """Return the place of a character of `sql` that a directive put in."""
        for here, place in self._directives:
            if offset in here:
                return replace(place, column=place.column + offset - here.start)
        return None


def numbered(source: QuerySource, variant: Variant | None = None) -> NumberedStatement:
    """Write `$1`, `$2`, … for the placeholders, by their first appearance.

    Without a variant the whole statement is written, with all that is optional, as the
    one for the first page.
    """
    writer = _Writer(source)
    for piece in pieces_of(source, ties=variant is not None and variant.ties):
        writer.write(written(source, piece, variant))
    return NumberedStatement(
        "".join(writer.parts),
        tuple(writer.order),
        tuple(writer.places),
        tuple(writer.directives),
    )


@dataclass(slots=True)
class _Writer:
    """A statement in the making."""

    source: QuerySource
    parts: list[str] = field(default_factory=list)
    order: dict[str, int] = field(default_factory=dict)
    places: list[tuple[range, range]] = field(default_factory=list)
    directives: list[tuple[range, Location]] = field(default_factory=list)
    length: int = 0

    def write(self, piece: Piece) -> None:
        """Add a piece of the original, or what stands in its place."""
        if piece.text is None:
            self._copy(piece.start, piece.end)
            return
        start = self.length
        text = with_numbers(piece.text, self.order)
        self._place(text, range(piece.start, piece.end))
        if piece.place is not None:
            self.directives.append((range(start, self.length), piece.place))

    def _copy(self, start: int, end: int) -> None:
        for placeholder in self.source.placeholders:
            if start <= placeholder.start < end:
                self._add(self.source.sql[start : placeholder.start])
                number = self.order.setdefault(placeholder.name, len(self.order) + 1)
                extent = range(placeholder.start, placeholder.end)
                self._place(f"${number}", extent)
                start = placeholder.end
        self._add(self.source.sql[start:end])

    def _place(self, text: str, there: range) -> None:
        here = range(self.length, self.length + len(text))
        self.places.append((here, there))
        self._add(text)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)
