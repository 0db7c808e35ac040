"""Lines of a file in batches, each of which is stored in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.importing.parsing import parse_line
from datalayer.domains.conversations.importing.problems import LineProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.domains.conversations.importing.lines import Line
    from datalayer.domains.conversations.importing.records import (
        Defaults,
        TrafficRecord,
    )

#: However few lines that are: what is in memory at once is some times as much.
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not stored, and why."""

    number: int
    reason: str
    #: What it says; nothing of a line that is too long.
    content: bytes


@dataclass(slots=True)
class Batch:
    """Some lines that follow each other: what they say, and where they end."""

    #: Where the first one begins; where the last one ends, and its number.
    begin: int
    end: int
    line_number: int
    tail: bytes = b""
    records: list[tuple[Line, TrafficRecord]] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    size: int = 0

    @property
    def lines(self) -> int:
        """How many lines there are that say something."""
        return len(self.records) + len(self.bad)


def read_batches(
    lines: Iterable[Line],
    defaults: Defaults,
    *,
    batch_size: int,
    position: int = 0,
    line_number: int = 0,
) -> Iterator[Batch]:
    """Yield lines in batches of a size, or less when they are long.

    A last line that nothing ends, and that says nothing yet, is bad and before the end
    of no batch: it is read again when the file has grown.
    """
    batch = Batch(position, position, line_number)
    for line in lines:
        _take(batch, line, defaults)
        if batch.lines >= batch_size or batch.size >= _MOST_BYTES:
            yield batch
            batch = Batch(batch.end, batch.end, batch.line_number)
    if batch.lines or batch.end > batch.begin:
        yield batch


def _take(batch: Batch, line: Line, defaults: Defaults) -> None:
    batch.size += len(line.content)
    reason = _parse(batch, line, defaults)
    if reason is not None and not line.is_whole:
        reason = f"the file ends in the middle of the line ({reason})"
    if reason is not None:
        batch.bad.append(BadLine(line.number, reason, line.content))
    if reason is None or line.is_whole:
        batch.end, batch.line_number = line.end, line.number
        batch.tail = line.tail


def _parse(batch: Batch, line: Line, defaults: Defaults) -> str | None:
    """Add what a line says to a batch; return what is wrong with it, if anything."""
    if line.is_too_long:
        return "longer than a line may be"
    if not line.content.strip():
        return None
    try:
        batch.records.append((line, parse_line(line.content, defaults)))
    except LineProblem as problem:
        return problem.reason
    return None
