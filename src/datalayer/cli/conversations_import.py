"""`datalayer conversations import`: store the traffic that log files hold."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datalayer.cli.bad_lines import BadLines
from datalayer.cli.import_progress import show_progress, summary
from datalayer.cli.operations import (
    DONE,
    PROBLEM,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import (
    console,
    count,
    print_error,
    print_json,
    problems_as_data,
)
from datalayer.domains.conversations.errors import (
    ConversationsUnusable,
    ImportFileUnreadable,
)
from datalayer.domains.conversations.importing import (
    BATCH_SIZE,
    LONGEST_LINE,
    STANDARD_INPUT,
    ImportOptions,
    ImportProgress,
    Listener,
    check_file,
    import_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import psycopg

EXIT_CODES = (
    "Exit codes: 0 every line is stored; 1 there were bad lines, and the others are "
    "stored, or an error; 2 wrong usage; 130 interrupted by Ctrl-C: whole batches "
    "stay, and the same command goes on."
)
_LARGEST_BATCH = 10_000
_MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class _Imports:
    """What came of the files so far."""

    #: Under the path of each; the last one may be under way.
    files: dict[str, ImportProgress] = field(default_factory=dict)
    errors: list[ImportFileUnreadable] = field(default_factory=list)

    def note(self, progress: ImportProgress) -> None:
        self.files[progress.path] = progress

    def listener(
        self, tell: Callable[[ImportProgress], None], bad: BadLines
    ) -> Listener:
        def note(progress: ImportProgress) -> None:
            self.note(progress)
            tell(progress)

        return Listener(progress=note, bad_line=bad.take)

    def data(self) -> dict[str, object]:
        sums = {
            name: sum(getattr(each, name) for each in self.files.values())
            for name in ("lines", "stored", "known", "bad")
        }
        return {**sums, "files": [asdict(each) for each in self.files.values()]}

    def interrupted(self) -> str:
        stored = sum(each.stored for each in self.files.values())
        return (
            f"interrupted: {count(stored, 'request')} stored, in whole batches; run it "
            "again to go on"
        )


def import_traffic(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="JSON lines, also compressed by gzip; - is stdin."
        ),
    ],
    train: Annotated[
        str | None, typer.Option(help="The train of lines that name none.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The account of lines that name none.")
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, max=_LARGEST_BATCH, help="Lines of a transaction.")
    ] = BATCH_SIZE,
    max_line: Annotated[
        int,
        typer.Option(min=1, max=1024, metavar="MB", help="A longer line is bad."),
    ] = LONGEST_LINE // _MEGABYTE,
    restart: Annotated[
        bool, typer.Option("--restart", help="Read each file from its beginning.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read whole files, and store nothing.")
    ] = False,
    show_bad: Annotated[
        int, typer.Option(min=0, help="Show so many bad lines; all are counted.")
    ] = 20,
    bad_lines: Annotated[
        Path | None,
        typer.Option(help="Write all bad lines to this file, which is replaced."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Store the requests and responses of log files, one pair to a line of JSON.

    Lines are in the Messages or the chat-completions format. An import goes on where
    the last one of the file ended, also after it was killed or the file has grown, and
    stores nothing twice.
    """
    _check_names(files, train, account, bad_lines)
    done = _Imports()
    options = ImportOptions(
        train_id=train,
        account_id=account,
        batch_size=batch_size,
        longest_line=max_line * _MEGABYTE,
        restart=restart,
    )
    with exit_code(done.data if as_json else None, done.interrupted), ExitStack() as on:
        bad = on.enter_context(BadLines.open(bad_lines, most=show_bad, silent=as_json))
        tell = on.enter_context(show_progress(silent=as_json))
        listener = done.listener(tell, bad)
        if dry_run:
            run = partial(check_file, options=options, listener=listener)
        else:
            run = partial(
                import_file,
                on.enter_context(_connect(database_url)),
                options=options,
                listener=listener,
            )
        _import_each(files, run, done, silent=as_json, dry_run=dry_run)
    _finish(done, bad, as_json=as_json)


def _connect(url: str | None) -> AbstractContextManager[psycopg.Connection]:
    return connect(
        url, "import", domain="conversations", unusable=ConversationsUnusable
    )


def _check_names(
    files: list[Path], train: str | None, account: str | None, bad_lines: Path | None
) -> None:
    for name, value in (("--train", train), ("--account", account)):
        if value is not None and not 0 < len(value) <= 200:
            raise typer.BadParameter(f"{name} has 1 to 200 characters")
    if bad_lines is not None and bad_lines.resolve() in [f.resolve() for f in files]:
        raise typer.BadParameter(f"--bad-lines would replace `{bad_lines}`")
    if [str(path) for path in files].count(STANDARD_INPUT) > 1:
        raise typer.BadParameter("standard input can be read once")


def _import_each(
    files: list[Path],
    run: Callable[..., ImportProgress],
    done: _Imports,
    *,
    silent: bool,
    dry_run: bool,
) -> None:
    """Import one file after another; what cannot be read keeps no other back."""
    for path in files:
        try:
            progress = run(path=path)
        except ImportFileUnreadable as error:
            done.errors.append(error)
            if not silent:
                print_error(error)
            continue
        done.note(progress)
        if not silent:
            console.print(summary(progress, dry_run=dry_run), markup=False)


def _finish(done: _Imports, bad: BadLines, *, as_json: bool) -> None:
    code = PROBLEM if done.errors or bad.number else DONE
    if as_json:
        problems = [each for error in done.errors for each in problems_as_data(error)]
        data = {**done.data(), "bad_lines": bad.shown}
        print_json(document(data, code, problems))
    else:
        bad.tell_rest()
    if code:
        raise typer.Exit(code)
