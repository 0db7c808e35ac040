"""`datalayer queue`: look at the jobs, replay dead ones, remove some."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from datalayer.cli.job_tables import (
    dead_row,
    job_row,
    render_jobs,
    show_duration,
)
from datalayer.cli.operations import (
    DONE,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import console, messages, print_json
from datalayer.cli.queue_changes import Changes, change_each, replay_all
from datalayer.domains.arguments import unset_if_none
from datalayer.domains.operations import remove_job, replay_dead_letter
from datalayer.queries.operations.queue import (
    count_jobs,
    get_queue_outlook,
    list_jobs_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from datalayer.cli.job_tables import Row
    from datalayer.queries.operations.queue import Job, QueueOutlook

READING_CODES = "Exit codes: 0 shown; 1 an error."
CHANGING_CODES = (
    "Exit codes: 0 done; 1 an error, or a job was refused, and the others are done; "
    "2 wrong usage; 130 interrupted by Ctrl-C: what was told stays."
)
_LARGEST_ID = 2**63 - 1

app = typer.Typer(
    help="Look at the queue, replay dead letters, remove jobs.", no_args_is_help=True
)


class JobStatus(StrEnum):
    """Where a job is in its life."""

    scheduled = "scheduled"
    retrying = "retrying"
    processing = "processing"
    posted = "posted"
    dead_letter = "dead_letter"


def _existing(job_id: int) -> int:
    if job_id > _LARGEST_ID:
        raise typer.BadParameter(f"{job_id} is larger than any id")
    return job_id


def _all_existing(ids: list[int] | None) -> list[int]:
    return [_existing(job_id) for job_id in ids or []]


Limit = Annotated[int, typer.Option(min=1, max=10_000, help="Jobs of a page.")]
After = Annotated[
    int,
    typer.Option(
        min=0, metavar="ID", callback=_existing, help="Begin after the job of this id."
    ),
]


@app.command(epilog=READING_CODES)
def status(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show how many jobs each status has, what is due, and what comes next.

    An expired lease is a job whose worker is gone; workers take it back by themselves.
    """
    with _exit_code(as_json), connect(database_url, "queue") as connection:
        # Both of one moment.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            counts = {row.status: row.jobs for row in count_jobs(connection)}
            outlook = get_queue_outlook(connection)
    assert outlook is not None, "an aggregate has a row"
    if as_json:
        print_json(document(_status_data(counts, outlook), DONE, []))
        return
    for name, value in [*counts.items(), ("", ""), *_outlook_lines(outlook)]:
        console.print(f"{name:<14}  {value}".rstrip(), markup=False)


@app.command("list", epilog=READING_CODES)
def list_jobs(
    status: Annotated[
        list[JobStatus] | None,
        typer.Option(help="Only jobs of this status; repeatable. Default: all."),
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="Only jobs for this platform.")
    ] = None,
    limit: Limit = 100,
    after: After = 0,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List jobs in the order they were scheduled.

    `when` is when a job is due, when its lease ends, or when it was posted or died.
    On a terminal content is shortened; it is whole in a pipe and with --json.
    """

    def read(connection: psycopg.Connection) -> list[Job]:
        return list_jobs_of(
            connection,
            statuses=[each.value for each in status or JobStatus],
            platform=unset_if_none(platform),
            after_id=after,
            row_limit=limit + 1,
        )

    jobs, following = _read_page(database_url, limit, read, as_json=as_json)
    _print_page(jobs, following, job_row, text="content", as_json=as_json)


@app.command(epilog=READING_CODES)
def dead(
    limit: Limit = 100,
    after: After = 0,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List dead letters, oldest first, each with the reason of its death."""

    def read(connection: psycopg.Connection) -> list[Job]:
        return list_jobs_of(
            connection,
            statuses=[JobStatus.dead_letter.value],
            after_id=after,
            row_limit=limit + 1,
        )

    jobs, following = _read_page(database_url, limit, read, as_json=as_json)
    _print_page(jobs, following, dead_row, text="reason", as_json=as_json)


Ids = Annotated[
    list[int] | None,
    typer.Argument(
        metavar="ID", min=1, callback=_all_existing, help="Jobs.", show_default=False
    ),
]


