"""Many contenders for the worker lock: one leader, and tokens that only grow."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest
from operations_queue_races import Connection, at_once

from datalayer.domains.operations import (
    acquire_worker_lock,
    fenced,
    release_worker_lock,
    renew_worker_lock,
)
from datalayer.domains.operations.errors import FenceRefused
from datalayer.queries.operations.worker_lock import WorkerLock

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

CONTENDERS = 8
TURNS = 15
INSTANT = timedelta(milliseconds=2)
LONG = timedelta(minutes=10)

_NOTES = """
CREATE TABLE note (place bigserial PRIMARY KEY, token bigint NOT NULL);
CREATE TABLE room AS SELECT 1 AS place;
"""


def write_notes(session: Connection, token: int) -> bool:
    """Write under a token, and say whether one was let.

    `LockNotAvailable` means that somebody else is inside.
    """
    try:
        with fenced(session, token=token):
            # Not by an advisory lock, which outlives the commit for a moment.
            session.execute("SELECT FROM room FOR UPDATE NOWAIT")
            session.execute("INSERT INTO note (token) VALUES (%s)", (token,))
    except FenceRefused:
        return False
    return True


def wait_for_lock(session: Connection, owner_id: str, ttl: timedelta) -> WorkerLock:
    while True:
        held = acquire_worker_lock(session, owner_id=owner_id, ttl=ttl)
        if held is not None:
            return held


@pytest.mark.parametrize("ttl", [INSTANT, LONG], ids=["expiring", "released"])
def test_tokens_grow_and_only_one_holder_writes(
    native_url: str, ttl: timedelta
) -> None:
    tokens: list[list[int]] = [[] for _ in range(CONTENDERS)]
    written: list[int] = []
    with psycopg.connect(native_url, autocommit=True) as session:
        session.execute(_NOTES)

    def lead(session: Connection, place: int) -> None:
        owner = f"w{place}"
        for turn in range(TURNS):
            held = wait_for_lock(session, owner, ttl)
            tokens[place].append(held.token)
            if turn % 3 == 0:
                renew_worker_lock(session, owner_id=owner, token=held.token, ttl=ttl)
            if write_notes(session, held.token):
                written.append(held.token)
            if ttl == LONG:
                assert release_worker_lock(session, owner_id=owner, token=held.token)

    at_once(native_url, CONTENDERS, lead)

    with psycopg.connect(native_url) as session:
        found = session.execute("SELECT token FROM note ORDER BY place").fetchall()
    notes = [token for (token,) in found]
    everyone = sorted(token for part in tokens for token in part)
    assert everyone == list(range(1, CONTENDERS * TURNS + 1)), "none twice, none lost"
    assert all(sooner < later for part in tokens for sooner, later in pairwise(part))
    assert all(sooner < later for sooner, later in pairwise(notes))
    assert notes == sorted(written)
    if ttl == LONG:
        assert notes == everyone
