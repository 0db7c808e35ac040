"""Ranges of time, and the whole hours that they touch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datalayer.domains.automation.errors import NaiveTime, RangeReversed

#: How many hours a range has when only its end is known.
DEFAULT_HOURS = 24

#: The hours of a year: a range by hours is no longer.
MAX_HOURS = 8760

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range in UTC; what is counted are the whole hours that begin in it.

    The hour that `since` lies in counts as a whole too.
    """

    since: datetime
    until: datetime

    @property
    def first_hour(self) -> datetime:
        """The beginning of the first hour that is counted."""
        return _hour_of(self.since)

    @property
    def first_hour_is_partial(self) -> bool:
        """Whether the first hour begins before the range does."""
        return self.first_hour < self.since

    @property
    def last_hour_is_partial(self) -> bool:
        """Whether the last hour ends after the range does."""
        return _hour_of(self.until) < self.until

    @property
    def hours(self) -> int:
        """How many hours are counted."""
        return max(0, -((self.first_hour - self.until) // _HOUR))


def resolve_range(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    hours: int | None = None,
    now: datetime | None = None,
) -> TimeRange:
    """Return the range between two moments, of which each may be left out.

    Without `until` it ends now. Without `since` it has `hours`, at least 1 and at most
    8760, and 24 unless you say otherwise. Raises `RangeReversed` and `NaiveTime`.
    """
    end = (
        require_aware("until", until) if until else require_aware("now", now or _now())
    )
    if since is not None:
        begin = require_aware("since", since)
    else:
        wanted = DEFAULT_HOURS if hours is None else hours
        begin = end - min(max(wanted, 1), MAX_HOURS) * _HOUR
    if begin > end:
        raise RangeReversed(begin, end)
    return TimeRange(begin, end)


def require_aware(name: str, moment: datetime) -> datetime:
    """Return a moment in UTC; raise `NaiveTime` when it has no zone."""
    if moment.utcoffset() is None:
        raise NaiveTime(name, moment)
    return moment.astimezone(UTC)


def _now() -> datetime:
    return datetime.now(UTC)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
