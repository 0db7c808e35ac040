"""The command line: parse, call one function, print."""

from __future__ import annotations

import typer

from datalayer.cli.lazy_commands import LazyCommands
from datalayer.cli.output import messages, print_error
from datalayer.errors import DataLayerError

app = typer.Typer(
    name="datalayer",
    cls=LazyCommands,
    help="Typed functions from SQL files, and plain SQL migrations, for PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
