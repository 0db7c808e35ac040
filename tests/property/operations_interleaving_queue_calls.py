"""How the steps on the queue are taken, and what the answers say."""

from __future__ import annotations

from datetime import timedelta

import operations_interleaving_queue_rules as rules
from operations_interleaving_histories import (
    Answer,
    Claimed,
    Created,
    Died,
    Part,
    Removed,
)
from operations_interleaving_language import (
    Claim,
    Complete,
    CompleteMany,
    Extend,
    Fail,
    FindConflict,
    LockPlatform,
    QueueStep,
    Reclaim,
    Remove,
    Replay,
    Schedule,
    ScheduleIfFree,
    ScheduleMany,
)
from operations_interleaving_laws import GAP_SECONDS
from operations_interleaving_queue_rules import LEASE, JobState
from operations_interleaving_turns import START, Call, Database, Turn
from psycopg.pq import TransactionStatus

from datalayer.queries.operations import queue, queue_work

GAP = timedelta(seconds=GAP_SECONDS)
PLATFORM = "blog"


def prepare(step: QueueStep, turn: Turn) -> Call | None:
    """Return what is left to be done; None for what the session may not do."""
    for topic in (_claim, _end, _schedule, _rare):
        call = topic(step, turn)
        if call is not None:
            return call
    assert isinstance(step, ScheduleIfFree), step
    return None


def _claim(step: QueueStep, turn: Turn) -> Call | None:
    if isinstance(step, Claim):
        return _claim_jobs(step, turn)
    if isinstance(step, Reclaim):
        return _reclaim(step, turn)
    return _extend(step, turn) if isinstance(step, Extend) else None


def _claim_jobs(step: Claim, turn: Turn) -> Call:
    worker = f"worker {turn.session}"

    def claim(connection: Database) -> Answer:
        jobs = queue_work.claim_due_jobs(
            connection, worker=worker, row_limit=step.limit, lease=LEASE, now=turn.now
        )
        after = [_as_claimed(job, worker) for job in jobs]
        parts = tuple(rules.claimed(state, now=turn.now) for state in after)
        order = tuple((job.scheduled_at, job.id, job.attempt_token) for job in jobs)
        attempts = [(job.id, job.attempt_token) for job in jobs]
        return Answer(
            repr(jobs),
            parts,
            (Claimed(step.limit, order, turn.now),),
            learn=lambda: turn.known.attempts.extend(attempts),
        )

    return claim


def _as_claimed(job: queue_work.ClaimedJob, worker: str) -> JobState:
    return JobState(
        job.id,
        job.idempotency_key,
        "processing",
        job.retries,
        job.attempt_token,
        job.scheduled_at,
        None,
        worker,
        job.locked_until,
    )


def _reclaim(step: Reclaim, turn: Turn) -> Call:
    def part(job: queue_work.ReclaimedJob) -> Part:
        most, token = step.max_claims, job.attempt_token
        return rules.reclaimed(
            turn.known.thing(job.id),
            job.id,
            token,
            status=job.status,
            is_last=most is not None and token >= most,
            now=turn.now,
        )

    def reclaim(connection: Database) -> Answer:
        jobs = queue_work.reclaim_expired_jobs(
            connection,
            row_limit=step.limit,
            max_claims=step.max_claims,
            now=turn.now,
        )
        dead = tuple(Died(job.id) for job in jobs if job.status == "dead_letter")
        return Answer(repr(jobs), tuple(map(part, jobs)), dead)

    return reclaim


def _extend(step: Extend, turn: Turn) -> Call:
    attempts = _attempts(step.attempts, turn)

    def part(job: int, token: int, extended: set[int]) -> Part:
        thing = turn.known.thing(job)
        if job in extended:
            return rules.extended(thing, job, token, until=turn.now + LEASE)
        return rules.attempt_lost(thing, job, token, "extend")

    def extend(connection: Database) -> Answer:
        jobs = queue_work.extend_leases(
            connection,
            job_ids=list(attempts),
            attempt_tokens=list(attempts.values()),
            lease=LEASE,
            now=turn.now,
        )
        extended = {job.id for job in jobs}
        parts = tuple(part(*attempt, extended) for attempt in attempts.items())
        return Answer(repr(jobs), parts)

    return extend


def _attempts(places: tuple[int, ...], turn: Turn) -> dict[int, int]:
    """The tokens of attempts by job, one a job."""
    return dict(turn.known.attempt(place) for place in places)


def _end(step: QueueStep, turn: Turn) -> Call | None:
    if isinstance(step, Complete):
        return _complete(step, turn)
    if isinstance(step, CompleteMany):
        return _complete_many(step, turn)
    return _fail(step, turn) if isinstance(step, Fail) else None


def _complete(step: Complete, turn: Turn) -> Call:
    job, token = turn.known.attempt(step.attempt)

    def complete(connection: Database) -> Answer:
        row = queue_work.complete_job(
            connection, job_id=job, attempt_token=token, now=turn.now
        )
        ended = {job} if row else set()
        return _completed(repr(row), {job: token}, ended, turn)

    return complete


def _complete_many(step: CompleteMany, turn: Turn) -> Call:
    attempts = _attempts(step.attempts, turn)

    def complete(connection: Database) -> Answer:
        rows = queue_work.complete_jobs(
            connection,
            job_ids=list(attempts),
            attempt_tokens=list(attempts.values()),
            remote_ids=[None] * len(attempts),
            now=turn.now,
        )
        return _completed(repr(rows), attempts, {row.id for row in rows}, turn)

    return complete


