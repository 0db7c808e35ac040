"""Steps that schedule, claim and end jobs, in a database and in its model alike."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import rule
from operations_clock import ClockSteps, none_if
from operations_queue_model import Attempt, Backoff, Job, Queue, in_utc
from operations_strategies import (
    ATTEMPTS,
    BACKOFFS,
    JOB_KEYS,
    LEASES,
    LIMITS,
    MICROSECOND,
    OFFSETS,
    PLATFORMS,
    WORKERS,
)

from datalayer.domains import operations
from datalayer.domains.operations import NewJob, errors
from datalayer.queries.operations import queue, queue_work

_UNKNOWN = 2**40
_REMOTE_IDS = st.sampled_from([None, "remote"])
#: What a caller gives of a new job: the platform, the time from now, and the key.
Given = tuple[str, timedelta, str | None]
_NEW_JOB = st.tuples(PLATFORMS, OFFSETS, JOB_KEYS)
#: Where the answer to a claim agrees with the job.
_CLAIMED = (
    "id",
    "platform",
    "scheduled_at",
    "content",
    "idempotency_key",
    "retries",
    "attempt_token",
    "locked_until",
)


class Named(NamedTuple):
    """An attempt as the services take it."""

    id: int
    attempt_token: int


class QueueSteps(ClockSteps):
    """Each call of the queue, beside what it should do."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.contents = 0

    def limits(self) -> list[datetime]:
        leases = [job.locked_until for job in self.queue.live() if job.locked_until]
        return [*super().limits(), *leases, *(job.due_at for job in self.queue.live())]

    # Which of the things there are.

    def job(self, pick: int, *statuses: str) -> Job | None:
        """A job of these statuses if there is one, or any."""
        jobs = self.queue.of_status(*statuses) or list(self.queue.jobs.values())
        return jobs[pick % len(jobs)] if jobs else None

    def attempt(self, kind: str, pick: int) -> Attempt:
        """An attempt that is the current one, or only says that it is."""
        held = [job.attempt for job in self.queue.of_status("processing")]
        others = [job.attempt for job in self.queue.jobs.values()]
        known = {
            "current": held,
            "given": self.queue.given,
            "next": [(job_id, token + 1) for job_id, token in others],
            "foreign": [
                (job_id, token) for (job_id, _), (_, token) in pairwise(others)
            ],
        }
        attempts = known.get(kind) or [(_UNKNOWN, 1)]
        return attempts[pick % len(attempts)]

    def note_end(self, attempt: Attempt, how: str) -> None:
        ended = self.queue.ended
        assert attempt not in ended, f"law: an attempt ends once, not {ended} and {how}"
        ended[attempt] = how

    # Scheduling.

    @rule(given=_NEW_JOB)
    def schedule(self, given: Given) -> None:
        new = self.new_job(given)
        first = self.queue.live_by_key(new.idempotency_key)
        row = operations.schedule_job(
            self.connection,
            platform=new.platform,
            content=new.content,
            scheduled_at=new.scheduled_at,
            idempotency_key=new.idempotency_key,
        )
        if first is None:
            self.check_new(row, new)
        else:
            assert Job.of(row) == first, "law: a key has one live job"

    def new_job(self, given: Given) -> Job:
        """What is asked for; the server says under which id, and when that was."""
        platform, offset, key = given
        self.contents += 1
        at = self.now + offset
        return Job(0, platform, f"post {self.contents}", at, at, at, key)

    def check_new(self, row: queue.Job, new: Job) -> None:
        """A new job has all that was given, and nothing else."""
        assert row.id > max(self.queue.jobs, default=0), "law: a new job has a new id"
        new.id = row.id
        new.created_at, new.updated_at = row.created_at, row.updated_at
        assert self.queue.insert(row) == new, "law: a new job is as it was given"

    @rule(given=st.lists(_NEW_JOB, max_size=4))
    def schedule_many(self, given: list[Given]) -> None:
        asked = [self.new_job(each) for each in given]
        taken = {job.idempotency_key for job in self.queue.live()}
        new = []
        for job in asked:
            if job.idempotency_key is None or job.idempotency_key not in taken:
                new.append(job)
            taken.add(job.idempotency_key)
        rows = operations.schedule_jobs(
            self.connection,
            new_jobs=[
                NewJob(job.platform, job.content, job.scheduled_at, job.idempotency_key)
                for job in asked
            ],
        )
        assert len(rows) == len(new), "law: a key has one live job"
        for row, job in zip(rows, new, strict=True):
            self.check_new(row, job)

    # Working.

    @rule(worker=WORKERS, limit=LIMITS, lease=LEASES)
    def claim(self, worker: str, limit: int, lease: timedelta) -> None:
        self.claim_since(worker, limit, lease, None)

    @rule(worker=WORKERS, limit=LIMITS, lease=LEASES, offset=OFFSETS)
    def claim_with_floor(
        self, worker: str, limit: int, lease: timedelta, offset: timedelta
    ) -> None:
        self.claim_since(worker, limit, lease, self.now - abs(offset))

    def claim_since(
        self, worker: str, limit: int, lease: timedelta, since: datetime | None
    ) -> None:
        rows = operations.claim_due_jobs(
            self.connection,
            worker=worker,
            limit=limit,
            lease=lease,
            since=since,
            now=self.now,
        )
        assert len(rows) <= limit, "law: a claim takes no more than its limit"
        for row in rows:
            job = self.queue.jobs[row.id]
            assert job.is_waiting, "law: only what waits is claimed"
            assert job.due_at <= self.now, "law: no claim before its time"
        due = self.queue.due(self.now, since)[:limit]
        assert {row.id for row in rows} == {job.id for job in due}, (
            "law: a claim takes what has waited longest"
        )
        due.sort(key=lambda job: (job.scheduled_at, job.id))
        assert [row.id for row in rows] == [job.id for job in due], "law: claim order"
        for row, job in zip(rows, due, strict=True):
            self.queue.claim(job, worker, self.now + lease, self.now)
            self.check_claimed(row, job)

    def check_claimed(self, row: queue_work.ClaimedJob, job: Job) -> None:
        shown = [getattr(job, name) for name in _CLAIMED]
        assert [getattr(row, name) for name in _CLAIMED] == shown, "law: what one gets"
        assert job.attempt not in self.queue.given, "law: no token is given twice"
        self.queue.given.append(job.attempt)

    @rule(attempts=st.lists(ATTEMPTS, max_size=4), lease=LEASES)
    def extend(self, attempts: list[tuple[str, int]], lease: timedelta) -> None:
        self.extend_attempts([self.attempt(*each) for each in attempts], lease)

    def extend_attempts(self, named: list[Attempt], lease: timedelta) -> None:
        ends = operations.extend_leases(
            self.connection,
            attempts=[Named(*attempt) for attempt in named],
            lease=lease,
            now=self.now,
        )
        until = self.now + lease
        held = self.queue.extend(named, until, self.now)
        assert ends == dict.fromkeys(held, until), "law: a stale token changes nothing"

    @rule(which=ATTEMPTS, remote_id=_REMOTE_IDS)
    def complete(self, which: tuple[str, int], remote_id: str | None) -> None:
        self.complete_attempt(self.attempt(*which), remote_id)

    def complete_attempt(self, attempt: Attempt, remote_id: str | None) -> None:
        row = none_if(
            errors.AttemptLost,
            lambda: operations.complete_job(
                self.connection,
                job_id=attempt[0],
                attempt_token=attempt[1],
                remote_id=remote_id,
                now=self.now,
            ),
        )
        job = self.queue.holder(attempt)
        if job is None:
            assert row is None, f"law: a stale token changes nothing: {row}"
            return
        assert row is not None, "law: the current token completes"
        self.note_end(attempt, "completed")
        self.queue.complete(job, remote_id, self.now)
        check_ended(row, job)

    @rule(which=st.lists(ATTEMPTS, max_size=4), remote_id=_REMOTE_IDS)
    def complete_many(
        self, which: list[tuple[str, int]], remote_id: str | None
    ) -> None:
        self.complete_attempts([self.attempt(*each) for each in which], remote_id)

    def complete_attempts(self, attempts: list[Attempt], remote_id: str | None) -> None:
        held = {job.id: job for job in map(self.queue.holder, attempts) if job}
        completed = operations.complete_jobs(
            self.connection,
            attempts=[Named(*attempt) for attempt in attempts],
            remote_ids=dict.fromkeys(held, remote_id) if remote_id else None,
            now=self.now,
        )
        assert completed == set(held), (
            "law: a stale token changes nothing, and the current ones complete"
        )
        for job in held.values():
            self.note_end(job.attempt, "completed")
            self.queue.complete(job, remote_id, self.now)

    @rule(which=ATTEMPTS, most=st.integers(1, 4), backoff=BACKOFFS)
    def fail(self, which: tuple[str, int], most: int, backoff: Backoff) -> None:
        self.fail_attempt(self.attempt(*which), most, backoff)

    def fail_attempt(self, attempt: Attempt, most: int, backoff: Backoff) -> None:
        # The jitter is the same when Hypothesis tries the same again.
        self.connection.execute("SELECT setseed(0.5)")
        row = none_if(
            errors.AttemptLost,
            lambda: operations.fail_job(
                self.connection,
                job_id=attempt[0],
                attempt_token=attempt[1],
                error=f"error of {attempt}",
                max_attempts=most,
                first_backoff=backoff.first,
                max_backoff=backoff.most,
                jitter=backoff.jitter,
                now=self.now,
            ),
        )
        job = self.queue.holder(attempt)
        if job is None:
            assert row is None, f"law: a stale token changes nothing: {row}"
            return
        assert row is not None, "law: the current token fails"
        self.note_end(attempt, "failed")
        is_last = job.retries + 1 >= most
        assert (row.status == "dead_letter") == is_last, (
            "law: a dead letter after the last failure, and not before"
        )
        self.queue.fail(job, f"error of {attempt}", is_last, self.now)
        if not is_last:
            job.next_retry_at = self.check_backoff(row, backoff)
        check_ended(row, job)

    def check_backoff(self, row: queue_work.EndedJob, backoff: Backoff) -> datetime:
        """The time of the retry, which the server chose within its bounds."""
        assert row.next_retry_at is not None, "law: a retry has its time"
        wait, middle = row.next_retry_at - self.now, backoff.after(row.retries)
        away = middle * backoff.jitter + MICROSECOND
        assert abs(wait - middle) <= away, f"law: the backoff: {wait}, not {middle}"
        return in_utc(row.next_retry_at)

    @rule(limit=LIMITS, most_claims=st.sampled_from([None, None, 1, 2, 3]))
    def reclaim(self, limit: int, most_claims: int | None) -> None:
        rows = operations.reclaim_expired_jobs(
            self.connection, limit=limit, max_claims=most_claims, now=self.now
        )
        expired = self.queue.expired(self.now)[:limit]
        assert sorted(row.id for row in rows) == sorted(job.id for job in expired), (
            "law: what ended first is taken back"
        )
        found = {row.id: (row.status, row.attempt_token, row.locked_by) for row in rows}
        for job in expired:
            self.note_end(job.attempt, "reclaimed")
            worker = job.locked_by
            self.queue.reclaim(job, most_claims, self.now)
            expected = (job.status, job.attempt_token, worker)
            assert found[job.id] == expected, "law: an ended lease is no failure"


def check_ended(row: queue_work.EndedJob, job: Job) -> None:
    """The end of an attempt says what became of the job."""
    found = (row.id, row.status, row.retries, row.next_retry_at)
    expected = (job.id, job.status, job.retries, job.next_retry_at)
    assert found == expected, "law: the end of an attempt"
