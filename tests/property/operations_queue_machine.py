"""A state machine that uses the queue as applications and workers do."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from operations_clock import none_if
from operations_laws import check_jobs, check_lists, check_queue
from operations_queue_model import Attempt, Backoff, Job
from operations_queue_steps import QueueSteps
from operations_strategies import (
    BACKOFFS,
    GAPS,
    JOB_KEYS,
    LEASES,
    MICROSECOND,
    NEARLY,
    PICK,
    PLATFORMS,
    SECOND,
)

from datalayer.domains import operations
from datalayer.domains.operations import errors

#: Failures and ended leases, and at the end what makes room for them again.
_ENDS = st.text("ffffxer", min_size=1, max_size=6)


class QueueMachine(QueueSteps):
    """All steps of the queue: also conflicts, removal, replay and whole lives."""

    def has_job(self) -> bool:
        return bool(self.queue.jobs)

    # Conflicts.

    @rule(
        platform=PLATFORMS,
        pick=PICK,
        gap=GAPS,
        side=st.sampled_from([-1, 1]),
        off=NEARLY,
    )
    def find_conflict(
        self, platform: str, pick: int, gap: timedelta, side: int, off: timedelta
    ) -> None:
        """Look at a time as far from a job as the gap is, or nearly."""
        near = self.job(pick, "scheduled", "retrying", "processing")
        at = (near.scheduled_at if near else self.now) + side * gap + off
        row = operations.find_schedule_conflict(
            self.connection, platform=platform, scheduled_at=at, min_gap=gap
        )
        found = None if row is None else Job.of(row)
        expected = self.queue.conflict(platform, at, gap)
        assert found == expected, "law: a conflict within the gap, its ends included"

    @rule(pick=PICK, gap=GAPS, side=st.sampled_from([-1, 1]), off=NEARLY, key=JOB_KEYS)
    def schedule_apart(
        self, pick: int, gap: timedelta, side: int, off: timedelta, key: str | None
    ) -> None:
        """Schedule as far from a job as the gap is, or nearly."""
        near = self.job(pick, "scheduled", "retrying", "processing")
        at = (near.scheduled_at if near else self.now) + side * gap + off
        new = self.new_job(("x", at - self.now, key))
        first = self.queue.live_by_key(key)
        conflict = None if first else self.queue.conflict("x", at, gap)
        row = none_if(
            errors.ScheduleConflict,
            lambda: operations.schedule_without_conflict(
                self.connection,
                platform="x",
                content=new.content,
                scheduled_at=at,
                min_gap=gap,
                idempotency_key=key,
            ),
        )
        assert (row is None) == (conflict is not None), "law: no two within the gap"
        if row is not None and first is None:
            self.check_new(row, new)
        elif row is not None:
            assert Job.of(row) == first, "law: a key has one live job"

    # What an operator does.

    @precondition(has_job)
    @rule(pick=PICK, force=st.booleans(), is_known=st.integers(0, 3))
    def remove(self, pick: int, force: bool, is_known: int) -> None:
        job = self.job(pick, "posted" if pick % 2 else "processing")
        assert job is not None
        job_id = job.id if is_known else -job.id
        refusal = errors.JobProcessing if is_known else errors.JobNotFound
        row = none_if(
            refusal,
            lambda: operations.remove_job(self.connection, job_id=job_id, force=force),
        )
        if not is_known or (job.status == "processing" and not force):
            assert row is None, "law: what is worked on is removed by force alone"
            return
        assert row is not None, "law: removal"
        assert Job.of(row) == job, "law: a removed job is returned as it was"
        if job.status == "processing":
            self.note_end(job.attempt, "removed")
        self.queue.remove(job)

    @precondition(has_job)
    @rule(pick=PICK)
    def replay(self, pick: int) -> None:
        job = self.job(pick, "dead_letter")
        assert job is not None
        may_replay = self.queue.may_replay(job)
        is_dead = job.status == "dead_letter"
        row = none_if(
            errors.KeyInUse if is_dead else errors.NotDeadLetter,
            lambda: operations.replay_dead_letter(self.connection, job_id=job.id),
        )
        if not may_replay:
            assert row is None, "law: only a dead letter is replayed, and a free key"
            return
        assert row is not None, "law: a dead letter is replayed"
        assert row.replayed_at is not None, "law: a replay has its time"
        self.queue.replay(job, row)
        assert Job.of(row) == job, "law: a replay begins as if it had never failed"

    # Whole lives.

    @rule(ends=_ENDS, most=st.integers(2, 4), backoff=BACKOFFS, lease=LEASES)
    def live(self, ends: str, most: int, backoff: Backoff, lease: timedelta) -> None:
        """Try the job that is next for a while: fail, let leases end, replay."""
        for end in ends:
            job = self.claim_next(lease)
            if end == "f":
                self.fail_attempt(job.attempt, most, backoff)
            elif end == "r":
                self.fail_attempt(job.attempt, 1, backoff)
                self.replay(list(self.queue.of_status("dead_letter")).index(job))
            elif end == "x":
                self.now += lease
                self.reclaim(100, None)
            self.rows_agree()

    def claim_next(self, lease: timedelta) -> Job:
        """Claim the job that is due next, when it is."""
        if not self.queue.waiting():
            self.schedule(("x", SECOND, None))
        self.now = max(self.now, min(job.due_at for job in self.queue.waiting()))
        self.claim_since("eve", 1, lease, None)
        return max(self.queue.of_status("processing"), key=self.claimed_last)

    @rule(end=st.sampled_from("cmfe"), too_late=st.sampled_from("cmfe"), lease=LEASES)
    def come_too_late(self, end: str, too_late: str, lease: timedelta) -> None:
        """End an attempt whose lease ended, first while another worker has the job."""
        stale = self.claim_next(lease).attempt
        self.now += lease - MICROSECOND
        self.reclaim(100, None)
        self.now += MICROSECOND
        self.reclaim(100, None)
        self.try_to_end(too_late, stale)
        job = self.claim_next(lease)
        self.try_to_end(too_late, stale)
        self.rows_agree()
        self.try_to_end(end, job.attempt)
        self.try_to_end(too_late, job.attempt)
        self.try_to_end(too_late, stale)

    def try_to_end(self, end: str, attempt: Attempt) -> None:
        if end == "c":
            self.complete_attempt(attempt, "remote")
        elif end == "m":
            self.complete_attempts([attempt], None)
        elif end == "f":
            self.fail_attempt(attempt, 3, Backoff())
        else:
            self.extend_attempts([attempt], SECOND)

    @rule(key=st.sampled_from("ab"), times=st.integers(2, 3))
    def schedule_again(self, key: str, times: int) -> None:
        for _ in range(times):
            self.schedule(("x", SECOND, key))

    @rule(offsets=st.permutations([0, 1, 2, 3]), limit=st.integers(1, 4))
    def claim_of_several(self, offsets: list[int], limit: int) -> None:
        """Let what is scheduled in any order wait, and one of them for its retry."""
        job = self.claim_next(SECOND)
        self.fail_attempt(job.attempt, 10**9, Backoff(2 * SECOND, 2 * SECOND, 0.0))
        self.claim_since("eve", limit, SECOND, None)
        for offset in offsets:
            self.schedule(("x", offset * SECOND, None))
        self.now += 2 * SECOND
        self.claim_since("eve", limit, SECOND, None)

    def claimed_last(self, job: Job) -> int:
        return self.queue.given.index(job.attempt)

    @precondition(has_job)
    @rule(pick=PICK, failures=st.sampled_from([20, 31, 36, 40, 41, 1000, 10**6]))
    def fail_often(self, pick: int, failures: int) -> None:
        """Let a job have failed very often, and fail once more."""
        job = self.job(pick, "processing")
        assert job is not None
        if job.status == "processing":
            self.connection.execute(
                "UPDATE assistly_queue_jobs SET retries = %s WHERE id = %s",
                (failures, job.id),
            )
            job.retries = failures
            self.fail_attempt(job.attempt, failures + 2, Backoff())

    # After each step, and at the end.

    @invariant()
    def rows_agree(self) -> None:
        check_jobs(self.connection, self.queue)
        check_queue(self.connection, self.queue, self.now)

    @rule(row_limit=st.integers(1, 3))
    def list_them(self, row_limit: int) -> None:
        check_lists(self.connection, self.queue, row_limit)
