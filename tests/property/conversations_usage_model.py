"""What accounts and trains used, in plain Python and without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Request:
    """A request, with the columns that its usage is made of."""

    timestamp: datetime
    train_id: str
    account_id: str | None
    model: str | None
    #: Input, output, written to the cache, and read from it.
    tokens: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scope:
    """Whose usage is asked for."""

    account_id: str | None
    train_id: str | None
    model: str | None

    def holds(self, request: Request) -> bool:
        return (
            self.account_id in (None, request.account_id)
            and self.train_id in (None, request.train_id)
            and self.model in (None, request.model)
        )


@dataclass(frozen=True)
class Used:
    """The sums over some requests."""

    request_count: int
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int


def used(requests: Iterable[Request], since: datetime, until: datetime) -> Used:
    """The usage from `since` on, and before `until`."""
    found = [each.tokens for each in requests if since <= each.timestamp < until]
    given, made, written, read = (sum(each[i] for each in found) for i in range(4))
    return Used(len(found), given, made, given + made, written, read)


def window(requests: Iterable[Request], duration: timedelta, until: datetime) -> Used:
    return used(requests, until - duration, until)


def daily(
    requests: Sequence[Request], days: int, until: datetime
) -> list[tuple[date, Used]]:
    last = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [last - DAY * ago for ago in reversed(range(days))]
    return [(each.date(), used(requests, each, each + DAY)) for each in begins]


def buckets(
    requests: Sequence[Request], since: datetime, until: datetime, width: timedelta
) -> list[tuple[datetime, datetime, Used]]:
    found = []
    begin = since
    while begin < until:
        end = min(begin + width, until)
        found.append((begin, end, used(requests, begin, end)))
        begin += width
    return found


def sliding(
    requests: Sequence[Request],
    since: datetime,
    until: datetime,
    step: timedelta,
    duration: timedelta,
) -> list[tuple[datetime, Used]]:
    found = []
    sampled = since
    while sampled <= until:
        found.append((sampled, window(requests, duration, sampled)))
        sampled += step
    return found
