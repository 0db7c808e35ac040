"""Files to import from: opened, told apart from others, and read on where it ended.

A file is known by its name and its first line, so that it may grow. What stood before
the place where an import ended is compared, too: a log that was begun anew is read from
its beginning.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from datalayer.domains.conversations.errors import ImportFileUnreadable
from datalayer.domains.conversations.importing.lines import LONGEST_LINE, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalayer.domains.conversations.importing.lines import Line

_LONGEST_HEAD = 64 * 1024
_GZIP = b"\x1f\x8b"
_BUFFER = 1024 * 1024
#: The name of standard input.
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class TrafficFile:
    """An open file; what was compressed is read as if it had not been."""

    #: As it was given.
    path: str
    #: By what it is known, compressed or not.
    name: str
    stream: BinaryIO
    #: What is on the disk; None when it can be read only once.
    raw: BinaryIO | None
    #: How many bytes are on the disk.
    size: int | None = None
    #: None when the file has no line yet, or can be read only once.
    fingerprint: str | None = None

    def bytes_read(self) -> int | None:
        """Return how many bytes of the disk were read, if that can be known."""
        return None if self.raw is None else self.raw.tell()


@contextmanager
def open_file(path: Path) -> Iterator[TrafficFile]:
    """Open a file to import from; `-` is standard input.

    Raises `ImportFileUnreadable`.
    """
    given = str(path)
    if given == STANDARD_INPUT:
        yield TrafficFile(given, "standard input", sys.stdin.buffer, None)
        return
    with _explained(given):
        raw = path.open("rb", buffering=_BUFFER)
    with raw:
        with _explained(given):
            file = _examine(path, raw)
        yield file


def lines_of(
    file: TrafficFile,
    *,
    position: int = 0,
    line_number: int = 0,
    longest: int = LONGEST_LINE,
) -> Iterator[Line]:
    """Yield the lines of a file from a position on, behind so many lines.

    Raises `ImportFileUnreadable` where no more can be read.
    """
    with _explained(file.path):
        if position:
            file.stream.seek(position)
        yield from read_lines(
            file.stream, position=position, line_number=line_number, longest=longest
        )


def is_same_before(
    file: TrafficFile, position: int, *, tail_size: int, tail_hash: str
) -> bool:
    """Tell whether what stands before a position is what was there before."""
    with _explained(file.path):
        file.stream.seek(position - tail_size)
        return hash_tail(file.stream.read(tail_size)) == tail_hash


def hash_tail(tail: bytes) -> str:
    """Return the hash of the last bytes that were imported."""
    return hashlib.sha256(tail).hexdigest()


def _examine(path: Path, raw: BinaryIO) -> TrafficFile:
    if not raw.seekable():
        return TrafficFile(str(path), path.name, raw, None)
    stream = raw
    if raw.read(len(_GZIP)) == _GZIP:
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    size = raw.seek(0, 2)
    raw.seek(0)
    head = stream.readline(_LONGEST_HEAD).rstrip(b"\r\n")
    stream.seek(0)
    return TrafficFile(
        path=str(path),
        name=path.name.removesuffix(".gz"),
        stream=stream,
        raw=raw,
        size=size,
        fingerprint=hashlib.sha256(head).hexdigest() if head else None,
    )


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImportFileUnreadable(path, reason) from error
