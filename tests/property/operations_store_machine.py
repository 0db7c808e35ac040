"""A state machine of approvals, requests, nonces and retention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from operations_clock import ClockSteps, none_if
from operations_laws import check_store
from operations_store_model import Request, Store, first_ms
from operations_strategies import (
    BATCHES,
    DAY,
    HOUR,
    JSON,
    MILLISECOND,
    MINUTE,
    NEARLY,
    OBJECTS,
    PICK,
    SECOND,
)

from datalayer.domains import operations
from datalayer.domains.arguments import unset_if_none
from datalayer.domains.operations import RetentionSettings, errors
from datalayer.queries.operations import approval as approval_queries
from datalayer.runtime import JsonInput, JsonValue

_IDS = st.sampled_from("abcdef")
_KEYS = st.sampled_from("klm")
_DECISIONS: st.SearchStrategy[Literal["approved", "rejected"]] = st.sampled_from(
    ["approved", "rejected"]
)
_STATUSES = st.sampled_from([None, "pending", "approved", "rejected"])
_FINGERPRINTS = st.sampled_from([None, "f", "g"])
_AGES = st.sampled_from([SECOND, MINUTE, HOUR, DAY])
_DAYS = st.tuples(*[st.sampled_from([1, 2])] * 3)
_MOST = st.tuples(*[st.sampled_from([1, 2, 100])] * 2)


class StoreMachine(ClockSteps):
    """Each call, beside what it should do."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()

    def limits(self) -> list[datetime]:
        times = [approval.created_at for approval in self.store.approvals.values()]
        times += [request.saved_at for request in self.store.requests.values()]
        times += [in_time(milliseconds) for milliseconds in self.store.nonces.values()]
        ages = [SECOND, MINUTE, HOUR, DAY, 2 * DAY]
        turn = self.store.last_retention
        turns = [turn + MINUTE] if turn else []
        return [*super().limits(), *turns, *(t + age for t in times for age in ages)]

    # Approvals.

    @rule(approval_id=_IDS, payload=JSON | OBJECTS)
    def add(self, approval_id: str, payload: JsonInput) -> None:
        row = none_if(
            errors.ApprovalExists,
            lambda: operations.add_approval(
                self.connection,
                approval_id=approval_id,
                payload=payload,
                now=self.now,
            ),
        )
        is_new = approval_id not in self.store.approvals
        assert (row is not None) == is_new, "law: an id is added once"
        if is_new:
            self.store.add_approval(approval_id, payload, self.now)

    @rule(approval_id=_IDS, patch=OBJECTS)
    def patch(self, approval_id: str, patch: dict[str, JsonInput]) -> None:
        approval = self.store.approvals.get(approval_id)
        refusal = errors.PayloadNotObject if approval else errors.ApprovalNotFound
        row = none_if(
            refusal,
            lambda: operations.patch_approval(
                self.connection, approval_id=approval_id, patch=patch
            ),
        )
        merges = approval is not None and isinstance(approval.payload, dict)
        assert (row is not None) == merges, "law: only objects merge"
        if approval is not None and merges:
            approval.payload = {**approval.payload, **patch}

    @rule(approval_id=_IDS, status=_DECISIONS)
    def decide(self, approval_id: str, status: Literal["approved", "rejected"]) -> None:
        approval = self.store.approvals.get(approval_id)
        row = none_if(
            AssertionError if approval else errors.ApprovalNotFound,
            lambda: operations.decide_approval(
                self.connection, approval_id=approval_id, status=status, now=self.now
            ),
        )
        is_pending = approval is not None and approval.status == "pending"
        assert (row is not None) == is_pending, "law: an approval is decided once"
        if approval is not None and is_pending:
            approval.status, approval.decided_at = status, self.now

    @rule(status=_STATUSES, row_limit=st.integers(1, 3))
    def list_pages(self, status: str | None, row_limit: int) -> None:
        found: list[approval_queries.Approval] = []
        cursor = None
        while True:
            page = operations.list_approvals(
                self.connection,
                status=unset_if_none(status),
                row_limit=row_limit,
                cursor=cursor,
            )
            assert len(page.items) <= row_limit, "law: a page"
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        expected = [approval.id for approval in self.store.newest_approvals(status)]
        assert [row.id for row in found] == expected, "law: the newest first"

    # Requests.

    @rule(
        key=_KEYS,
        fingerprint=_FINGERPRINTS,
        expires_after=st.none() | st.none() | _AGES,
    )
    def begin(
        self, key: str, fingerprint: str | None, expires_after: timedelta | None
    ) -> None:
        if expires_after is not None:
            # Nothing is abandoned when the answer is an error.
            self.store.abandon(key, expires_after, self.now)
        known = self.store.requests.get(key)
        outcome = none_if(
            errors.FingerprintMismatch,
            lambda: operations.begin_request(
                self.connection,
                key=key,
                fingerprint=fingerprint,
                expires_after=expires_after,
                now=self.now,
            ),
        )
        assert outcome == expected_outcome(known, key, fingerprint, self.now), (
            "law: a key has one runner, and one answer"
        )
        if known is None:
            self.store.begin(key, fingerprint, self.now)

    @rule(pick=PICK, value=JSON, is_known=st.integers(0, 4))
    def finish(self, pick: int, value: JsonValue, is_known: int) -> None:
        attempts = self.store.begun[::-1]
        key, begun_at = attempts[pick % len(attempts)] if attempts else ("k", self.now)
        self.finish_attempt(key, begun_at if is_known else begun_at - SECOND, value)

    def finish_attempt(self, key: str, begun_at: datetime, value: JsonValue) -> None:
        done = none_if(
            errors.AttemptAbandoned,
            lambda: operations.finish_request(
                self.connection, key=key, begun_at=begun_at, value=value, now=self.now
            ),
        )
        request = self.store.holder(key, begun_at)
        if request is None:
            assert done is None, "law: only the attempt under way finishes"
            return
        assert done == operations.Done(value), "law: the answer is what was stored"
        request.state, request.value, request.saved_at = "done", value, self.now

    @rule(key=_KEYS, max_age=st.just(0 * SECOND) | _AGES)
    def abandon(self, key: str, max_age: timedelta) -> None:
        abandoned = operations.abandon_request(
            self.connection, key=key, max_age=max_age, now=self.now
        )
        expected = self.store.abandon(key, max_age, self.now)
        assert abandoned == expected, "law: what was under way for so long is abandoned"

    @rule(pick=PICK, is_known=st.integers(0, 4))
    def release(self, pick: int, is_known: int) -> None:
        attempts = self.store.begun[::-1]
        key, begun_at = attempts[pick % len(attempts)] if attempts else ("k", self.now)
        named = begun_at if is_known else begun_at - SECOND
        released = operations.release_request(self.connection, key=key, begun_at=named)
        expected = self.store.holder(key, named) is not None
        assert released == expected, "law: only the attempt under way is released"
        if released:
            del self.store.requests[key]

    # Nonces.

    @rule(nonce=_IDS, offset=st.integers(-2, 2), whole=st.booleans())
    def register(self, nonce: str, offset: int, whole: bool) -> None:
        timestamp_ms = first_ms(self.now) + offset * (1000 if whole else 1)
        is_first = operations.register_nonce(
            self.connection, nonce=nonce, timestamp_ms=timestamp_ms
        )
        assert is_first == (nonce not in self.store.nonces), "law: a nonce is used once"
        self.store.nonces.setdefault(nonce, timestamp_ms)

    @rule(nonce=_IDS, offset=st.sampled_from([-1001, -1000, 0, 1000, 1001]))
    def use(self, nonce: str, offset: int) -> None:
        timestamp_ms = first_ms(self.now) + offset
        is_near = abs(offset) <= 1000
        is_new = nonce not in self.store.nonces

        def use() -> bool:
            operations.use_nonce(
                self.connection,
                nonce=nonce,
                timestamp_ms=timestamp_ms,
                tolerance=SECOND,
                now_ms=first_ms(self.now),
            )
            return True

        refusal = errors.NonceReplayed if is_near else errors.TimestampOutOfRange
        is_used = none_if(refusal, use) is not None
        assert is_used == (is_near and is_new), "law: a nonce is used once"
        if is_used:
            self.store.nonces[nonce] = timestamp_ms

    @rule(pick=PICK, off=st.integers(-1, 1), batch_size=BATCHES)
    def prune(self, pick: int, off: int, batch_size: int) -> None:
        times = sorted(self.store.nonces.values()) or [0]
        before_ms = times[pick % len(times)] + off
        pruned = operations.prune_nonces(
            self.connection, before_ms=before_ms, batch_size=batch_size
        )
        expected = self.store.remove_old_nonces(before_ms)
        assert pruned == expected, "law: nonces older than the time are pruned"

    # Retention.

    @rule(days=_DAYS, most=_MOST, batch_size=BATCHES, force=st.booleans())
    def retain(
        self,
        days: tuple[int, int, int],
        most: tuple[int, int],
        batch_size: int,
        force: bool,
    ) -> None:
        settings = RetentionSettings(
            approvals_days=days[0],
            max_approvals=most[0],
            idempotency_days=days[1],
            max_idempotency=most[1],
            nonces_days=days[2],
        )
        report = self.run_retention(settings, batch_size, force)
        if not force and not self.store.takes_turn(self.now):
            assert report is None, "law: retention once a minute"
            return
        if not force:
            self.store.last_retention = self.now
        assert report is not None, "law: retention once a minute"
        removed = self.store.retain(days, most, self.now)
        for task, count in vars(removed).items():
            assert getattr(report, task) == count, f"law: retention removes {task}"
        self.rows_agree()
        again = self.run_retention(settings, batch_size, force=True)
        assert again is not None
        assert again.removed == 0, "law: the second time nothing is removed"

    @rule(
        age=st.tuples(st.integers(1, 2), NEARLY),
        days=_DAYS,
        most=_MOST,
        batch_size=BATCHES,
        decided=st.sampled_from(["", "a", "ab", "bc"]),
    )
    def grow_old(
        self,
        age: tuple[int, timedelta],
        days: tuple[int, int, int],
        most: tuple[int, int],
        batch_size: int,
        decided: str,
    ) -> None:
        """Retain what is as old as the limit, or nearly, decided or not."""
        for name in "abc":
            self.add(name, {})
            self.begin(name, None, None)
            self.register(name, 0, False)
        for name in decided:
            self.decide(name, "approved")
            self.decide(name, "rejected")
            self.finish_attempt(name, self.store.requests[name].saved_at, None)
        self.now += age[0] * DAY + age[1]
        self.prune(0, 0, batch_size)
        for force in (False, False, True):
            self.retain(days, most, batch_size, force)

    @rule(key=_KEYS, age=_AGES, off=NEARLY)
    def take_over(self, key: str, age: timedelta, off: timedelta) -> None:
        """Abandon what has been under way for a while, or nearly, and go on."""
        self.begin(key, None, None)
        stale = self.store.requests[key].saved_at
        self.now += age + off
        self.abandon(key, age)
        self.begin(key, None, None)
        self.finish_attempt(key, stale, None)
        self.abandon(key, 0 * SECOND)
        self.rows_agree()

    def run_retention(
        self, settings: RetentionSettings, batch_size: int, force: bool
    ) -> operations.RetentionReport | None:
        return operations.run_retention(
            self.connection,
            settings=settings,
            batch_size=batch_size,
            force=force,
            now=self.now,
        )

    # After each step.

    @invariant()
    def rows_agree(self) -> None:
        check_store(self.connection, self.store)


def in_time(milliseconds: int) -> datetime:
    """The time of a nonce."""
    return datetime.fromtimestamp(0, UTC) + milliseconds * MILLISECOND


def expected_outcome(
    known: Request | None, key: str, fingerprint: str | None, now: datetime
) -> operations.Started | operations.InFlight | operations.Done | None:
    """What whoever begins a request hears; None for another request of the key."""
    if known is None:
        return operations.Started(key, now)
    if (
        None not in (fingerprint, known.fingerprint)
        and fingerprint != known.fingerprint
    ):
        return None
    if known.state == "done":
        return operations.Done(known.value)
    return operations.InFlight(known.saved_at)
