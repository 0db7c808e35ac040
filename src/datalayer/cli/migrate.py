"""`datalayer migrate`: apply the files that a database lacks, or tell how far it is."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.output import (
    console,
    count,
    messages,
    print_error,
    print_json,
    problem_as_data,
    problems_as_data,
    show_moment,
)
from datalayer.cli.transfer import EXIT_CODES as TRANSFER_EXIT_CODES
from datalayer.cli.transfer import transfer
from datalayer.config import migrations_folder
from datalayer.errors import (
    DataLayerError,
    LocatedError,
    MigrationBlocked,
    MigrationDrift,
    MigrationHalfApplied,
    MigrationLockBusy,
    ProblemsFound,
)
from datalayer.migrate import (
    WAIT,
    Applied,
    Applying,
    Event,
    MigrationStatus,
    Note,
    Notice,
    PendingMigration,
    Retrying,
    Running,
    Waiting,
    migrate,
    status,
)
from datalayer.server import acquire_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.status import Status

CLEAN, PENDING_OR_PROBLEM, DRIFT, BUSY, HALF_APPLIED, INTERRUPTED = 0, 1, 2, 4, 5, 130
_EXIT_CODES = (
    "Exit codes: 0 clean; 1 something is pending or wrong; 2 drift: a file was edited, "
    "is missing or came late; 4 another runner or session holds a lock; 5 half "
    "applied: a statement outside a transaction is not done; 130 interrupted by Ctrl-C."
)

app = typer.Typer(
    help="Apply plain SQL migrations, or tell what is applied.", no_args_is_help=True
)

Components = Annotated[
    list[str] | None,
    typer.Argument(metavar="COMPONENT", help="Only these, and those they require."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", help="Default: the embedded server's database."
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Default: `migrations` of the project, else those this package ships."
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        help="native or timescaledb. Default: as recorded, else by what the server has."
    ),
]
OutOfOrder = Annotated[
    bool,
    typer.Option("--allow-out-of-order", help="Accept files older than applied ones."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(epilog=_EXIT_CODES)
def up(
    components: Components = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Stop after it; name one component."),
    ] = None,
    database_url: DatabaseUrl = None,
    folder: Folder = None,
    profile: Profile = None,
    allow_out_of_order: OutOfOrder = False,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="For another runner.")
    ] = WAIT,
    as_json: Json = False,
) -> None:
    """Apply the files that a database lacks, in order.

    Each file is one transaction: it is applied and recorded, or nothing of it stays.
    Statements outside a transaction are recorded one by one; the next run goes on with
    the first that is not done.
    """
    events: list[Event] = []
    with (
        _exit_code(as_json, events),
        _database(database_url) as url,
        _progress(as_json) as show,
    ):

        def report(event: Event) -> None:
            events.append(event)
            show(event)

        done = migrate(
            url,
            migrations_folder(folder),
            components=components or None,
            to=to,
            profile=profile,
            allow_out_of_order=allow_out_of_order,
            wait=wait,
            report=report,
        )
    if as_json:
        print_json(_run_as_data(events, exit_code=CLEAN) | {"profile": done.profile})
        return
    console.print(
        f"{count(len(done.applied), 'migration')} applied, "
        f"{done.already_applied} before (profile {done.profile})"
    )


@app.command("status", epilog=_EXIT_CODES)
def show_status(
    components: Components = None,
    database_url: DatabaseUrl = None,
    folder: Folder = None,
    profile: Profile = None,
    allow_out_of_order: OutOfOrder = False,
    as_json: Json = False,
) -> None:
    """Tell what is applied, what is pending and what is wrong; change nothing."""
    with _exit_code(as_json, []), _database(database_url) as url:
        found = status(
            url,
            migrations_folder(folder),
            components=components or None,
            profile=profile,
            allow_out_of_order=allow_out_of_order,
        )
    code = _code_of_status(found)
    if as_json:
        print_json(_status_as_data(found, code))
    else:
        _print_status(found)
    raise typer.Exit(code)


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    handle = acquire_server(url)
    try:
        yield handle.url
    finally:
        handle.close()


@contextmanager
def _exit_code(as_json: bool, events: Sequence[Event]) -> Iterator[None]:
    """Print an error, and end with the exit code that tells its kind."""
    try:
        yield
    except DataLayerError as error:
        code = _code_of(error)
        if as_json:
            print_json(_run_as_data(events, exit_code=code, error=error))
        else:
            print_error(error)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        messages.print(_interrupted(events), markup=False)
        raise typer.Exit(INTERRUPTED) from None


def _interrupted(events: Sequence[Event]) -> str:
    """Return what Ctrl-C left of the file under way."""
    steps = [e for e in events if isinstance(e, Applying | Running | Applied)]
    if steps and isinstance(running := steps[-1], Running):
        return (
            f"interrupted: statement {running.number} of {running.total} of "
            f"{running.path} was cancelled, and what came before it stays; "
            "`datalayer migrate up` goes on with it"
        )
    return "interrupted: the file under way was rolled back"


def _code_of(error: DataLayerError) -> int:
    if isinstance(error, ProblemsFound):
        return _code_of_problems(error.problems)
    if isinstance(error, MigrationHalfApplied):
        return HALF_APPLIED
    if isinstance(error, MigrationBlocked | MigrationLockBusy):
        return BUSY
    return PENDING_OR_PROBLEM


def _code_of_problems(problems: Sequence[LocatedError]) -> int:
    drifted = any(isinstance(problem, MigrationDrift) for problem in problems)
    return DRIFT if drifted else PENDING_OR_PROBLEM


def _code_of_status(found: MigrationStatus) -> int:
    if found.problems:
        return _code_of_problems(found.problems)
    if found.half_applied:
        return HALF_APPLIED
    return PENDING_OR_PROBLEM if found.pending else CLEAN


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[Event], None]]:
    """Yield what shows events: nothing, a moving line on a terminal, or plain lines."""
    if as_json:
        yield lambda _: None
        return
    is_terminal = console.is_terminal
    with console.status("migrating") if is_terminal else nullcontext() as line:
        yield lambda event: _show(event, line)


def _show(event: Event, line: Status | None) -> None:
    match event:
        case Waiting() | Applying() | Running():
            moment = _moment(event)
            if moment:
                show_moment(moment, line)
        case Retrying(path, attempt, delay, reason):
            _line(f"  try {attempt} of {path}: {reason}; again in {delay:.1f} s", line)
        case Notice(_, severity, message):
            _line(f"  {severity}: {message}", line)
        case Note(path, message):
            _line(f"note: {path} {message}", line)
        case Applied(path=path, milliseconds=milliseconds):
            console.print(f"applied {path} in {milliseconds} ms", markup=False)


def _moment(event: Waiting | Applying | Running) -> str:
    """Return what goes on now; nothing when the line before says it already."""
    match event:
        case Waiting(holder):
            return f"waiting for {holder}"
        case Applying(path=path, position=position, total=total):
            return f"applying {path} ({position} of {total})"
        case Running(path, number, total):
            return f"  statement {number} of {total} of {path}" if total > 1 else ""


def _line(text: str, line: Status | None) -> None:
    (messages if line is None else console).print(text, markup=False)


def _print_status(found: MigrationStatus) -> None:
    rows = [("component", "applied", "pending", "last applied")]
    for each in found.components:
        last = each.applied[-1] if each.applied else None
        shown = f"{last.version}_{last.name}, {last.applied_at:%F %T}" if last else "-"
        counts = str(len(each.applied)), str(len(each.pending))
        rows.append((each.component, *counts, shown))
    # Not a table of rich, which wraps its cells in a pipe: grep wants whole lines.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (c.ljust(w) for c, w in zip(row, widths, strict=True))
        console.print("  ".join(padded).rstrip(), markup=False)
    for each in found.components:
        for file in each.pending:
            console.print(f"pending {file.path}{_progress_of(file)}", markup=False)
    console.print(f"profile {found.profile}")
    for note in found.notes:
        _show(note, None)
    if found.problems:
        print_error(ProblemsFound(found.problems))


def _progress_of(file: PendingMigration) -> str:
    if not file.half_applied:
        return ""
    statements = count(file.statements, "statement")
    return f", half applied: {file.statements_done} of {statements}"


def _run_as_data(
    events: Sequence[Event], *, exit_code: int, error: DataLayerError | None = None
) -> dict[str, object]:
    kinds = (("applied", Applied), ("notices", Notice), ("notes", Note))
    data: dict[str, object] = {"exit_code": exit_code}
    for name, kind in kinds:
        data[name] = [asdict(event) for event in events if isinstance(event, kind)]
    data["problems"] = problems_as_data(error)
    return data


def _status_as_data(found: MigrationStatus, exit_code: int) -> dict[str, object]:
    return {
        "exit_code": exit_code,
        "profile": found.profile,
        "components": [asdict(component) for component in found.components],
        "notes": [asdict(note) for note in found.notes],
        "problems": [problem_as_data(problem) for problem in found.problems],
    }


app.command(epilog=TRANSFER_EXIT_CODES)(transfer)
