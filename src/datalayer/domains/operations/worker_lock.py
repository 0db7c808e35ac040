# Derived by scripts/async_to_sync.py from worker_lock.py; do not edit.
"""A lock for whoever leads, and a fence against those that led before."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_durations, check_texts, check_times
from datalayer.domains.operations.arguments import check_lock_id
from datalayer.domains.operations.errors import FenceRefused
from datalayer.queries.operations import worker_lock as locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from psycopg import Connection

    from datalayer.queries.operations.worker_lock import WorkerLock


def acquire_worker_lock(
    connection: Connection[Any],
    *,
    owner_id: str,
    ttl: timedelta,
    lock_id: int = 1,
    now: datetime | None = None,
) -> WorkerLock | None:
    """Take a lock that is free, has expired or is one's own; None when another has it.

    Its token is larger than any before, also when it was one's own: what holds the old
    token is refused from now on.
    """
    check_texts(owner_id=owner_id)
    check_durations(ttl=ttl)
    check_lock_id(lock_id)
    check_times(now=now)
    return locks.acquire_worker_lock(
        connection, owner_id=owner_id, ttl=ttl, lock_id=lock_id, now=now
    )


def renew_worker_lock(
    connection: Connection[Any],
    *,
    owner_id: str,
    token: int,
    ttl: timedelta,
    lock_id: int = 1,
    now: datetime | None = None,
) -> WorkerLock | None:
    """Let a lock that is held end `ttl` from now, with the same token; None when lost.

    A lock that has expired is lost, also when nobody else has taken it.
    """
    check_texts(owner_id=owner_id)
    check_durations(ttl=ttl)
    check_lock_id(lock_id)
    check_times(now=now)
    return locks.renew_worker_lock(
        connection, owner_id=owner_id, token=token, ttl=ttl, lock_id=lock_id, now=now
    )


def release_worker_lock(
    connection: Connection[Any],
    *,
    owner_id: str,
    token: int,
    lock_id: int = 1,
    now: datetime | None = None,
) -> bool:
    """Give a lock back, so that others need not wait; False when it was lost before."""
    check_texts(owner_id=owner_id)
    check_lock_id(lock_id)
    check_times(now=now)
    released = locks.release_worker_lock(
        connection, owner_id=owner_id, token=token, lock_id=lock_id, now=now
    )
    return released == 1


def get_worker_lock(
    connection: Connection[Any],
    *,
    lock_id: int = 1,
    now: datetime | None = None,
) -> WorkerLock | None:
    """Return who holds a lock, and until when; None when it is free."""
    check_lock_id(lock_id)
    check_times(now=now)
    return locks.get_worker_lock(connection, lock_id=lock_id, now=now)


@contextmanager
def fenced(
    connection: Connection[Any],
    *,
    token: int,
    lock_id: int = 1,
    now: datetime | None = None,
) -> Iterator[WorkerLock]:
    """Run a transaction that only the newest holder of the lock can commit.

    Nobody can take the lock, or renew it, before the transaction ends, however long it
    takes: keep it short. Raises `FenceRefused` when the lock is lost, before anything
    in the transaction is done.
    """
    check_lock_id(lock_id)
    check_times(now=now)
    with connection.transaction():
        held = locks.guard_worker_lock(
            connection, token=token, lock_id=lock_id, now=now
        )
        if held is None:
            raise FenceRefused(lock_id, token)
        yield held
