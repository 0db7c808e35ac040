"""What must come out when several sessions use the queue or the lock at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from artifacts_races import held

from datalayer.domains.operations import (
    NewJob,
    acquire_worker_lock,
    claim_due_jobs,
    complete_job,
    complete_jobs,
    extend_leases,
    fail_job,
    fenced,
    find_job,
    reclaim_expired_jobs,
    remove_job,
    replay_dead_letter,
    schedule_job,
    schedule_jobs,
    schedule_without_conflict,
)
from datalayer.domains.operations.errors import (
    AttemptLost,
    FenceRefused,
    JobNotFound,
    KeyInUse,
    ScheduleConflict,
)
from datalayer.queries.operations.queue_work import ClaimedJob

Connection = psycopg.Connection[Any]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def at_once(url: str, number: int, call: Callable[[Connection, int], None]) -> None:
    """Call with a session and a number each, all from the same moment on."""
    barrier = Barrier(number)
    failures: list[BaseException] = []

    def run(session: Connection, place: int) -> None:
        barrier.wait()
        try:
            call(session, place)
        except BaseException as error:
            failures.append(error)

    with ExitStack() as open_sessions:
        sessions = [
            open_sessions.enter_context(psycopg.connect(url, autocommit=True))
            for _ in range(number)
        ]
        threads = [
            Thread(target=run, args=(session, place))
            for place, session in enumerate(sessions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def claimed_job(session: Connection, key: str | None = None) -> ClaimedJob:
    schedule_job(
        session,
        platform="x",
        content="hello",
        scheduled_at=NOW,
        idempotency_key=key,
    )
    [claimed] = claim_due_jobs(session, worker="w", limit=1, lease=LEASE, now=NOW)
    return claimed


def taken_over(session: Connection) -> ClaimedJob:
    """Take the only job back from its worker, and claim it."""
    reclaim_expired_jobs(session, now=LATER)
    [claimed] = claim_due_jobs(session, worker="v", limit=1, lease=LEASE, now=LATER)
    return claimed


def whoever_waits_for_a_takeover_completes_nothing(
    one: Connection, two: Connection
) -> None:
    stale = claimed_job(one)
    with held(one) as start:
        current = taken_over(one)
        late = start(two, complete_job, job_id=stale.id, attempt_token=1)

    with pytest.raises(AttemptLost):
        late.result()
    assert find_job(one, job_id=stale.id).status == "processing"
    complete_job(one, job_id=current.id, attempt_token=current.attempt_token)


def whoever_waits_for_a_takeover_fails_nothing(
    one: Connection, two: Connection
) -> None:
    stale = claimed_job(one)
    with held(one) as start:
        taken_over(one)
        late = start(two, fail_job, job_id=stale.id, attempt_token=1, error="no")

    with pytest.raises(AttemptLost):
        late.result()
    assert find_job(one, job_id=stale.id).retries == 0


def many_that_wait_for_a_takeover_are_not_completed(
    one: Connection, two: Connection
) -> None:
    stale = claimed_job(one)
    with held(one) as start:
        taken_over(one)
        late = start(two, complete_jobs, attempts=[stale])

    assert late.result() == set()
    assert find_job(one, job_id=stale.id).status == "processing"


def leases_that_wait_for_a_takeover_are_not_extended(
    one: Connection, two: Connection
) -> None:
    stale = claimed_job(one)
    with held(one) as start:
        taken_over(one)
        late = start(two, extend_leases, attempts=[stale], lease=10 * LEASE)

    assert late.result() == {}
    assert find_job(one, job_id=stale.id).locked_until == LATER + LEASE


def of_two_ends_one_counts(one: Connection, two: Connection) -> None:
    job = claimed_job(one)
    with held(one) as start:
        complete_job(one, job_id=job.id, attempt_token=1)
        late = start(two, fail_job, job_id=job.id, attempt_token=1, error="no")

    with pytest.raises(AttemptLost):
        late.result()
    assert find_job(one, job_id=job.id).status == "posted"


def nobody_takes_back_what_is_being_completed(one: Connection, two: Connection) -> None:
    job = claimed_job(one)
    with held(one) as start:
        complete_job(one, job_id=job.id, attempt_token=1)
        others = start(two, reclaim_expired_jobs, now=LATER)
        assert others.result() == [], "it did not wait either"

    assert find_job(one, job_id=job.id).status == "posted"


def nobody_waits_for_a_claim(one: Connection, two: Connection) -> None:
    for _ in range(2):
        schedule_job(one, platform="x", content="hello", scheduled_at=NOW)
    claim: Any = {"worker": "w", "limit": 1, "lease": LEASE, "now": NOW}
    with held(one) as start:
        [first] = claim_due_jobs(one, **claim)
        [second] = start(two, claim_due_jobs, **claim).result()

    assert first.id < second.id


def is_locked(session: Connection, job_id: int) -> bool:
    found = session.execute(
        "SELECT FROM assistly_queue_jobs WHERE id = %s FOR UPDATE SKIP LOCKED",
        (job_id,),
    )
    return found.rowcount == 0


def two_claimed_jobs(session: Connection) -> tuple[ClaimedJob, ClaimedJob]:
    return claimed_job(session), claimed_job(session)


def leases_are_extended_in_the_order_of_jobs(one: Connection, two: Connection) -> None:
    """So that two whose batches overlap never wait for each other."""
    first, second = two_claimed_jobs(one)
    with held(one) as start:
        complete_job(one, job_id=first.id, attempt_token=1)
        ends = start(two, extend_leases, attempts=[second, first], lease=LEASE)
        assert not is_locked(one, second.id), "it waits, and has the later one"

    assert set(ends.result()) == {second.id}


def jobs_are_completed_in_their_order(one: Connection, two: Connection) -> None:
    first, second = two_claimed_jobs(one)
    with held(one) as start:
        complete_job(one, job_id=first.id, attempt_token=1)
        done = start(two, complete_jobs, attempts=[second, first])
        assert not is_locked(one, second.id), "it waits, and has the later one"

    assert done.result() == {second.id}


def batches_are_scheduled_in_the_order_of_keys(
    one: Connection, two: Connection
) -> None:
    batch = [NewJob("x", "second", NOW, key) for key in ("b", "a", "c")]
    given: Any = {"platform": "x", "content": "first"}
    with held(one) as start:
        schedule_job(one, **given, idempotency_key="a")
        rest = start(two, schedule_jobs, new_jobs=batch)
        schedule_job(one, **given, idempotency_key="b")

    assert [job.idempotency_key for job in rest.result()] == ["c"]


def whoever_waits_for_a_removal_finds_nothing(one: Connection, two: Connection) -> None:
    job = claimed_job(one)
    with held(one) as start:
        remove_job(one, job_id=job.id, force=True)
        ended = start(two, complete_jobs, attempts=[job])
    with held(one) as start:
        other = claimed_job(one)
        remove_job(one, job_id=other.id, force=True)
        removed = start(two, remove_job, job_id=other.id)

    assert ended.result() == set()
    with pytest.raises(JobNotFound):
        removed.result()


def the_second_with_a_key_gets_the_first_job(one: Connection, two: Connection) -> None:
    given: Any = {"platform": "x", "content": "hello", "idempotency_key": "k"}
    with held(one) as start:
        first = schedule_job(one, **given)
        second = start(two, schedule_job, **given)

    assert second.result() == first


def the_key_of_a_job_that_is_being_completed_becomes_free(
    one: Connection, two: Connection
) -> None:
    job = claimed_job(one, key="k")
    given: Any = {"platform": "x", "content": "hello", "idempotency_key": "k"}
    with held(one) as start:
        complete_job(one, job_id=job.id, attempt_token=1)
        newer = start(two, schedule_job, **given)
        assert not newer.done()

    assert newer.result().id > job.id
    assert newer.result().status == "scheduled"


def a_key_that_is_being_used_stops_a_replay(one: Connection, two: Connection) -> None:
    dead = claimed_job(one, key="k")
    fail_job(one, job_id=dead.id, attempt_token=1, error="no", max_attempts=1)
    with held(one) as start:
        schedule_job(one, platform="x", content="hello", idempotency_key="k")
        replay = start(two, replay_dead_letter, job_id=dead.id)

    with pytest.raises(KeyInUse):
        replay.result()
    assert find_job(one, job_id=dead.id).status == "dead_letter"


def whoever_schedules_with_a_gap_waits(one: Connection, two: Connection) -> None:
    given: Any = {"content": "hello", "min_gap": LEASE, "scheduled_at": NOW}
    with held(one) as start:
        first = schedule_without_conflict(one, platform="x", **given)
        second = start(two, schedule_without_conflict, platform="x", **given)

    with pytest.raises(ScheduleConflict) as conflict:
        second.result()
    assert conflict.value.job == first


def other_platforms_do_not_wait(one: Connection, two: Connection) -> None:
    given: Any = {"content": "hello", "min_gap": LEASE, "scheduled_at": NOW}
    with held(one) as start:
        schedule_without_conflict(one, platform="x", **given)
        other = start(two, schedule_without_conflict, platform="y", **given)
        assert other.result().platform == "y"


def nobody_takes_the_lock_while_a_guarded_transaction_is_open(
    one: Connection, two: Connection
) -> None:
    first = acquire_worker_lock(one, owner_id="ada", ttl=LEASE, now=NOW)
    assert first is not None
    expired = NOW + 2 * LEASE
    with held(one) as start, fenced(one, token=first.token, now=NOW):
        late = start(two, acquire_worker_lock, owner_id="ben", ttl=LEASE, now=expired)
        assert not late.done(), "the lock has expired, and is still guarded"
        one.execute("CREATE TABLE written ()")

    second = late.result()
    assert second is not None
    assert second.token == first.token + 1
    with pytest.raises(FenceRefused), fenced(one, token=first.token, now=NOW):
        pass


def a_guarded_transaction_waits_for_who_takes_the_lock(
    one: Connection, two: Connection
) -> None:
    first = acquire_worker_lock(two, owner_id="ada", ttl=LEASE, now=NOW)
    assert first is not None

    def write(session: Connection) -> None:
        with fenced(session, token=first.token, now=NOW):
            session.execute("CREATE TABLE written ()")

    with held(one) as start:
        acquire_worker_lock(one, owner_id="ben", ttl=LEASE, now=NOW + LEASE)
        late = start(two, write)
        assert not late.done()

    with pytest.raises(FenceRefused):
        late.result()


def who_finds_the_lock_held_does_not_wait(one: Connection, two: Connection) -> None:
    first = acquire_worker_lock(one, owner_id="ada", ttl=LEASE, now=NOW)
    assert first is not None
    with held(one) as start, fenced(one, token=first.token, now=NOW):
        other = start(two, acquire_worker_lock, owner_id="ben", ttl=LEASE, now=NOW)
        assert other.result() is None


def of_two_that_find_it_free_one_gets_the_lock(
    one: Connection, two: Connection
) -> None:
    with held(one) as start:
        first = acquire_worker_lock(one, owner_id="ada", ttl=LEASE, now=NOW)
        second = start(two, acquire_worker_lock, owner_id="ben", ttl=LEASE, now=NOW)

    assert first is not None
    assert second.result() is None
