"""How far an import is: a moving line on a terminal, a few lines elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.cli.output import count, messages, show_moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from datalayer.domains.conversations.importing import ImportProgress

#: Where nothing can be overwritten.
_SECONDS_BETWEEN_LINES = 10.0
_MEGABYTE = 1e6


@dataclass(slots=True)
class _Pace:
    """When a file was begun, and what was done by then: the first batch."""

    path: str = ""
    begun_at: float = 0.0
    begun_with: int = 0
    begun_lines: int = 0
    told_at: float = field(default_factory=time.monotonic)


@contextmanager
def show_progress(*, silent: bool) -> Iterator[Callable[[ImportProgress], None]]:
    """Yield what shows how far an import is, on standard error."""
    if silent:
        yield lambda _: None
    elif messages.is_terminal:
        with messages.status("reading") as line:
            yield _teller(line)
    else:
        yield _teller(None)


def _teller(line: Status | None) -> Callable[[ImportProgress], None]:
    pace = _Pace()

    def tell(progress: ImportProgress) -> None:
        now = time.monotonic()
        if progress.path != pace.path:
            # Of the first batch nobody knows how long it took.
            pace.path, pace.begun_at = progress.path, now
            pace.begun_with = progress.bytes_read or 0
            pace.begun_lines = progress.lines
        elif line or now - pace.told_at >= _SECONDS_BETWEEN_LINES:
            pace.told_at = now
            text = describe(
                progress,
                begun_with=pace.begun_with,
                begun_lines=pace.begun_lines,
                seconds=now - pace.begun_at,
            )
            show_moment(text, line)

    return tell


def describe(
    progress: ImportProgress, *, begun_with: int, begun_lines: int, seconds: float
) -> str:
    """Return how far an import is, how fast it goes, and how long it will take.

    The file comes last: where a terminal is narrow, that is what is cut.
    """
    parts = [count(progress.lines, "line")]
    if progress.bytes_read is not None:
        parts.insert(0, _bytes(progress.bytes_read, progress.size))
    if progress.bad:
        parts.append(f"{progress.bad:,} bad")
    if seconds > 0:
        parts.append(f"{(progress.lines - begun_lines) / seconds:,.0f} lines/s")
        parts += _left(progress, begun_with, seconds)
    return f"{', '.join(parts)}: {progress.path}"


def summary(progress: ImportProgress, *, dry_run: bool) -> str:
    """Return what came of a file."""
    stored = count(progress.stored, "request")
    parts = [f"{stored} could be stored" if dry_run else f"{stored} stored"]
    if progress.known:
        parts.append(f"{progress.known} stored before")
    if progress.bad:
        parts.append(count(progress.bad, "bad line"))
    if progress.resumed_at:
        parts.append(f"after line {progress.resumed_at}")
    return f"{progress.path}: {', '.join(parts)}"


def _bytes(done: int, size: int | None) -> str:
    if not size:
        return f"{done / _MEGABYTE:,.1f} MB"
    share = min(1.0, done / size)
    return f"{done / _MEGABYTE:,.1f} of {size / _MEGABYTE:,.1f} MB ({share:.0%})"


def _left(progress: ImportProgress, begun_with: int, seconds: float) -> list[str]:
    done = (progress.bytes_read or 0) - begun_with
    if not progress.size or done <= 0:
        return []
    left = (progress.size - (progress.bytes_read or 0)) / done * seconds
    return [f"{_duration(max(0.0, left))} left"]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