def _completed(
    shown: str, attempts: dict[int, int], ended: set[int], turn: Turn
) -> Answer:
    def part(job: int, token: int) -> Part:
        thing = turn.known.thing(job)
        if job in ended:
            return rules.completed(thing, job, token)
        return rules.attempt_lost(thing, job, token, "complete")

    parts = tuple(part(job, token) for job, token in attempts.items())
    return Answer(shown, parts, tuple(map(Died, sorted(ended))))


def _fail(step: Fail, turn: Turn) -> Call:
    job, token = turn.known.attempt(step.attempt)
    thing = turn.known.thing(job)

    def fail(connection: Database) -> Answer:
        row = queue_work.fail_job(
            connection,
            job_id=job,
            attempt_token=token,
            error="no answer",
            max_attempts=rules.MAX_ATTEMPTS,
            first_backoff=rules.FIRST_BACKOFF,
            jitter=0,
            now=turn.now,
        )
        if row is None:
            part = rules.attempt_lost(thing, job, token, "fail")
            return Answer(repr(row), (part,))
        returned = (row.status, row.retries)
        part = rules.failed(thing, job, token, returned=returned, now=turn.now)
        dead = (Died(job),) if row.status == "dead_letter" else ()
        return Answer(repr(row), (part,), dead)

    return fail


def _schedule(step: QueueStep, turn: Turn) -> Call | None:
    known, session = turn.known, turn.session
    if isinstance(step, LockPlatform):
        return _lock_platform(turn)
    if isinstance(step, FindConflict):
        return _find_conflict(step, turn)
    if isinstance(step, Schedule):
        return _schedule_job(turn, step.key, 0, guarded=False)
    if isinstance(step, ScheduleMany):
        return _schedule_many(step, turn)
    if isinstance(step, ScheduleIfFree) and step.at in known.free.get(session, ()):
        return _schedule_job(turn, None, step.at, guarded=True)
    return None


def _lock_platform(turn: Turn) -> Call:
    def lock(connection: Database) -> Answer:
        isolation = queue.lock_platform(connection, platform=PLATFORM)
        # In any other a later statement would not see what the last one scheduled.
        if isolation == "read committed":
            turn.known.free[turn.session] = set()
        return Answer(repr(isolation))

    return lock


def _find_conflict(step: FindConflict, turn: Turn) -> Call:
    at = START + timedelta(seconds=step.at)

    def find(connection: Database) -> Answer:
        job = queue.find_schedule_conflict(
            connection, platform=PLATFORM, scheduled_at=at, min_gap=GAP
        )
        free = turn.known.free.get(turn.session)
        if job is None and free is not None:
            free.add(step.at)
        return Answer(repr(job))

    return find


def _schedule_job(turn: Turn, key: str | None, at: int, *, guarded: bool) -> Call:
    content = f"post {turn.number}"
    scheduled_at = START + timedelta(seconds=at)

    def schedule(connection: Database) -> Answer:
        job = queue.schedule_job(
            connection,
            platform=PLATFORM,
            content=content,
            scheduled_at=scheduled_at,
            idempotency_key=key,
        )
        # What was found to be free is so no more.
        turn.known.free.pop(turn.session, None)
        state = as_state(job)
        if job.content != content:
            return Answer(repr(job), (rules.found_by_key(state),))
        return Answer(
            repr(job),
            (rules.created(state),),
            (Created(job.id, at, guarded),),
            learn=lambda: turn.known.add_job(job.id, job.idempotency_key),
        )

    return schedule


def _schedule_many(step: ScheduleMany, turn: Turn) -> Call:
    count = len(step.keys)

    def schedule(connection: Database) -> Answer:
        # What it has written before is nothing that others could see.
        is_alone = connection.info.transaction_status == TransactionStatus.IDLE
        new = queue.schedule_jobs(
            connection,
            platforms=[PLATFORM] * count,
            contents=[f"post {turn.number}"] * count,
            scheduled_ats=[START] * count,
            idempotency_keys=list(step.keys),
        )
        keys = [job.idempotency_key for job in new]
        taken = [key for key in step.keys if is_alone and key not in keys]
        created = [rules.created(as_state(job)) for job in new]

        def learn() -> None:
            for job in new:
                turn.known.add_job(job.id, job.idempotency_key)

        return Answer(
            repr(new),
            (*created, *map(rules.key_taken, taken)),
            tuple(Created(job.id, 0, False) for job in new),
            learn,
        )

    return schedule


def as_state(job: queue.Job) -> JobState:
    return JobState(
        job.id,
        job.idempotency_key,
        job.status,
        job.retries,
        job.attempt_token,
        job.scheduled_at,
        job.next_retry_at,
        job.locked_by,
        job.locked_until,
    )


def _rare(step: QueueStep, turn: Turn) -> Call | None:
    if isinstance(step, Remove):
        return _remove(step, turn)
    return _replay(step, turn) if isinstance(step, Replay) else None


def _remove(step: Remove, turn: Turn) -> Call:
    job = turn.known.job(step.job)
    thing = turn.known.thing(job)

    def remove(connection: Database) -> Answer:
        row = queue.remove_job(connection, job_id=job, force=step.force)
        if row is None:
            return Answer("None", (rules.not_removed(thing, job, force=step.force),))
        part = rules.removed(
            thing,
            job,
            status=row.status,
            token=row.attempt_token,
            force=step.force,
        )
        return Answer(repr(row), (part,), (Removed(job), Died(job)))

    return remove


def _replay(step: Replay, turn: Turn) -> Call:
    job = turn.known.job(step.job)
    thing = turn.known.thing(job)

    def replay(connection: Database) -> Answer:
        row = queue.replay_dead_letter(connection, job_id=job)
        if row is None:
            return Answer("None", (rules.not_replayed(thing, job),))
        return Answer(repr(row), (rules.replayed(thing, job),))

    return replay
