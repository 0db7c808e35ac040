"""A state machine of locks, sessions, metrics and the mirror."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from operations_clock import ClockSteps
from operations_laws import check_records
from operations_leader_model import Event, Lock, Records
from operations_strategies import JSON, LEASES, NEARLY, OBJECTS, PICK, WORKERS

from datalayer.domains import operations
from datalayer.domains.arguments import unset_if_none
from datalayer.domains.operations import errors
from datalayer.queries.operations.worker_lock import WorkerLock
from datalayer.runtime import JsonInput

_LOCKS = st.sampled_from([1, 1, 1, 2])
#: The newest token, one before or after it.
_TOKENS = st.sampled_from([0, 0, 0, 0, -1, 1])
_NAMES = st.sampled_from(["n", "m", "a.b", "é"])
_MILLISECONDS = st.sampled_from(["0", "1", "2.5", "0.1", "1e3", "12345678.901"])
_USERS = st.sampled_from(["ada", "bob"])
_KINDS = st.sampled_from(["queue", "state", "logs"])
_TYPES = st.sampled_from(["posted", "failed"])
#: Every third is one that no column can hold.
_EVENTS = st.lists(
    st.tuples(_TYPES, JSON) | st.tuples(_TYPES, st.sampled_from([{"a": 1}, "\0"])),
    max_size=5,
)
#: What somebody else may have left in the row of metrics.
_PAYLOADS = st.sampled_from(
    ["{}", '{"counters": null}', '{"latencies": "x", "counters": []}', '{"other": 1}']
)


class LeaderMachine(ClockSteps):
    """Each call, beside what it should do."""

    def __init__(self) -> None:
        super().__init__()
        self.records = Records()
        self.largest = dict.fromkeys((1, 2), 0)

    def limits(self) -> list[datetime]:
        ends = [lock.expires_at for lock in self.records.locks.values()]
        return [*super().limits(), *ends]

    # Locks.

    @rule(lock_id=_LOCKS, owner_id=WORKERS, ttl=LEASES)
    def acquire(self, lock_id: int, owner_id: str, ttl: timedelta) -> None:
        row = operations.acquire_worker_lock(
            self.connection, owner_id=owner_id, ttl=ttl, lock_id=lock_id, now=self.now
        )
        expected = self.records.acquire(lock_id, owner_id, ttl, self.now)
        assert (row is None) == (expected is None), "law: a lock has one holder"
        if row is not None:
            assert row.token > self.largest[lock_id], "law: tokens grow"
            self.largest[lock_id] = row.token
        check_lock(row, expected)

    def named(self, lock_id: int, token: int) -> int:
        lock = self.records.locks.get(lock_id)
        return token if lock is None else lock.token + token

    @rule(lock_id=_LOCKS, owner_id=WORKERS, token=_TOKENS, ttl=LEASES)
    def renew(self, lock_id: int, owner_id: str, token: int, ttl: timedelta) -> None:
        named = self.named(lock_id, token)
        row = operations.renew_worker_lock(
            self.connection,
            owner_id=owner_id,
            token=named,
            ttl=ttl,
            lock_id=lock_id,
            now=self.now,
        )
        lock = self.records.own(lock_id, owner_id, named, self.now)
        assert (row is None) == (lock is None), "law: only a holder renews"
        if lock is not None:
            lock.expires_at = self.now + ttl
        check_lock(row, lock)

    @rule(lock_id=_LOCKS, owner_id=WORKERS, token=_TOKENS)
    def release(self, lock_id: int, owner_id: str, token: int) -> None:
        named = self.named(lock_id, token)
        released = operations.release_worker_lock(
            self.connection,
            owner_id=owner_id,
            token=named,
            lock_id=lock_id,
            now=self.now,
        )
        lock = self.records.own(lock_id, owner_id, named, self.now)
        assert released == (lock is not None), "law: only a holder releases"
        if lock is not None:
            lock.expires_at = self.now

    @rule(lock_id=_LOCKS, token=_TOKENS)
    def write_behind_the_fence(self, lock_id: int, token: int) -> None:
        named = self.named(lock_id, token)
        lock = self.records.held(lock_id, self.now)
        passes = lock is not None and lock.token == named
        fence = operations.fenced(
            self.connection, token=named, lock_id=lock_id, now=self.now
        )
        if passes:
            with fence as row:
                check_lock(row, lock)
        else:
            with pytest.raises(errors.FenceRefused), fence:
                raise AssertionError("law: the fence lets the newest holder pass alone")

    @rule(owner_id=WORKERS, other=WORKERS, token=_TOKENS, ttl=LEASES, off=NEARLY)
    def come_late(
        self, owner_id: str, other: str, token: int, ttl: timedelta, off: timedelta
    ) -> None:
        """Come back to a lock when it expires, or nearly."""
        self.acquire(1, owner_id, ttl)
        lock = self.records.locks[1]
        self.now = max(self.now, lock.expires_at + off)
        self.write_behind_the_fence(1, token)
        self.write_behind_the_fence(1, token - 1)
        self.release(1, other, token)
        self.renew(1, lock.owner_id, token, ttl)
        self.rows_agree()

    # Sessions and metrics.

    @rule(user_id=_USERS, initial=JSON)
    def get_session(self, user_id: str, initial: JsonInput) -> None:
        row = operations.get_or_create_session(
            self.connection, user_id=user_id, initial=initial
        )
        expected = self.records.session(user_id, initial)
        assert row.session == expected, "law: a session is created once"

    @rule(user_id=_USERS, session=JSON)
    def save_session(self, user_id: str, session: JsonInput) -> None:
        row = operations.save_session(self.connection, user_id=user_id, session=session)
        assert row is not None
        assert row.session == session, "law: a session is what was saved"
        self.records.sessions[user_id] = session

    @rule(name=_NAMES, amount=st.sampled_from([1, 1, 0, -2, 2**40]))
    def count(self, name: str, amount: int) -> None:
        counter = operations.increment_counter(
            self.connection, name=name, amount=amount
        )
        counters = self.records.counters
        counters[name] = counters.get(name, 0) + amount
        assert counter == counters[name], "law: the counter"

    @rule(name=_NAMES, milliseconds=_MILLISECONDS)
    def observe(self, name: str, milliseconds: str) -> None:
        operations.observe_latency(
            self.connection, name=name, milliseconds=Decimal(milliseconds)
        )
        self.records.observe(name, Decimal(milliseconds))

    @rule(payload=_PAYLOADS)
    def overwrite_metrics(self, payload: str) -> None:
        """Somebody else stores what has none of the objects that are expected."""
        self.connection.execute(
            "UPDATE assistly_metrics SET payload = %s::jsonb", (payload,)
        )
        self.records.counters.clear()
        self.records.latencies.clear()

    # The mirror.

    @rule(kind=_KINDS, payload=JSON | OBJECTS)
    def save_snapshot(self, kind: str, payload: JsonInput) -> None:
        operations.save_snapshot(self.connection, kind=kind, payload=payload)
        self.records.snapshots[kind] = payload

    @rule(events=_EVENTS)
    def append(self, events: list[tuple[str, JsonInput]]) -> None:
        report = operations.append_events(self.connection, events=events)
        bad = [place for place, (_, payload) in enumerate(events) if payload == "\0"]
        assert [event.position for event in report.rejected] == bad, "law: bad events"
        good = [event for place, event in enumerate(events) if place not in bad]
        assert len(report.ids) == len(good), "law: good events are stored"
        newest = max((event.id for event in self.records.events), default=0)
        for event_id, (event_type, payload) in zip(report.ids, good, strict=True):
            assert event_id > newest, "law: events have their order"
            newest = event_id
            found = self.connection.execute(
                "SELECT created_at FROM assistly_events WHERE id = %s", (event_id,)
            ).fetchone()
            assert found is not None, "law: good events are stored"
            event = Event(event_id, event_type, payload, found[0])
            self.records.events.append(event)

    @rule(event_type=_TYPES, pick=PICK, ends=st.integers(0, 3), row_limit=PICK)
    def read_events(
        self, event_type: str, pick: int, ends: int, row_limit: int
    ) -> None:
        """Read the events between the times of two of them, page by page."""
        times = sorted(event.created_at for event in self.records.events)
        some = times[pick % len(times) :] if times else []
        since = some[0] if some and ends & 1 else None
        until = some[-1] if some and ends & 2 else None
        found: list[Event] = []
        cursor = None
        while True:
            page = operations.list_events(
                self.connection,
                event_type=event_type,
                since=unset_if_none(since),
                until=unset_if_none(until),
                row_limit=row_limit % 3 + 1,
                cursor=cursor,
            )
            found += [
                Event(row.id, row.event_type, row.payload, row.created_at)
                for row in page.items
            ]
            cursor = page.next
            if cursor is None:
                break
        expected = self.records.events_between(event_type, since, until)
        assert found == expected, "law: the events from a time on, and before another"

    # After each step.

    @invariant()
    def rows_agree(self) -> None:
        check_records(self.connection, self.records, self.now)


def check_lock(row: WorkerLock | None, lock: Lock | None) -> None:
    """The answer is the lock as it is."""
    found = None
    if row is not None:
        times = (row.acquired_at, row.expires_at)
        found = Lock(row.id, row.owner_id, *times, row.token)
    assert found == lock, "law: the lock"
