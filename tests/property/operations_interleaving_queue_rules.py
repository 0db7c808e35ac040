"""What each statement on the queue says of a job, as rules over the job's states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from operations_interleaving_histories import Part, Thing

MAX_ATTEMPTS = 2
FIRST_BACKOFF = timedelta(seconds=4)
LEASE = timedelta(seconds=5)
_WAITING = ("scheduled", "retrying")


@dataclass(frozen=True, slots=True)
class JobState:
    id: int
    key: str | None
    status: str
    retries: int
    token: int
    scheduled_at: datetime
    next_retry_at: datetime | None = None
    locked_by: str | None = None
    locked_until: datetime | None = None

    @property
    def thing(self) -> Thing:
        return thing_of(self.id, self.key)

    @property
    def is_waiting(self) -> bool:
        return self.status in _WAITING

    @property
    def is_live(self) -> bool:
        return self.is_waiting or self.status == "processing"

    @property
    def due_at(self) -> datetime:
        return self.next_retry_at or self.scheduled_at

    def is_attempt(self, token: int) -> bool:
        """Whether a token is that of the attempt under way."""
        return self.status == "processing" and self.token == token

    def idle(self, status: str, next_retry_at: datetime | None = None) -> JobState:
        return replace(
            self,
            status=status,
            next_retry_at=next_retry_at,
            locked_by=None,
            locked_until=None,
        )


#: All jobs with a key, or a job without one.
Jobs: TypeAlias = frozenset[JobState]
NO_JOBS: Jobs = frozenset()


def thing_of(job: int, key: str | None) -> Thing:
    return ("jobs", key if key is not None else job)


def _written(
    thing: Thing,
    job: int,
    text: str,
    change: Callable[[JobState], JobState | None],
) -> Part:
    """A change of a job, which is there; None for a state where it cannot be."""

    def apply(jobs: Jobs) -> Iterable[Jobs]:
        for old in jobs:
            if old.id == job and (new := change(old)) is not None:
                yield (jobs - {old}) | {new}

    return Part(thing, job, True, apply, f"{text} job {job}")


def _unchanged(
    thing: Thing, job: int, text: str, excluded: Callable[[JobState], bool]
) -> Part:
    """That nothing was done to a job: it was not there, or not as `excluded` says."""

    def apply(jobs: Jobs) -> Iterable[Jobs]:
        if not any(old.id == job and excluded(old) for old in jobs):
            yield jobs

    return Part(thing, job, False, apply, f"did not {text} job {job}")


def created(new: JobState) -> Part:
    def apply(jobs: Jobs) -> Iterable[Jobs]:
        if new.key is None or not any(old.is_live for old in jobs):
            yield jobs | {new}

    return Part(new.thing, new.id, True, apply, f"created job {new.id}")


def found_by_key(found: JobState) -> Part:
    """That the job of a key was returned and locked."""
    return _written(
        found.thing,
        found.id,
        "found the live",
        lambda old: old if old == found and old.is_live else None,
    )


def key_taken(key: str) -> Part:
    """That nothing was created, as there is a live job of the key."""

    def apply(jobs: Jobs) -> Iterable[Jobs]:
        if any(old.is_live for old in jobs):
            yield jobs

    return Part(thing_of(0, key), key, False, apply, f"key {key} taken")


def claimed(after: JobState, *, now: datetime) -> Part:
    """`after` is what the claim returned."""

    def change(old: JobState) -> JobState | None:
        if not old.is_waiting or old.due_at > now:
            return None
        new = replace(
            old.idle("processing"),
            token=old.token + 1,
            locked_by=after.locked_by,
            locked_until=now + LEASE,
        )
        return new if new == after else None

    return _written(after.thing, after.id, f"claimed by token {after.token}", change)


def completed(thing: Thing, job: int, token: int) -> Part:
    return _written(
        thing,
        job,
        f"completed by token {token}",
        lambda old: old.idle("posted") if old.is_attempt(token) else None,
    )


def failed(
    thing: Thing, job: int, token: int, *, returned: tuple[str, int], now: datetime
) -> Part:
    """`returned` are the status and the retries."""

    def change(old: JobState) -> JobState | None:
        retries = old.retries + 1
        is_last = retries >= MAX_ATTEMPTS
        status = "dead_letter" if is_last else "retrying"
        if not old.is_attempt(token) or returned != (status, retries):
            return None
        backoff = None if is_last else now + FIRST_BACKOFF * 2**old.retries
        return replace(old.idle(status, backoff), retries=retries)

    return _written(thing, job, f"failed by token {token}", change)


def extended(thing: Thing, job: int, token: int, *, until: datetime) -> Part:
    return _written(
        thing,
        job,
        f"extended by token {token}",
        lambda old: replace(old, locked_until=until) if old.is_attempt(token) else None,
    )


def attempt_lost(thing: Thing, job: int, token: int, text: str) -> Part:
    """That an attempt could not be ended or extended, because it is not current."""
    return _unchanged(
        thing, job, f"{text} by token {token}", lambda old: old.is_attempt(token)
    )


def reclaimed(
    thing: Thing, job: int, token: int, *, status: str, is_last: bool, now: datetime
) -> Part:
    """`status` is what was returned; `is_last` tells that it was claimed too often."""

    def change(old: JobState) -> JobState | None:
        ended = old.locked_until is not None and old.locked_until <= now
        back = "retrying" if old.retries else "scheduled"
        right = status == ("dead_letter" if is_last else back)
        return old.idle(status) if ended and old.token == token and right else None

    return _written(thing, job, f"reclaimed from token {token}", change)


def removed(thing: Thing, job: int, *, status: str, token: int, force: bool) -> Part:
    """`status` and `token` are what the row said."""

    def apply(jobs: Jobs) -> Iterable[Jobs]:
        for old in jobs:
            allowed = force or old.status != "processing"
            if (old.id, old.status, old.token) == (job, status, token) and allowed:
                yield jobs - {old}

    return Part(thing, job, True, apply, f"removed job {job}")


def not_removed(thing: Thing, job: int, *, force: bool) -> Part:
    return _unchanged(
        thing, job, "remove", lambda old: force or old.status != "processing"
    )


def replayed(thing: Thing, job: int) -> Part:
    def apply(jobs: Jobs) -> Iterable[Jobs]:
        others = any(old.is_live for old in jobs)
        for old in jobs:
            if old.id == job and old.status == "dead_letter" and not others:
                yield (jobs - {old}) | {replace(old.idle("scheduled"), retries=0)}

    return Part(thing, job, True, apply, f"replayed job {job}")


def not_replayed(thing: Thing, job: int) -> Part:
    # Another job may have had the key just then, of which the row says nothing.
    return _unchanged(
        thing,
        job,
        "replay",
        lambda old: old.key is None and old.status == "dead_letter",
    )