@app.command(epilog=CHANGING_CODES)
def replay(
    ids: Ids = None,
    every: Annotated[
        bool, typer.Option("--all", help="Replay every dead letter.")
    ] = False,
    batch: Annotated[
        int,
        typer.Option(min=1, max=10_000, help="Jobs of a transaction, with --all."),
    ] = 100,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Schedule dead letters again, due at once, as if they had never failed.

    A dead letter stays one while another job with its idempotency key is live.
    """
    if bool(ids) == every:
        raise typer.BadParameter("name jobs by their ids, or pass --all")
    changes = Changes("replayed")
    with (
        _exit_code(as_json, changes),
        connect(database_url, "queue") as connection,
    ):
        if every:
            replay_all(connection, changes, batch, silent=as_json)
        else:
            change_each(
                ids or [],
                changes,
                lambda job_id: replay_dead_letter(connection, job_id=job_id),
                silent=as_json,
            )
    changes.finish(as_json=as_json)


@app.command(epilog=CHANGING_CODES)
def remove(
    ids: Annotated[
        list[int],
        typer.Argument(metavar="ID", min=1, callback=_all_existing, help="Jobs."),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Also jobs that a worker has.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Remove jobs for good.

    One that a worker has is refused. With --force it goes, and the worker loses it: the
    post may be made all the same.
    """
    changes = Changes("removed")
    with (
        _exit_code(as_json, changes),
        connect(database_url, "queue") as connection,
    ):
        change_each(
            ids,
            changes,
            lambda job_id: remove_job(connection, job_id=job_id, force=force),
            silent=as_json,
        )
    changes.finish(as_json=as_json)


def _read_page(
    url: str | None,
    limit: int,
    read: Callable[[psycopg.Connection], list[Job]],
    *,
    as_json: bool,
) -> tuple[list[Job], int | None]:
    """Return the jobs of a page, and after which id the next one begins, if any."""
    with _exit_code(as_json), connect(url, "queue") as connection:
        found = read(connection)
    page = found[:limit]
    return page, page[-1].id if len(found) > limit else None


def _print_page(
    jobs: Sequence[Job],
    following: int | None,
    as_row: Callable[[Job], Row],
    *,
    text: str,
    as_json: bool,
) -> None:
    if as_json:
        data: dict[str, object] = {
            "jobs": [asdict(job) for job in jobs],
            "next_after": following,
        }
        print_json(document(data, DONE, []))
        return
    if not jobs:
        messages.print("no such jobs")
        return
    lines = render_jobs(
        [as_row(job) for job in jobs],
        text=text,
        width=console.width if console.is_terminal else None,
        status=text != "reason",
    )
    for line in lines:
        console.print(line, markup=False, emoji=False)
    if following is not None:
        messages.print(f"more jobs follow: add --after {following} for the next page")


def _exit_code(
    as_json: bool, changes: Changes | None = None
) -> AbstractContextManager[None]:
    data: Callable[[], dict[str, object]] = changes.data if changes else dict
    interrupted = changes.interrupted if changes else lambda: "interrupted"
    return exit_code(data if as_json else None, interrupted)


def _status_data(counts: dict[str, int], outlook: QueueOutlook) -> dict[str, object]:
    return {
        "counts": counts,
        "due_jobs": outlook.due_jobs,
        "oldest_due_seconds": _seconds(outlook.oldest_due_for),
        "next_due_seconds": _seconds(outlook.next_due_in),
        "expired_leases": outlook.expired_leases,
        "oldest_expired_seconds": _seconds(outlook.oldest_expired_for),
    }


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _outlook_lines(outlook: QueueOutlook) -> list[tuple[str, str]]:
    lines = [("due now", str(outlook.due_jobs))]
    if outlook.oldest_due_for is not None:
        lines.append(("  oldest for", show_duration(outlook.oldest_due_for)))
    following = outlook.next_due_in
    lines.append(
        ("next due", f"in {show_duration(following)}" if following else "none")
    )
    lines.append(("expired leases", str(outlook.expired_leases)))
    if outlook.oldest_expired_for is not None:
        lines.append(("  oldest for", show_duration(outlook.oldest_expired_for)))
    return lines
