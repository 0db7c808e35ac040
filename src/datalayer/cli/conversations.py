"""`datalayer conversations`: import traffic, and look at what came of it."""

from __future__ import annotations

import typer

from datalayer.cli import conversations_isolation
from datalayer.cli.conversations_import import EXIT_CODES as IMPORT_EXIT_CODES
from datalayer.cli.conversations_import import import_traffic
from datalayer.cli.conversations_list import EXIT_CODES as LIST_EXIT_CODES
from datalayer.cli.conversations_list import list_page
from datalayer.cli.conversations_rotation import EXIT_CODES as ROTATE_EXIT_CODES
from datalayer.cli.conversations_rotation import rotate
from datalayer.cli.conversations_show import EXIT_CODES as SHOW_EXIT_CODES
from datalayer.cli.conversations_show import show

app = typer.Typer(
    help="Import requests and responses, and look at conversations.",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Import requests and responses, and look at conversations."""


app.command("import", epilog=IMPORT_EXIT_CODES)(import_traffic)
app.command("list", epilog=LIST_EXIT_CODES)(list_page)
app.command(epilog=SHOW_EXIT_CODES)(show)
app.command(epilog=ROTATE_EXIT_CODES)(rotate)
app.add_typer(conversations_isolation.app, name="isolation")
