"""`datalayer maintain`: do what is due, and show each step."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.output import (
    console,
    count,
    messages,
    print_error,
    print_json,
    problems_as_data,
    show_moment,
)
from datalayer.domains.maintenance import Retrying, StepBegun, StepDone
from datalayer.domains.maintenance import maintain as run_maintenance
from datalayer.domains.maintenance.errors import MaintenanceBlocked, MaintenanceBusy
from datalayer.domains.maintenance.maintaining import BATCH
from datalayer.errors import DataLayerError
from datalayer.server import acquire_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.status import Status

    from datalayer.domains.maintenance import MaintenanceEvent

DONE, PROBLEM, BUSY, INTERRUPTED = 0, 1, 4, 130
EXIT_CODES = (
    "Exit codes: 0 done; 1 an error; 4 another session maintains the database, or "
    "holds a lock; 130 interrupted by Ctrl-C: the steps that were shown stay."
)
_NOUNS = {
    "create partitions": "partition",
    "drop expired partition": "partition",
    "repeat late hours": "hour",
    "store closed hours": "hour",
}


def maintain(
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL", help="Default: the embedded server's database."
        ),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(min=1, help="Hours, or partitions, that a step deals with."),
    ] = BATCH,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing unless it fails.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Do what is due: store closed hours, create partitions, drop expired ones.

    Each step is a transaction of its own; run it as often as you like.
    """
    steps: list[StepDone] = []
    with _exit_code(as_json, steps), _progress(silent=as_json or quiet) as show:

        def report(event: MaintenanceEvent) -> None:
            if isinstance(event, StepDone):
                steps.append(event)
            show(event)

        handle = acquire_server(database_url)
        try:
            run_maintenance(handle.url, batch=batch, report=report)
        finally:
            handle.close()
    if as_json:
        print_json(_as_data(steps, DONE))
    elif not quiet:
        console.print(_summary(steps))


@contextmanager
def _exit_code(as_json: bool, steps: list[StepDone]) -> Iterator[None]:
    """Print an error, and end with the exit code that tells its kind."""
    try:
        yield
    except DataLayerError as error:
        is_busy = isinstance(error, MaintenanceBusy | MaintenanceBlocked)
        code = BUSY if is_busy else PROBLEM
        if as_json:
            print_json(_as_data(steps, code, error))
        else:
            print_error(error)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        messages.print("interrupted: the step under way was rolled back")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _progress(*, silent: bool) -> Iterator[Callable[[MaintenanceEvent], None]]:
    """Yield what shows events: nothing, a moving line on a terminal, or plain lines."""
    if silent:
        yield lambda _: None
        return
    with (
        console.status("maintaining") if console.is_terminal else nullcontext() as line
    ):
        yield lambda event: _show(event, line)


def _show(event: MaintenanceEvent, line: Status | None) -> None:
    match event:
        case StepBegun(task, relation):
            show_moment(f"{task} of {relation}", line)
        case Retrying(attempt, delay, reason):
            show_moment(f"try {attempt}: {reason}; again in {delay:.1f} s", line)
        case StepDone():
            console.print(_told(event), markup=False)


def _told(step: StepDone) -> str:
    amount = ""
    if step.amount is not None:
        amount = f": {count(step.amount, _NOUNS.get(step.task, 'piece'))}"
    return f"{step.task}, {step.relation}{amount} in {step.milliseconds} ms"


def _summary(steps: list[StepDone]) -> str:
    if not steps:
        return "nothing was due"
    milliseconds = sum(step.milliseconds for step in steps)
    return f"{count(len(steps), 'step')} in {milliseconds / 1000:.1f} s"


def _as_data(
    steps: list[StepDone], exit_code: int, error: DataLayerError | None = None
) -> dict[str, object]:
    return {
        "exit_code": exit_code,
        "steps": [asdict(step) for step in steps],
        "problems": problems_as_data(error),
    }
