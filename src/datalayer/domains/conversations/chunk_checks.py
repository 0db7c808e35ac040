"""What is wrong with chunks, told before any of them is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.conversations.errors import InvalidChunks
from datalayer.domains.conversations.received import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.domains.conversations.received import ReceivedChunk


def check_chunks(chunks: Sequence[ReceivedChunk]) -> None:
    """Raise `InvalidChunks` with the positions of all that cannot be stored."""
    problems = [
        (position, "; ".join(reasons))
        for position, chunk in enumerate(chunks)
        if (reasons := list(_problems(chunk)))
    ]
    if problems:
        raise InvalidChunks(problems)


def without_repetitions(chunks: Sequence[ReceivedChunk]) -> list[ReceivedChunk]:
    """Return the first chunk of each index, in the order given."""
    first: dict[int, ReceivedChunk] = {}
    for chunk in chunks:
        first.setdefault(chunk.chunk_index, chunk)
    return list(first.values())


def _problems(chunk: ReceivedChunk) -> Iterator[str]:
    if not _is_count(chunk.chunk_index):
        yield f"the index is {chunk.chunk_index!r:.80}, not a whole number from 0 on"
    if not _is_count(chunk.token_count):
        yield f"the tokens are {chunk.token_count!r:.80}, not a whole number from 0 on"
    if chunk.timestamp is not None and chunk.timestamp.utcoffset() is None:
        yield f"the time has no zone: {chunk.timestamp.isoformat()}"
    yield from _problems_of_text(chunk.data)


def _problems_of_text(data: object) -> Iterator[str]:
    if not isinstance(data, str):
        yield f"the data is a {type(data).__name__}, not text"
    elif "\0" in data:
        yield f"the data holds NUL, at character {data.index(chr(0))}"
    elif not data.isascii():
        try:
            data.encode()
        except UnicodeEncodeError as error:
            yield f"the data holds a lone surrogate, at character {error.start}"


def _is_count(count: object) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and 0 <= count <= MOST
