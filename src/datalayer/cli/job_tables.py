"""Jobs as text: tables where there is room, a few lines each where there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from datalayer.queries.operations.queue import Job

_PLATFORM_WIDTH = 12
#: A last column that is narrower says nothing.
_LEAST = 16
_GAP = "  "
# Joins the parts of one emoji, and does nothing else.
_JOINER = "\u200d"
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Row(NamedTuple):
    """A job's cells; the last of them, `text`, takes the room that is left."""

    id: str
    status: str
    platform: str
    when: str
    failures: str
    text: str


_HEADINGS = {
    "id": "id",
    "status": "status",
    "platform": "platform",
    "when": "when (UTC)",
    "failures": "failed",
}
_TO_THE_RIGHT = {"id", "failures"}


def job_row(job: Job) -> Row:
    """Return a job with its content."""
    return Row(
        str(job.id),
        job.status,
        printable(job.platform),
        _show_time(_time_of(job)),
        str(job.retries),
        printable(job.content),
    )


def dead_row(job: Job) -> Row:
    """Return a dead letter with its reason."""
    return job_row(job)._replace(text=printable(job.dead_letter_reason or "none"))


def render_jobs(
    rows: Sequence[Row], *, text: str, width: int | None, status: bool = True
) -> list[str]:
    """Return the lines of a table that fits a width; None leaves all whole.

    Where it does not fit, each job is some lines. `text` heads the last column.
    """
    if width is None:
        return _table(rows, text, status, None)
    cut = [row._replace(platform=fit(row.platform, _PLATFORM_WIDTH)) for row in rows]
    lines = _table(cut, text, status, width)
    return lines or [line for row in rows for line in _record(row, width)]


def fit(text: str, width: int) -> str:
    """Return a text that takes at most so many columns, with an ellipsis if cut."""
    shown = Text(text)
    shown.truncate(max(1, width), overflow="ellipsis")
    return shown.plain


def printable(text: str) -> str:
    """Return a text on one line that no terminal takes for a command."""
    return "".join(
        c if c.isprintable() or c == _JOINER else ascii(c)[1:-1] for c in text
    )


def show_duration(duration: timedelta) -> str:
    """Return a duration in its two largest units: `3 min 20 s`."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 1:
        return "less than 1 s"
    parts: list[str] = []
    for unit, length in _UNITS:
        number, seconds = divmod(seconds, length)
        if number or parts:
            parts.append(f"{number} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 "))


def _time_of(job: Job) -> datetime:
    """Return when it was posted or died, its lease ends, or it is due."""
    ended_at = job.posted_at or job.dead_letter_at
    return ended_at or job.locked_until or job.next_retry_at or job.scheduled_at


def _show_time(time: datetime) -> str:
    return time.isoformat(" ", "minutes")[:16]


def _table(
    rows: Sequence[Row], text: str, status: bool, width: int | None
) -> list[str]:
    """Return the lines of a table; nothing where the last column has no room."""
    names = [name for name in _HEADINGS if status or name != "status"]
    heads = Row(**_HEADINGS, text=text)
    widths = {
        name: max(cell_len(getattr(row, name)) for row in (heads, *rows))
        for name in names
    }
    taken = sum(widths.values()) + len(_GAP) * len(names)
    if width is not None and width - taken < _LEAST:
        return []
    return [
        _line(row, widths, None if width is None else width - taken)
        for row in (heads, *rows)
    ]


def _line(row: Row, widths: dict[str, int], room: int | None) -> str:
    cells = [_pad(name, getattr(row, name), widths[name]) for name in widths]
    text = row.text if room is None else fit(row.text, room)
    return _GAP.join([*cells, text]).rstrip()


def _pad(name: str, cell: str, width: int) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if name in _TO_THE_RIGHT else cell + space


def _record(row: Row, width: int) -> list[str]:
    failures = f"{row.failures} failure{'' if row.failures == '1' else 's'}"
    return [
        fit(f"{row.id}  {row.status}  {row.platform}", width),
        fit(f"    {row.when} UTC, {failures}", width),
        fit(f"    {row.text}", width).rstrip(),
    ]
