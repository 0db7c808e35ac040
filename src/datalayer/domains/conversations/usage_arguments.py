"""Which usage is asked for, and what of it is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from datalayer.domains.arguments import check_texts, check_times
from datalayer.domains.errors import InvalidArgument

#: No answer has more points.
MOST_POINTS = 100_000

#: No answer has more days.
MOST_DAYS = 36525


def check_scope(
    account_id: str | None, train_id: str | None, model: str | None
) -> None:
    """Raise `InvalidArgument` unless the usage of an account or of a train is asked."""
    if account_id is None and train_id is None:
        raise InvalidArgument(
            "account_id", account_id, "the id of an account, or `train_id` of a train"
        )
    check_texts(account_id=account_id, train_id=train_id, model=model)


def check_points(
    name: str, distance: timedelta, since: datetime, until: datetime | None
) -> None:
    """Raise `InvalidArgument` when the points at a distance are no reasonable number.

    Where the end is the server's clock, that of this machine is near enough.
    """
    check_times(since=since, until=until)
    end = datetime.now(UTC) if until is None else until
    if distance <= timedelta(0):
        raise InvalidArgument(name, distance, "a duration above zero")
    if (end - since) / distance > MOST_POINTS:
        raise InvalidArgument(
            name, distance, f"long enough for at most {MOST_POINTS:,} points"
        )
