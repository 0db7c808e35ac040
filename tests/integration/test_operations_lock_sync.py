# Derived by scripts/async_to_sync.py from test_operations_lock_aio.py; do not edit.
"""The worker lock: one holder, tokens that grow, and a fence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.pq import TransactionStatus

from datalayer.domains.operations import (
    acquire_worker_lock,
    errors,
    fenced,
    get_worker_lock,
    release_worker_lock,
    renew_worker_lock,
)
from datalayer.queries.operations.worker_lock import WorkerLock

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TTL = timedelta(seconds=30)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def acquire(
    connection: Connection[Any], owner_id: str, now: datetime = NOW
) -> WorkerLock:
    held = acquire_worker_lock(connection, owner_id=owner_id, ttl=TTL, now=now)
    assert held is not None
    return held


def test_a_free_lock_is_acquired(native_url: str) -> None:
    with connect(native_url) as connection:
        free = get_worker_lock(connection)
        held = acquire(connection, "ada")
        found = get_worker_lock(connection, now=NOW)

    assert free is None
    assert (held.owner_id, held.token) == ("ada", 1)
    assert (held.acquired_at, held.expires_at) == (NOW, NOW + TTL)
    assert found == held


def test_without_now_the_clock_is_the_server_s(native_url: str) -> None:
    with connect(native_url) as connection:
        held = acquire_worker_lock(connection, owner_id="ada", ttl=TTL)
        found = get_worker_lock(connection)

    assert held is not None
    assert held.expires_at - held.acquired_at >= TTL
    assert found == held


def test_another_gets_it_once_it_has_expired(native_url: str) -> None:
    with connect(native_url) as connection:
        first = acquire(connection, "ada")
        early = acquire_worker_lock(
            connection, owner_id="ben", ttl=TTL, now=NOW + TTL - MICROSECOND
        )
        second = acquire(connection, "ben", NOW + TTL)

    assert early is None
    assert (second.owner_id, second.token) == ("ben", first.token + 1)


def test_an_own_lock_is_acquired_again_with_a_new_token(native_url: str) -> None:
    with connect(native_url) as connection:
        first = acquire(connection, "ada")
        second = acquire(connection, "ada", NOW + MICROSECOND)
        with pytest.raises(errors.FenceRefused):
            with fenced(connection, token=first.token, now=NOW + MICROSECOND):
                pass

    assert second.token == first.token + 1


def test_tokens_grow_over_every_way_to_lose_the_lock(native_url: str) -> None:
    tokens = []
    with connect(native_url) as connection:
        held = acquire(connection, "ada")
        tokens.append(held.token)
        release_worker_lock(
            connection, owner_id="ada", token=held.token, now=NOW + MICROSECOND
        )
        for number, owner in enumerate(["ben", "ada", "ben", "ben"]):
            held = acquire(connection, owner, NOW + (number + 1) * TTL)
            tokens.append(held.token)

    assert tokens == [1, 2, 3, 4, 5]


def test_a_held_lock_is_renewed(native_url: str) -> None:
    with connect(native_url) as connection:
        held = acquire(connection, "ada")
        later = NOW + TTL - MICROSECOND

        renewed = renew_worker_lock(
            connection, owner_id="ada", token=held.token, ttl=TTL, now=later
        )

    assert renewed is not None
    assert (renewed.token, renewed.acquired_at) == (held.token, NOW)
    assert renewed.expires_at == later + TTL


@pytest.mark.parametrize(
    ("owner_id", "token", "after"),
    [
        ("ada", 1, TTL),
        ("ada", 1, 2 * TTL),
        ("ada", 2, timedelta(0)),
        ("ada", 0, timedelta(0)),
        ("ben", 1, timedelta(0)),
    ],
    ids=["expired", "long-expired", "newer-token", "older-token", "other-owner"],
)
def test_what_is_not_held_is_neither_renewed_nor_released(
    native_url: str, owner_id: str, token: int, after: timedelta
) -> None:
    with connect(native_url) as connection:
        held = acquire(connection, "ada")
        where: Any = {"owner_id": owner_id, "token": token, "now": NOW + after}

        renewed = renew_worker_lock(connection, ttl=TTL, **where)
        released = release_worker_lock(connection, **where)
        found = get_worker_lock(connection, now=NOW)

    assert (renewed, released) == (None, False)
    assert found == held


def test_a_released_lock_is_free_at_once(native_url: str) -> None:
    with connect(native_url) as connection:
        held = acquire(connection, "ada")
        where: Any = {"owner_id": "ada", "token": held.token}

        released = release_worker_lock(connection, **where, now=NOW)
        twice = release_worker_lock(connection, **where, now=NOW)
        renewed = renew_worker_lock(connection, **where, ttl=TTL, now=NOW)
        free = get_worker_lock(connection, now=NOW)
        next_one = acquire(connection, "ben")

    assert (released, twice, renewed, free) == (True, False, None, None)
    assert next_one.token == held.token + 1


def test_locks_of_other_ids_are_others(native_url: str) -> None:
    with connect(native_url) as connection:
        acquire(connection, "ada")
        other = acquire_worker_lock(
            connection, owner_id="ben", ttl=TTL, lock_id=-2, now=NOW
        )
        found = get_worker_lock(connection, lock_id=-2, now=NOW)

    assert other is not None
    assert (other.id, other.token) == (-2, 1)
    assert found == other


# The fence


def test_a_guarded_transaction_commits_what_it_wrote(native_url: str) -> None:
    with connect(native_url) as connection:
        held = acquire(connection, "ada")

        with fenced(connection, token=held.token, now=NOW) as guarded:
            connection.execute("CREATE TABLE written ()")
        found = connection.execute("SELECT to_regclass('written')")
        [name] = found.fetchone() or [None]

    assert guarded == held
    assert name == "written"


def test_an_error_inside_rolls_back(native_url: str) -> None:
    with connect(native_url) as connection:
        held = acquire(connection, "ada")

        def write_and_fail() -> None:
            with fenced(connection, token=held.token, now=NOW):
                connection.execute("CREATE TABLE written ()")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        found = connection.execute("SELECT to_regclass('written')")
        [name] = found.fetchone() or ["?"]

    assert name is None


@pytest.mark.parametrize("lost", ["expired", "released", "acquired", "never", "other"])
def test_a_lost_lock_is_refused_before_anything_is_done(
    native_url: str, lost: str
) -> None:
    now, lock_id, reached = NOW, 1, False
    with connect(native_url) as connection:
        token = (acquire(connection, "ada")).token
        if lost == "expired":
            now += TTL
        elif lost == "released":
            release_worker_lock(connection, owner_id="ada", token=token, now=NOW)
        elif lost == "acquired":
            now += TTL
            acquire(connection, "ben", now)
        elif lost == "never":
            token += 1
        else:
            lock_id = 2

        with pytest.raises(errors.FenceRefused) as refused:
            with fenced(connection, token=token, lock_id=lock_id, now=now):
                reached = True
        status = connection.info.transaction_status

    assert not reached
    assert (refused.value.lock_id, refused.value.token) == (lock_id, token)
    assert status == TransactionStatus.IDLE
