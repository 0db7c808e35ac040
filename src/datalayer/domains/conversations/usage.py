# Derived by scripts/async_to_sync.py from usage.py; do not edit.
"""How many tokens accounts and trains used, and when.

What is asked for is of an account, of a train, or of both, and maybe of one model. A
span of time begins at its first moment and ends before its last one. Days and hours are
those of UTC, whatever the zone of the session is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import (
    check_counts,
    check_durations,
    check_times,
    unset_if_none,
)
from datalayer.domains.conversations.usage_arguments import (
    MOST_DAYS,
    check_points,
    check_scope,
)
from datalayer.queries.conversations import usage

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.conversations.usage import (
        DailyUsage,
        SlidingUsage,
        Usage,
        UsageBucket,
    )

#: How long the providers count what an account uses.
_WINDOW = timedelta(hours=5)


def get_usage(
    connection: Connection[Any],
    *,
    account_id: str | None = None,
    train_id: str | None = None,
    model: str | None = None,
    duration: timedelta = _WINDOW,
    until: datetime | None = None,
) -> Usage:
    """Return what was used in the time of that duration before `until`, or now.

    All sums are 0 when there was no request.
    """
    check_scope(account_id, train_id, model)
    check_durations(duration=duration)
    check_times(until=until)
    return usage.get_usage(
        connection,
        account_id=unset_if_none(account_id),
        train_id=unset_if_none(train_id),
        model=unset_if_none(model),
        duration=duration,
        until=until,
    )


def list_daily_usage(
    connection: Connection[Any],
    *,
    account_id: str | None = None,
    train_id: str | None = None,
    model: str | None = None,
    days: int = 30,
    until: datetime | None = None,
) -> list[DailyUsage]:
    """Return what was used on each of so many days, the last one that of `until`.

    Without `until` it is today. Days without requests are there, with 0.
    """
    check_scope(account_id, train_id, model)
    check_counts(most=MOST_DAYS, days=days)
    check_times(until=until)
    return usage.list_daily_usage(
        connection,
        account_id=unset_if_none(account_id),
        train_id=unset_if_none(train_id),
        model=unset_if_none(model),
        days=days,
        until=until,
    )


def list_usage(
    connection: Connection[Any],
    *,
    account_id: str | None = None,
    train_id: str | None = None,
    model: str | None = None,
    since: datetime,
    until: datetime | None = None,
    width: timedelta,
) -> list[UsageBucket]:
    """Return what was used from `since` on, and before `until` or now, in buckets.

    The first bucket begins at `since`, and the last one is cut off at the end. Those
    without requests are there, with 0. Raises `InvalidArgument` for a width that gives
    more than 100,000.
    """
    check_scope(account_id, train_id, model)
    check_points("width", width, since, until)
    return usage.list_usage(
        connection,
        account_id=unset_if_none(account_id),
        train_id=unset_if_none(train_id),
        model=unset_if_none(model),
        since=since,
        until=until,
        width=width,
    )


def list_sliding_usage(
    connection: Connection[Any],
    *,
    account_id: str | None = None,
    train_id: str | None = None,
    model: str | None = None,
    since: datetime,
    until: datetime | None = None,
    step: timedelta,
    duration: timedelta = _WINDOW,
) -> list[SlidingUsage]:
    """Return, for `since` and each step after it, what was used just before it.

    A sample is what `get_usage` returns at that time; the last one is not after
    `until`, or now. Samples without requests are there, with 0. Raises
    `InvalidArgument` for steps that give more than 100,000 samples.
    """
    check_scope(account_id, train_id, model)
    check_points("step", step, since, until)
    check_durations(duration=duration)
    return usage.list_sliding_usage(
        connection,
        account_id=unset_if_none(account_id),
        train_id=unset_if_none(train_id),
        model=unset_if_none(model),
        since=since,
        until=until,
        step=step,
        duration=duration,
    )
