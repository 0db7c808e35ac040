"""Tell the database how attempts ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import DataError
from psycopg.errors import LockNotAvailable

from datalayer.domains.operations.worker.connecting import MOST_LOCKED
from datalayer.domains.operations.worker.events import AttemptEnded
from datalayer.domains.operations.worker.runs import newest_of_each_job
from datalayer.queries.operations.queue import get_job
from datalayer.queries.operations.queue_work import (
    complete_job,
    complete_jobs,
    fail_job,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from datalayer.domains.operations.worker.events import Outcome
    from datalayer.domains.operations.worker.handling import Handled
    from datalayer.domains.operations.worker.runs import Run
    from datalayer.domains.operations.worker.settings import WorkerSettings
    from datalayer.queries.operations.queue import Job
    from datalayer.queries.operations.queue_work import EndedJob


def settle(
    connection: psycopg.Connection, runs: Sequence[Run], settings: WorkerSettings
) -> Iterator[tuple[Run, AttemptEnded]]:
    """Yield each run that is settled, with its end, as soon as it is.

    What somebody else locks is left for later. When the connection breaks in between,
    the same may be tried again: what the first try did is found out.
    """
    done = _complete_at_once(connection, runs)
    locked = 0
    for run in runs:
        if run.handled is None:
            continue
        if run.attempt.lost.is_set():
            yield run, _ended(run, run.handled, "lost")
        elif run.attempt.id in done and done[run.attempt.id] is run:
            yield run, _ended(run, run.handled, "posted")
        else:
            try:
                yield run, _settle_one(connection, run, run.handled, settings)
            except LockNotAvailable:
                locked += 1
                if locked == MOST_LOCKED:
                    raise


def _complete_at_once(
    connection: psycopg.Connection, runs: Sequence[Run]
) -> dict[int, Run]:
    """Complete what can be in one statement; return those runs by job."""
    newest = newest_of_each_job(runs)
    posted = [
        (run.attempt.id, run.attempt.attempt_token, run.handled.remote_id)
        for run in newest.values()
        if run.handled and run.handled.error is None and not run.attempt.lost.is_set()
    ]
    if len(posted) < 2:
        return {}
    try:
        done = complete_jobs(
            connection,
            job_ids=[job_id for job_id, _, _ in posted],
            attempt_tokens=[token for _, token, _ in posted],
            remote_ids=[remote_id for _, _, remote_id in posted],
        )
    except (DataError, LockNotAvailable):
        return {}  # One of them stands in the way of the others.
    return {row.id: newest[row.id] for row in done}


def _settle_one(
    connection: psycopg.Connection, run: Run, handled: Handled, settings: WorkerSettings
) -> AttemptEnded:
    try:
        ended = _end(connection, run, settings, handled.remote_id, handled.error)
    except DataError:
        # The database has an encoding that lacks some character.
        ended = _end(
            connection,
            run,
            settings,
            _as_ascii(handled.remote_id),
            _as_ascii(handled.error),
        )
    if ended is None:
        job = get_job(connection, job_id=run.attempt.id)
        return _found_out(run, handled, job)
    if handled.error is None:
        return _ended(run, handled, "posted")
    return _ended(run, handled, _outcome_of_failure(ended.status), ended)


def _end(
    connection: psycopg.Connection,
    run: Run,
    settings: WorkerSettings,
    remote_id: str | None,
    error: str | None,
) -> EndedJob | None:
    attempt = run.attempt
    if error is None:
        return complete_job(
            connection,
            job_id=attempt.id,
            attempt_token=attempt.attempt_token,
            remote_id=remote_id,
        )
    return fail_job(
        connection,
        job_id=attempt.id,
        attempt_token=attempt.attempt_token,
        error=error,
        max_attempts=settings.max_attempts,
        first_backoff=settings.first_backoff,
    )


def _as_ascii(text: str | None) -> str | None:
    return text and text.encode("ascii", errors="backslashreplace").decode()


def _found_out(run: Run, handled: Handled, job: Job | None) -> AttemptEnded:
    """Return the end of an attempt that is over, perhaps by a try before this one.

    The answer to a statement can be lost with the connection when it was carried out.
    """
    if job is None or job.attempt_token != run.attempt.attempt_token:
        return _ended(run, handled, "lost")
    if handled.error is None:
        return _ended(run, handled, "posted" if job.status == "posted" else "lost")
    is_counted = job.retries == run.attempt.retries + 1
    if is_counted and job.status in {"retrying", "dead_letter"}:
        return _ended(run, handled, _outcome_of_failure(job.status), job)
    return _ended(run, handled, "lost")


def _outcome_of_failure(status: str) -> Outcome:
    return "dead_letter" if status == "dead_letter" else "retrying"


def _ended(
    run: Run,
    handled: Handled,
    outcome: Outcome,
    row: EndedJob | Job | None = None,
) -> AttemptEnded:
    return AttemptEnded(
        attempt=run.attempt,
        outcome=outcome,
        retries=row.retries if row else run.attempt.retries,
        milliseconds=handled.milliseconds,
        waited_ms=max(0, round(run.waited.total_seconds() * 1000)),
        remote_id=handled.remote_id,
        error=handled.error,
        next_retry_at=row.next_retry_at if row else None,
    )
