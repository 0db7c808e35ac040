"""Lines of a file, one after another, in memory that does not grow with the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A request has 32 megabytes at most, and its line the response beside it.
LONGEST_LINE = 64 * 1024 * 1024
#: How much of the end of a line is kept to know it again.
TAIL_SIZE = 4096
_SKIPPED_AT_ONCE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its place."""

    number: int
    #: Where the next one begins.
    end: int
    #: Without what ends it; nothing of a line that is too long.
    content: bytes
    #: The last bytes before `end`.
    tail: bytes
    #: Whether something ends it: whoever writes the file may be in the middle of it.
    is_whole: bool
    is_too_long: bool = False


def read_lines(
    stream: BinaryIO,
    *,
    position: int = 0,
    line_number: int = 0,
    longest: int = LONGEST_LINE,
) -> Iterator[Line]:
    """Yield the lines of a stream that stands at a position, behind so many lines."""
    while content := stream.readline(longest + 1):
        position += len(content)
        line_number += 1
        is_whole = content.endswith(b"\n")
        is_too_long = len(content) > longest and not is_whole
        tail = content[-TAIL_SIZE:]
        if is_too_long:
            content = b""
            skipped, tail = _skip_line(stream, tail)
            position += skipped
            is_whole = tail.endswith(b"\n")
        yield Line(
            number=line_number,
            end=position,
            content=content.rstrip(b"\r\n"),
            tail=tail,
            is_whole=is_whole,
            is_too_long=is_too_long,
        )


def _skip_line(stream: BinaryIO, tail: bytes) -> tuple[int, bytes]:
    """Read to the end of a line; return how many bytes, and the last of them."""
    skipped = 0
    while not tail.endswith(b"\n") and (rest := stream.readline(_SKIPPED_AT_ONCE)):
        skipped += len(rest)
        tail = (tail + rest)[-TAIL_SIZE:]
    return skipped, tail
