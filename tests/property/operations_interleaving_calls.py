"""How the steps on all tables but the queue's are taken, and what the answers say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import operations_interleaving_rules as rules
from operations_interleaving_histories import Answer, Guarded, Part, Stored
from operations_interleaving_language import (
    AbandonRequest,
    Acquire,
    BeginRequest,
    Decide,
    FinishRequest,
    GetRequest,
    Guard,
    Increment,
    Observe,
    Patch,
    Prune,
    Register,
    Release,
    ReleaseRequest,
    Renew,
    StoreStep,
    TakeTurn,
)
from operations_interleaving_rules import Held, Request
from operations_interleaving_turns import (
    APPROVALS,
    KEYS,
    NONCES,
    Call,
    Database,
    Turn,
)

from datalayer.queries.operations import (
    approval,
    idempotency,
    metrics,
    nonce,
    retention,
    worker_lock,
)


def prepare(step: StoreStep, turn: Turn) -> Call:
    """Find what a step refers to; return what is left to be done by its session."""
    for topic in (_nonce, _request, _approval, _lock, _held_lock, _other):
        call = topic(step, turn)
        if call is not None:
            return call
    raise AssertionError(step)


def _answer(shown: object, *parts: Part) -> Answer:
    return Answer(repr(shown), parts)


def _nonce(step: StoreStep, turn: Turn) -> Call | None:
    if not isinstance(step, Register):
        return None
    used_ms = int(turn.now.timestamp() * 1000)

    def register(connection: Database) -> Answer:
        is_first = nonce.register_nonce(
            connection, nonce=step.nonce, timestamp_ms=used_ms
        )
        part = rules.registered(step.nonce, used_ms, is_first=is_first)
        facts = (Stored("nonces", 1),) if is_first else ()
        return Answer(repr(is_first), (part,), facts)

    return register


def _request(step: StoreStep, turn: Turn) -> Call | None:
    if isinstance(step, BeginRequest):
        return _begin_request(step, turn)
    if isinstance(step, FinishRequest):
        return _finish_request(step, turn)
    if isinstance(step, AbandonRequest):
        return _abandon_request(step, turn)
    if isinstance(step, ReleaseRequest):
        return _release_request(step, turn)
    return _get_request(step) if isinstance(step, GetRequest) else None


def _begin_request(step: BeginRequest, turn: Turn) -> Call:
    def begin(connection: Database) -> Answer:
        entry = idempotency.begin_idempotent(connection, key=step.key, now=turn.now)
        part = rules.begun(step.key, now=turn.now, is_mine=entry is not None)
        if entry is None:
            return Answer("None", (part,))
        begun = (step.key, entry.saved_at)
        return Answer(
            repr(entry),
            (part,),
            (Stored("idempotency", 1),),
            learn=lambda: turn.known.requests.append(begun),
        )

    return begin


def _finish_request(step: FinishRequest, turn: Turn) -> Call:
    key, begun_at = turn.known.request(step.request)
    value = f"answer {turn.number}"

    def finish(connection: Database) -> Answer:
        entry = idempotency.finish_idempotent(
            connection, key=key, begun_at=begun_at, value=value, now=turn.now
        )
        is_stored = entry is not None
        part = rules.finished(key, begun_at, value, now=turn.now, is_stored=is_stored)
        return _answer(entry, part)

    return finish


def _abandon_request(step: AbandonRequest, turn: Turn) -> Call:
    age = timedelta(seconds=step.seconds)

    def abandon(connection: Database) -> Answer:
        count = idempotency.abandon_idempotent(
            connection, key=step.key, max_age=age, now=turn.now
        )
        part = rules.abandoned(step.key, turn.now - age, count=count)
        return Answer(repr(count), (part,), (Stored("idempotency", -count),))

    return abandon


def _release_request(step: ReleaseRequest, turn: Turn) -> Call:
    key, begun_at = turn.known.request(step.request)

    def release(connection: Database) -> Answer:
        count = idempotency.release_idempotent(connection, key=key, begun_at=begun_at)
        part = rules.request_released(key, begun_at, count=count)
        return Answer(repr(count), (part,), (Stored("idempotency", -count),))

    return release


def _get_request(step: GetRequest) -> Call:
    def get(connection: Database) -> Answer:
        entry = idempotency.get_idempotency(connection, key=step.key)
        return _answer(entry, rules.request_seen(step.key, as_request(entry)))

    return get


def as_request(entry: idempotency.Idempotency | None) -> Request | None:
    if entry is None:
        return None
    value = entry.value if isinstance(entry.value, str) else None
    return Request(entry.saved_at, value if entry.state == "done" else None)


def _approval(step: StoreStep, turn: Turn) -> Call | None:
    if isinstance(step, Decide):
        return _decide(step, turn)
    return _patch(step, turn) if isinstance(step, Patch) else None


def _decide(step: Decide, turn: Turn) -> Call:
    def decide(connection: Database) -> Answer:
        row = approval.decide_approval(
            connection, approval_id=step.approval, status=step.status, now=turn.now
        )
        return _answer(
            row,
            rules.decided(
                step.approval, step.status, now=turn.now, is_mine=row is not None
            ),
        )

    return decide


def _patch(step: Patch, turn: Turn) -> Call:
    def patch(connection: Database) -> Answer:
        row = approval.patch_approval(
            connection, approval_id=step.approval, patch={step.member: turn.number}
        )
        seen = members_of(row.payload) if row else None
        part = rules.patched(step.approval, (step.member, turn.number), seen=seen)
        return _answer(row, part)

    return patch


def members_of(payload: object) -> frozenset[tuple[str, int]]:
    members: dict[str, int] = json.loads(json.dumps(payload))
    return frozenset(members.items())


def _lock(step: StoreStep, turn: Turn) -> Call | None:
    if isinstance(step, Acquire):
        return _acquire(step, turn)
    return _guard(step, turn) if isinstance(step, Guard) else None


def as_lock(row: worker_lock.WorkerLock | None) -> Held | None:
    return Held(row.owner_id, row.token, row.expires_at) if row else None


def _acquire(step: Acquire, turn: Turn) -> Call:
    ttl = timedelta(seconds=step.seconds)

    def acquire(connection: Database) -> Answer:
        row = worker_lock.acquire_worker_lock(
            connection, owner_id=step.owner, ttl=ttl, now=turn.now
        )
        part = rules.acquired(step.owner, ttl, now=turn.now, got=as_lock(row))
        if row is None:
            return _answer(row, part)
        token = (row.owner_id, row.token)
        return Answer(repr(row), (part,), learn=lambda: turn.known.tokens.append(token))

    return acquire


def _guard(step: Guard, turn: Turn) -> Call:
    _, token = turn.known.token(step.token)

    def guard(connection: Database) -> Answer:
        row = worker_lock.guard_worker_lock(connection, token=token, now=turn.now)
        part = rules.guarded(token, now=turn.now, passed=as_lock(row))
        facts = (Guarded(row.owner_id, row.token),) if row else ()
        return Answer(repr(row), (part,), facts)

    return guard


def _held_lock(step: StoreStep, turn: Turn) -> Call | None:
    if isinstance(step, Renew):
        return _renew(step, turn)
    return _release(step, turn) if isinstance(step, Release) else None


def _renew(step: Renew, turn: Turn) -> Call:
    owner, token = turn.known.token(step.token)
    ttl = timedelta(seconds=step.seconds)

    def renew(connection: Database) -> Answer:
        row = worker_lock.renew_worker_lock(
            connection, owner_id=owner, token=token, ttl=ttl, now=turn.now
        )
        until, is_held = turn.now + ttl, row is not None
        return _answer(
            row,
            rules.renewed(
                owner, token, until, now=turn.now, is_held=is_held, text="renewed"
            ),
        )

    return renew


def _release(step: Release, turn: Turn) -> Call:
    owner, token = turn.known.token(step.token)

    def release(connection: Database) -> Answer:
        count = worker_lock.release_worker_lock(
            connection, owner_id=owner, token=token, now=turn.now
        )
        return _answer(
            count,
            rules.renewed(
                owner,
                token,
                turn.now,
                now=turn.now,
                is_held=bool(count),
                text="released",
            ),
        )

    return release


def _other(step: StoreStep, turn: Turn) -> Call | None:
    if isinstance(step, Increment):
        return _increment(step)
    if isinstance(step, Observe):
        return _observe(step)
    if isinstance(step, TakeTurn):
        return _take_turn(turn)
    return _prune(step, turn) if isinstance(step, Prune) else None


def _increment(step: Increment) -> Call:
    def increment(connection: Database) -> Answer:
        total = metrics.increment_counter(
            connection, name=step.name, amount=step.amount
        )
        return _answer(total, rules.incremented(step.name, step.amount, total))

    return increment


def _observe(step: Observe) -> Call:
    def observe(connection: Database) -> Answer:
        count = metrics.observe_latency(
            connection, name=step.name, milliseconds=Decimal(step.milliseconds)
        )
        return _answer(count, rules.observed(step.name, step.milliseconds))

    return observe


def _take_turn(turn: Turn) -> Call:
    def take(connection: Database) -> Answer:
        is_mine = retention.take_retention_turn(
            connection, min_interval=rules.TURN_INTERVAL, now=turn.now
        )
        return _answer(is_mine, rules.turn_taken(now=turn.now, is_mine=is_mine))

    return take


def _prune(step: Prune, turn: Turn) -> Call:
    """Which rows went is not told: any of them may have."""

    def prune(connection: Database) -> Answer:
        count = _delete(connection, step, turn.now)
        parts = _pruned(step, turn.now) if count else ()
        return Answer(repr(count), parts, (Stored(step.table, -count),))

    return prune


def _delete(connection: Database, step: Prune, now: datetime) -> int:
    if step.table == "nonces":
        return retention.delete_old_nonces(connection, max_days=0, now=now)
    approvals = step.table == "approvals"
    if step.newest is not None:
        surplus = (
            retention.delete_surplus_approvals
            if approvals
            else retention.delete_surplus_idempotency
        )
        return surplus(connection, max_rows=step.newest)
    old = (
        retention.delete_old_approvals
        if approvals
        else retention.delete_old_idempotency
    )
    return old(connection, max_days=0, now=now)


def _pruned(step: Prune, now: datetime) -> tuple[Part, ...]:
    before = now if step.newest is None else datetime.max.replace(tzinfo=UTC)
    if step.table == "nonces":
        before_ms = now.timestamp() * 1000
        return tuple(rules.nonces_pruned(one, before_ms) for one in NONCES)
    if step.table == "approvals":
        return tuple(rules.approvals_pruned(one) for one in APPROVALS)
    return tuple(rules.requests_pruned(one, before) for one in KEYS)
