"""`datalayer retention`: remove what is too old, and what is too much."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.operations import (
    DONE,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import console, count, messages, print_json, show_moment
from datalayer.domains.operations import read_retention_settings, run_retention
from datalayer.domains.operations.retention_settings import (
    MAX_DAYS,
    MAX_ROWS,
    VARIABLES,
    default_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalayer.domains.operations import RetentionProgress, RetentionReport

EXIT_CODES = (
    "Exit codes: 0 done, or not its turn; 1 an error; 130 interrupted by Ctrl-C: the "
    "batches that were finished stay."
)
_LARGEST_BATCH = 100_000

app = typer.Typer(
    help="Remove old approvals, answers and nonces.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Remove old approvals, answers and nonces."""


def _default(setting: str) -> str:
    return f"Default: {VARIABLES[setting]}, else {default_of(setting)}."


@dataclass(slots=True)
class _Removed:
    """How many rows each task has removed so far."""

    rows: dict[str, int] = field(default_factory=dict)

    def note(self, progress: RetentionProgress) -> None:
        self.rows[progress.task] = progress.removed

    def interrupted(self) -> str:
        rows = count(sum(self.rows.values()), "row")
        return f"interrupted: {rows} removed before, the batch under way rolled back"


@app.command(epilog=EXIT_CODES)
def run(
    database_url: DatabaseUrl = None,
    approvals_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_DAYS,
            metavar="DAYS",
            help=f"Keep decided approvals so long. {_default('approvals_days')}",
        ),
    ] = None,
    max_approvals: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_ROWS,
            metavar="ROWS",
            help=f"Keep so many approvals, the newest. {_default('max_approvals')}",
        ),
    ] = None,
    idempotency_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_DAYS,
            metavar="DAYS",
            help=f"Keep answers to requests so long. {_default('idempotency_days')}",
        ),
    ] = None,
    max_idempotency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_ROWS,
            metavar="ROWS",
            help=f"Keep so many answers, the newest. {_default('max_idempotency')}",
        ),
    ] = None,
    nonces_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_DAYS,
            metavar="DAYS",
            help=f"Keep nonces so long. {_default('nonces_days')}",
        ),
    ] = None,
    batch: Annotated[
        int,
        typer.Option(
            min=1, max=_LARGEST_BATCH, help="Rows that a transaction removes."
        ),
    ] = 1000,
    force: Annotated[
        bool, typer.Option("--force", help="Run even if it is not its turn.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing unless it fails.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove what is too old, and what is too much, at most once a minute.

    Pending approvals and requests under way stay. Run it as often as you like.
    """
    removed = _Removed()
    data = (lambda: _as_data(removed.rows)) if as_json else None
    with exit_code(data, removed.interrupted):
        settings = read_retention_settings(
            approvals_days=approvals_days,
            max_approvals=max_approvals,
            idempotency_days=idempotency_days,
            max_idempotency=max_idempotency,
            nonces_days=nonces_days,
        )
        with (
            connect(database_url, "retention") as connection,
            _progress(removed, silent=quiet or as_json) as report,
        ):
            done = run_retention(
                connection,
                settings=settings,
                batch_size=batch,
                force=force,
                report=report,
            )
    if as_json:
        rows = asdict(done) if done else {}
        print_json(document(_as_data(rows, is_turn=bool(done)), DONE, []))
    elif not quiet:
        _print_report(done)


@contextmanager
def _progress(
    removed: _Removed, *, silent: bool
) -> Iterator[Callable[[RetentionProgress], None]]:
    """Yield what counts batches, and shows them where they can be overwritten."""
    is_shown = messages.is_terminal and not silent
    with messages.status("removing") if is_shown else nullcontext() as line:

        def report(progress: RetentionProgress) -> None:
            removed.note(progress)
            if line:
                task = progress.task.replace("_", " ")
                show_moment(f"removing: {progress.removed} {task}", line)

        yield report


def _print_report(done: RetentionReport | None) -> None:
    if done is None:
        messages.print(
            "not its turn: retention ran less than a minute ago; `--force` runs it "
            "nevertheless",
            markup=False,
        )
        return
    console.print(f"{'removed':<11}  {'too old':>9}  {'too many':>9}")
    for name, old, surplus in (
        ("approvals", done.old_approvals, str(done.surplus_approvals)),
        ("idempotency", done.old_idempotency, str(done.surplus_idempotency)),
        ("nonces", done.old_nonces, ""),
    ):
        console.print(f"{name:<11}  {old:>9}  {surplus:>9}".rstrip())


def _as_data(
    removed: dict[str, int], *, is_turn: bool | None = None
) -> dict[str, object]:
    """Return what was removed; whether it was its turn is not known after an error."""
    return {"is_turn": is_turn, "removed": removed}
