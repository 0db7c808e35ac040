"""One runner at a time in a database, also through PgBouncer and after a crash.

A connection of its own holds a transaction-level advisory lock and stays idle in a
READ COMMITTED transaction: without a snapshot it keeps no `CREATE INDEX CONCURRENTLY`
waiting, and the lock vanishes with it. It is polled, because a blocking wait would have
a snapshot.

The lock of a runner that was killed vanishes at once, while its other session may still
be busy with a statement, or with a commit. Therefore the session that applies holds a
second lock, the guard, as long as it works. Who has the lock waits for the guard before
reading the ledger; who has the guard looks whether its own lock is still held before
writing. Whichever comes second sees the other.

A server that takes one connection at a time, such as the TimescaleDB to test with, has
no second session for the lock, and needs none: nobody else is in while this one is.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import ClientCursor, IsolationLevel
from psycopg.rows import class_row, scalar_row

from datalayer.errors import MigrationLockBusy, MigrationLockLost
from datalayer.migrate.connections import connect
from datalayer.migrate.events import Event, Waiting
from datalayer.migrate.session import set_timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# "datalaye" and "guardian" as bytes: nobody else's keys, and easy to find in pg_locks.
_LOCK_KEY = 0x646174616C617965
_GUARD_KEY = 0x677561726469616E
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_HOLDERS = """\
SELECT
    pg_locks.pid,
    coalesce(pg_stat_activity.application_name, '') AS application_name,
    coalesce(', from ' || host(pg_stat_activity.client_addr), '') AS origin
FROM pg_catalog.pg_locks
INNER JOIN pg_catalog.pg_database ON pg_database.oid = pg_locks.database
LEFT JOIN pg_catalog.pg_stat_activity ON pg_stat_activity.pid = pg_locks.pid
WHERE
    pg_locks.locktype = 'advisory'
    AND pg_locks.granted
    AND pg_locks.objsubid = 1
    AND (pg_locks.classid::bigint << 32) | pg_locks.objid::bigint = %s
    AND pg_database.datname = current_database()
ORDER BY pg_locks.pid
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that has one of the two locks."""

    pid: int
    application_name: str
    origin: str

    def __str__(self) -> str:
        """Return how people find the session."""
        return f"pid {self.pid} (`{self.application_name}`{self.origin})"


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held, by the backend that holds it."""

    pid: int
    #: The connection, when it is the only one that the server takes.
    connection: psycopg.Connection | None = None


@contextmanager
def hold_lock(
    url: str, *, wait: float, tell: Callable[[Event], None]
) -> Iterator[Lock]:
    """Hold the lock; wait for it, and for what a dead runner left, up to a limit."""
    deadline = time.monotonic() + wait
    with connect(url) as connection:
        if _is_alone(connection):
            yield Lock(0, connection)
            return
        connection.autocommit = False
        connection.isolation_level = IsolationLevel.READ_COMMITTED
        _poll(lambda: _try_lock(connection), deadline, wait, tell)
        _poll(lambda: _busy(connection, _GUARD_KEY), deadline, wait, tell)
        yield Lock(_backend_pid(connection))


@contextmanager
def connect_beside(lock: Lock, url: str) -> Iterator[psycopg.Connection]:
    """Yield the connection that applies: a second one, where the server takes two."""
    if lock.connection is not None:
        yield lock.connection
        return
    with connect(url) as connection:
        yield connection


def take_guard(
    connection: psycopg.Connection, lock: Lock, *, in_transaction: bool = True
) -> None:
    """Take the guard on the session that applies, or say that the lock was lost."""
    if lock.connection is not None:
        return
    if in_transaction:
        connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_GUARD_KEY,))
    else:
        connection.execute("SELECT pg_advisory_lock_shared(%s)", (_GUARD_KEY,))
    if lock.pid not in [holder.pid for holder in _holders(connection, _LOCK_KEY)]:
        raise MigrationLockLost(
            "the connection that held the lock broke",
            help="run again: what was applied is recorded",
        )


def _poll(
    attempt: Callable[[], str | None],
    deadline: float,
    wait: float,
    tell: Callable[[Event], None],
) -> None:
    """Repeat an attempt, which says who is in the way, until nobody is."""
    pause = _FIRST_PAUSE
    told = None
    while (holder := attempt()) is not None:
        if time.monotonic() >= deadline:
            raise MigrationLockBusy(
                f"another runner is at work: {holder}",
                help=f"waited {wait:g} s; wait longer with `--wait SECONDS`, or end "
                "that session",
            )
        if holder != told:
            tell(Waiting(holder))
            told = holder
        remaining = max(0.0, deadline - time.monotonic())
        # Jitter, so that waiting runners do not keep meeting.
        time.sleep(min(remaining, pause * random.uniform(0.5, 1.0)))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _is_alone(connection: psycopg.Connection) -> bool:
    """Tell whether the server is a single process, without one for each connection."""
    return _backend_pid(connection) == 0


def _backend_pid(connection: psycopg.Connection) -> int:
    with connection.cursor(row_factory=scalar_row) as cursor:
        pid: int = cursor.execute("SELECT pg_backend_pid()").fetchone() or 0
    return pid


def _try_lock(connection: psycopg.Connection) -> str | None:
    """Return None with the lock held, or who holds it."""
    set_timeouts(connection, lock_timeout="0", is_local=True)
    with connection.cursor(row_factory=scalar_row) as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK_KEY,))
        if cursor.fetchone():
            return None
    holder = _busy(connection, _LOCK_KEY)
    # The transaction of a waiter would hold on to a server behind a pooler.
    connection.rollback()
    return holder or "a session that just left"


def _busy(connection: psycopg.Connection, key: int) -> str | None:
    return ", ".join(str(holder) for holder in _holders(connection, key)) or None


def _holders(connection: psycopg.Connection, key: int) -> list[Holder]:
    # Not with parameters of the server's: their portal, and its snapshot, would stay
    # until the next statement, and keep a `CREATE INDEX CONCURRENTLY` waiting for us.
    with ClientCursor(connection, row_factory=class_row(Holder)) as cursor:
        return cursor.execute(_HOLDERS, (key,)).fetchall()
