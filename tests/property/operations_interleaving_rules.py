"""What each statement on the other tables says of a thing, as rules over its states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from operations_interleaving_histories import Part

#: A thing that is not there is None for all rules.
TURN_INTERVAL = timedelta(minutes=1)


# A nonce: since when it is used, in milliseconds.


def registered(nonce: str, timestamp_ms: int, *, is_first: bool) -> Part:
    def apply(used: int | None) -> Iterable[int | None]:
        if is_first and used is None:
            yield timestamp_ms
        if not is_first and used is not None:
            yield used

    text = f"nonce {nonce} {'used first' if is_first else 'refused'}"
    return Part(("nonce", nonce), nonce, is_first, apply, text)


def nonces_pruned(nonce: str, before_ms: float) -> Part:
    """Perhaps this one was among those that went."""

    def apply(used: int | None) -> Iterable[int | None]:
        yield used
        if used is not None and used < before_ms:
            yield None

    return Part(("nonce", nonce), nonce, True, apply, "pruned nonces")


# Requests by key.


@dataclass(frozen=True, slots=True)
class Request:
    saved_at: datetime
    #: None while it is under way.
    value: str | None = None


def begun(key: str, *, now: datetime, is_mine: bool) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        if is_mine and request is None:
            yield Request(now)
        if not is_mine and request is not None:
            yield request

    text = f"request {key} {'begun' if is_mine else 'begun by another'}"
    return Part(("request", key), key, is_mine, apply, text)


def finished(
    key: str, begun_at: datetime, value: str, *, now: datetime, is_stored: bool
) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        is_current = request == Request(begun_at)
        if is_current == is_stored:
            yield Request(now, value) if is_stored else request

    text = f"request {key} {'finished' if is_stored else 'not finished'}"
    return Part(("request", key), key, is_stored, apply, text)


def abandoned(key: str, before: datetime, *, count: int) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        is_old = (
            request is not None and request.value is None and request.saved_at <= before
        )
        if is_old == bool(count):
            yield None if count else request

    text = f"request {key} {'abandoned' if count else 'not abandoned'}"
    return Part(("request", key), key, bool(count), apply, text, may_overlook=not count)


def request_released(key: str, begun_at: datetime, *, count: int) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        if (request == Request(begun_at)) == bool(count):
            yield None if count else request

    text = f"request {key} {'released' if count else 'not released'}"
    return Part(("request", key), key, bool(count), apply, text)


def request_seen(key: str, seen: Request | None) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        if request == seen:
            yield request

    return Part(("request", key), key, False, apply, f"request {key} read")


def requests_pruned(key: str, before: datetime) -> Part:
    def apply(request: Request | None) -> Iterable[Request | None]:
        yield request
        if request and request.value is not None and request.saved_at < before:
            yield None

    return Part(("request", key), key, True, apply, "pruned requests")


# Approvals.


@dataclass(frozen=True, slots=True)
class Asked:
    status: str = "pending"
    decided_at: datetime | None = None
    members: frozenset[tuple[str, int]] = frozenset()


def decided(approval: str, status: str, *, now: datetime, is_mine: bool) -> Part:
    def apply(asked: Asked | None) -> Iterable[Asked | None]:
        is_pending = asked is not None and asked.status == "pending"
        if asked and is_pending and is_mine:
            yield replace(asked, status=status, decided_at=now)
        if not is_pending and not is_mine:
            yield asked

    text = f"approval {approval} {status if is_mine else 'decided by another'}"
    return Part(("approval", approval), approval, is_mine, apply, text)


def patched(
    approval: str, patch: tuple[str, int], *, seen: frozenset[tuple[str, int]] | None
) -> Part:
    """`seen` is the payload that was returned; None for no row."""

    def apply(asked: Asked | None) -> Iterable[Asked | None]:
        if asked is None:
            members = None
        else:
            members = frozenset({**dict(asked.members), patch[0]: patch[1]}.items())
        if members == seen:
            yield replace(asked, members=members) if asked and members else asked

    written = seen is not None
    return Part(("approval", approval), approval, written, apply, f"patched {approval}")


def approvals_pruned(approval: str) -> Part:
    """Perhaps this one went; all were there before the program began."""

    def apply(asked: Asked | None) -> Iterable[Asked | None]:
        yield asked
        if asked and asked.decided_at:
            yield None

    return Part(("approval", approval), approval, True, apply, "pruned approvals")


# The worker lock.


@dataclass(frozen=True, slots=True)
class Held:
    owner: str
    token: int
    expires_at: datetime

    def is_of(self, owner: str, token: int, now: datetime) -> bool:
        return (self.owner, self.token) == (owner, token) and self.expires_at > now


Lock: TypeAlias = Held | None
_LOCK = ("lock", 1)


def acquired(owner: str, ttl: timedelta, *, now: datetime, got: Lock) -> Part:
    def apply(lock: Lock) -> Iterable[Lock]:
        is_free = lock is None or lock.owner == owner or lock.expires_at <= now
        if got is None and not is_free:
            yield lock
        token = lock.token + 1 if lock else 1
        if is_free and got == Held(owner, token, now + ttl):
            yield got

    text = f"lock {f'acquired with token {got.token}' if got else 'refused'} by {owner}"
    return Part(_LOCK, 1, got is not None, apply, text)


def renewed(
    owner: str, token: int, until: datetime, *, now: datetime, is_held: bool, text: str
) -> Part:
    """That the lock ends at another time, or that it was lost."""

    def apply(lock: Lock) -> Iterable[Lock]:
        if (lock is not None and lock.is_of(owner, token, now)) == is_held:
            yield replace(lock, expires_at=until) if lock and is_held else lock

    said = text if is_held else f"not {text}"
    return Part(_LOCK, 1, is_held, apply, f"lock {said} with token {token}")


def guarded(token: int, *, now: datetime, passed: Lock) -> Part:
    def apply(lock: Lock) -> Iterable[Lock]:
        is_valid = lock is not None and lock.token == token and lock.expires_at > now
        if passed == (lock if is_valid else None):
            yield lock

    text = f"fence {'passed' if passed else 'refused'} with token {token}"
    return Part(_LOCK, 1, False, apply, text)


# Metrics, and the turn of retention.


def incremented(name: str, amount: int, total: int | None) -> Part:
    def apply(count: int | None) -> Iterable[int | None]:
        if (count or 0) + amount == total:
            yield total

    text = f"counter {name} {amount:+} to {total}"
    return Part(("counter", name), name, True, apply, text)


def observed(name: str, milliseconds: int) -> Part:
    """The state is count, total and maximum."""

    def apply(state: tuple[int, int, int] | None) -> Iterable[tuple[int, int, int]]:
        count, total, most = state or (0, 0, 0)
        yield count + 1, total + milliseconds, max(most, milliseconds)

    return Part(("latency", name), name, True, apply, f"latency {name} {milliseconds}")


def turn_taken(*, now: datetime, is_mine: bool) -> Part:
    def apply(last: datetime | None) -> Iterable[datetime | None]:
        is_due = last is None or last <= now - TURN_INTERVAL
        if is_due == is_mine:
            yield now if is_mine else last

    text = "turn taken" if is_mine else "turn refused"
    return Part(("turn", 1), 1, is_mine, apply, text)
