"""Changes of several jobs: what was done, what was refused, and how it is told."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from datalayer.cli.job_tables import printable
from datalayer.cli.operations import DONE, PROBLEM, document
from datalayer.cli.output import (
    console,
    count,
    messages,
    print_json,
    problem_as_data,
    show_moment,
)
from datalayer.domains.operations import replay_dead_letter
from datalayer.domains.operations.errors import (
    JobError,
    JobNotFound,
    JobProcessing,
    KeyInUse,
    NotDeadLetter,
)
from datalayer.queries.operations.queue import list_dead_letters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg
    from rich.status import Status


@dataclass(slots=True)
class Changes:
    """The jobs that were changed, and what was refused."""

    verb: str
    ids: list[int] = field(default_factory=list)
    problems: list[JobError] = field(default_factory=list)

    def data(self) -> dict[str, object]:
        """Return the ids for JSON."""
        return {self.verb: self.ids}

    def interrupted(self) -> str:
        """Return what is told after Ctrl-C."""
        return f"interrupted: {count(len(self.ids), 'job')} {self.verb} before"

    def refuse(self, error: JobError, *, silent: bool) -> None:
        """Keep the reason why a job was not changed, and print it."""
        self.problems.append(error)
        if not silent:
            hint = "; --force removes it" if isinstance(error, JobProcessing) else ""
            text = f"error: {printable(error.message)}{hint}"
            messages.print(text, markup=False, style="red")

    def finish(self, *, as_json: bool) -> None:
        """Print what is due as JSON, and end with the exit code of a refusal."""
        code = PROBLEM if self.problems else DONE
        if as_json:
            problems = [
                {"job_id": error.job_id, **problem_as_data(error)}
                for error in self.problems
            ]
            print_json(document(self.data(), code, problems))
        if code:
            raise typer.Exit(code)


def change_each(
    ids: Sequence[int],
    changes: Changes,
    change: Callable[[int], object],
    *,
    silent: bool,
) -> None:
    """Change one job after another; what is refused keeps no other back."""
    for job_id in dict.fromkeys(ids):
        try:
            change(job_id)
        except JobError as error:
            changes.refuse(error, silent=silent)
            continue
        changes.ids.append(job_id)
        if not silent:
            console.print(f"{changes.verb} job {job_id}")


def replay_all(
    connection: psycopg.Connection, changes: Changes, batch: int, *, silent: bool
) -> None:
    """Replay every dead letter, oldest first, in transactions of a batch."""
    cursor = None
    is_shown = messages.is_terminal and not silent
    with messages.status("replaying") if is_shown else nullcontext() as line:
        while True:
            with connection.transaction():
                page = list_dead_letters(connection, row_limit=batch, cursor=cursor)
                replayed = [_replay_one(connection, job.id) for job in page.items]
            _tell_batch(replayed, changes, line, silent=silent)
            cursor = page.next
            if cursor is None:
                break
    if not silent:
        console.print(f"replayed {count(len(changes.ids), 'job')}")


def _replay_one(connection: psycopg.Connection, job_id: int) -> int | KeyInUse | None:
    """Return the id of a job that was replayed, or the reason; None if it is gone."""
    try:
        return replay_dead_letter(connection, job_id=job_id).id
    except KeyInUse as error:
        return error
    except (JobNotFound, NotDeadLetter):
        # Somebody else replayed or removed it meanwhile.
        return None


def _tell_batch(
    replayed: Sequence[int | KeyInUse | None],
    changes: Changes,
    line: Status | None,
    *,
    silent: bool,
) -> None:
    for each in replayed:
        if isinstance(each, KeyInUse):
            changes.refuse(each, silent=silent)
        elif each is not None:
            changes.ids.append(each)
    if line:
        show_moment(f"replayed {count(len(changes.ids), 'job')}", line)
