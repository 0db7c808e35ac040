"""How numbers, times and lengths are written on the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

#: Keeps a number and its unit on one line.
_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
_SPACE = "\N{NO-BREAK SPACE}"

#: What is written where there is no value.
NOTHING = "\N{EN DASH}"


def number(value: float) -> str:
    """Return a number with its thousands apart: `12,345`."""
    return f"{value:,.0f}"


def compact(value: float) -> str:
    """Return a number of at most four digits and a letter: `12.3k`."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            unit = 1e3 if letter == "k" else limit
            return f"{value / unit:.1f}".removesuffix(".0") + letter
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def percent(part: float, whole: float) -> str:
    """Return a share: `3.2 %`, and a dash of nothing."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return f"<{_NARROW_SPACE}0.1{_SPACE}%"
    digits = 0 if share in (0, 100) else 1
    return f"{share:.{digits}f}{_SPACE}%"


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units: `4 min 12 s`."""
    seconds = length.total_seconds()
    if seconds < 0:
        return f"\N{MINUS SIGN}{duration(-length)}"
    if seconds < 1:
        return f"{seconds * 1000:.0f}{_SPACE}ms"
    if seconds < 10:
        return f"{seconds:.1f}{_SPACE}s"
    if seconds < 60:
        return f"{seconds:.0f}{_SPACE}s"
    return _two_units(round(seconds))


def age(length: timedelta) -> str:
    """Return how long ago something was, in its largest unit: `4 min ago`."""
    seconds = round(length.total_seconds())
    for limit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= limit:
            return f"{seconds // limit}{_SPACE}{name}{_SPACE}ago"
    return f"{max(seconds, 0)}{_SPACE}s{_SPACE}ago"


def _two_units(seconds: int) -> str:
    units = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    for large, name, small, small_name in units:
        if seconds >= large:
            text = f"{seconds // large}{_SPACE}{name}"
            rest = seconds % large // small
            return f"{text} {rest}{_SPACE}{small_name}" if rest else text
    return f"{seconds}{_SPACE}s"


def size(count: int) -> str:
    """Return a number of bytes: `1.2 kB`."""
    if count < 1000:
        return f"{count}{_SPACE}B"
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f}{_SPACE}{unit}"
    return f"{count}{_SPACE}B"


def moment(time: datetime) -> str:
    """Return a time to the second: `21 Nov 2026, 09:14:03`."""
    return f"{time.day}{_SPACE}{time:%b}{_SPACE}{time:%Y}, {time:%H:%M:%S}"


def minute(time: datetime, *, with_year: bool = False) -> str:
    """Return a time to the minute, with the day of the week: `Sat 21 Nov, 09:14`."""
    date = day(time) if with_year else day(time).removesuffix(f"{_SPACE}{time:%Y}")
    return f"{date}, {time:%H:%M}"


def clock(time: datetime) -> str:
    """Return the time of day to the millisecond: `09:14:03.120`."""
    return f"{time:%H:%M:%S}.{time.microsecond // 1000:03}"


def day(time: datetime) -> str:
    """Return a day: `Sat 21 Nov 2026`."""
    return f"{time:%a}{_SPACE}{time.day}{_SPACE}{time:%b}{_SPACE}{time:%Y}"
