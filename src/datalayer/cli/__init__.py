"""The command line: parse, call one function, print."""

from __future__ import annotations

import typer

from datalayer.cli import conversations, db, history, migrate, queue, retention
from datalayer.cli.dashboard import dashboard
from datalayer.cli.explain import explain
from datalayer.cli.generate import check, generate
from datalayer.cli.maintain import EXIT_CODES, maintain
from datalayer.cli.output import messages, print_error
from datalayer.cli.prove import prove
from datalayer.cli.query import query
from datalayer.cli.transfer import EXIT_CODES as TRANSFER_EXIT_CODES
from datalayer.cli.transfer import transfer
from datalayer.cli.worker import EXIT_CODES as WORKER_EXIT_CODES
from datalayer.cli.worker import worker
from datalayer.errors import DataLayerError

app = typer.Typer(
    name="datalayer",
    help="Typed functions from SQL files, and plain SQL migrations, for PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(generate)
app.command()(check)
app.command()(explain)
app.command()(prove)
app.command()(query)
app.command(epilog=EXIT_CODES)(maintain)
app.command()(dashboard)
app.command(epilog=WORKER_EXIT_CODES)(worker)
migrate.app.command(epilog=TRANSFER_EXIT_CODES)(transfer)
app.add_typer(migrate.app, name="migrate")
app.add_typer(conversations.app, name="conversations")
app.add_typer(db.app, name="db")
app.add_typer(history.app, name="history")
app.add_typer(queue.app, name="queue")
app.add_typer(retention.app, name="retention")


@app.callback()
def _root() -> None:
    """Typed functions from SQL files, and plain SQL migrations, for PostgreSQL."""


def run() -> None:
    """Run the command line; exit 1 for a problem in the input, 2 for wrong usage."""
    try:
        app()
    except DataLayerError as error:
        print_error(error)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        messages.print("interrupted")
        raise SystemExit(130) from None
