# twin: ../idempotency.py
"""Requests that run once, however often they arrive.

Each function is a transaction of its own unless the caller has one open. In an open one
whoever begins the same key waits until it ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_durations, check_texts, check_times
from datalayer.domains.errors import InvalidArgument
from datalayer.domains.operations.errors import (
    AttemptAbandoned,
    FingerprintMismatch,
    KeyContended,
)
from datalayer.domains.operations.results import Done, InFlight, Started
from datalayer.queries.aio.operations import idempotency

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.operations.idempotency import Idempotency
    from datalayer.runtime import JsonInput

#: How often a key is begun that was there, and is gone when it is looked at.
_TRIES = 3

_ZERO = timedelta(0)


async def begin_request(
    connection: AsyncConnection[Any],
    *,
    key: str,
    fingerprint: str | None = None,
    expires_after: timedelta | None = None,
    now: datetime | None = None,
) -> Started | InFlight | Done:
    """Take the right to run the request of a key, or return what has become of it.

    With `expires_after` an attempt that has been under way for so long is abandoned
    first. Raises `FingerprintMismatch` when the key was begun with another fingerprint,
    unless one of the two is None, and `KeyContended`.
    """
    check_texts(key=key, fingerprint=fingerprint)
    check_durations(expires_after=expires_after)
    check_times(now=now)
    async with connection.transaction():
        for _ in range(_TRIES):
            if expires_after is not None:
                await idempotency.abandon_idempotent(
                    connection, key=key, max_age=expires_after, now=now
                )
            begun = await idempotency.begin_idempotent(
                connection, key=key, fingerprint=fingerprint, now=now
            )
            if begun is not None:
                return Started(key, begun.saved_at)
            entry = await idempotency.get_idempotency(connection, key=key)
            if entry is not None:
                return _outcome(entry, fingerprint)
    raise KeyContended(key, _TRIES)


async def finish_request(
    connection: AsyncConnection[Any],
    *,
    key: str,
    begun_at: datetime,
    value: JsonInput,
    now: datetime | None = None,
) -> Done:
    """Store the answer of the attempt that began at `begun_at`, and return it.

    None is stored as the null of JSON. Raises `AttemptAbandoned` when the attempt was
    abandoned, or is done.
    """
    check_times(begun_at=begun_at, now=now)
    async with connection.transaction():
        finished = await idempotency.finish_idempotent(
            connection, key=key, begun_at=begun_at, value=value, now=now
        )
    if finished is None:
        raise AttemptAbandoned(key, begun_at)
    return Done(finished.value)


async def release_request(
    connection: AsyncConnection[Any], *, key: str, begun_at: datetime
) -> bool:
    """Give back the right to run a request that failed without any effect.

    Whoever begins it next may run it. Returns False when the attempt had been abandoned
    or was done, which changes nothing.
    """
    check_times(begun_at=begun_at)
    async with connection.transaction():
        released = await idempotency.release_idempotent(
            connection, key=key, begun_at=begun_at
        )
    return released == 1


async def get_request(
    connection: AsyncConnection[Any], *, key: str
) -> InFlight | Done | None:
    """Return what has become of the request of a key; None when nobody began it."""
    entry = await idempotency.get_idempotency(connection, key=key)
    return None if entry is None else _state(entry)


async def abandon_request(
    connection: AsyncConnection[Any],
    *,
    key: str,
    max_age: timedelta,
    now: datetime | None = None,
) -> bool:
    """Forget a request that has been under way for `max_age`, so that it may run again.

    Returns whether there was one; of two at once one gets True. Whoever was running it
    cannot finish it any more.
    """
    if max_age < _ZERO:
        raise InvalidArgument("max_age", max_age, "a duration of zero or more")
    check_times(now=now)
    async with connection.transaction():
        abandoned = await idempotency.abandon_idempotent(
            connection, key=key, max_age=max_age, now=now
        )
    return abandoned == 1


def _outcome(entry: Idempotency, fingerprint: str | None) -> InFlight | Done:
    known = {fingerprint, entry.fingerprint} - {None}
    if len(known) > 1:
        raise FingerprintMismatch(entry.key)
    return _state(entry)


def _state(entry: Idempotency) -> InFlight | Done:
    if entry.state == "done":
        return Done(entry.value)
    return InFlight(entry.saved_at)
