"""How commands reach the tables of a domain, and end when they cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer
from psycopg import errors

from datalayer.cli.output import messages, print_error, print_json, problems_as_data
from datalayer.domains.operations.errors import OperationsUnusable
from datalayer.errors import DataLayerError
from datalayer.opening import check_server_version
from datalayer.server import acquire_server
from datalayer.urls import describe_failure, describe_target, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DONE, PROBLEM, INTERRUPTED = 0, 1, 130

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", help="Default: the embedded server's database."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_ABSENT = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction)
_HELP = {
    errors.InsufficientPrivilege: "grant the user what the message names",
    errors.LockNotAvailable: "run it again when the lock is free",
    errors.ReadOnlySqlTransaction: "name a server that is not a standby",
}
# What a role or a database sets is meant for applications.
_SETTINGS = {
    "client_min_messages": "warning",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "timezone": "UTC",
}


@contextmanager
def connect(
    url: str | None,
    name: str,
    *,
    domain: str = "operations",
    unusable: type[DataLayerError] = OperationsUnusable,
) -> Iterator[psycopg.Connection]:
    """Yield a connection in autocommit mode; explain what PostgreSQL refuses.

    A domain without its tables is named, and the error is of the class given.
    """
    handle = acquire_server(url)
    try:
        with _open(handle.url, name) as connection:
            yield connection
    except psycopg.Error as error:
        raise _unusable(handle.url, error, domain, unusable) from error
    finally:
        handle.close()


@contextmanager
def exit_code(
    data: Callable[[], dict[str, object]] | None, interrupted: Callable[[], str]
) -> Iterator[None]:
    """Print an error and end with its exit code; as JSON when there is data."""
    try:
        yield
    except DataLayerError as error:
        if data:
            print_json(document(data(), PROBLEM, problems_as_data(error)))
        else:
            print_error(error)
        raise typer.Exit(PROBLEM) from None
    except KeyboardInterrupt:
        messages.print(interrupted(), markup=False)
        raise typer.Exit(INTERRUPTED) from None


def document(
    data: dict[str, object], code: int, problems: list[dict[str, object]]
) -> dict[str, object]:
    """Return what is printed as JSON."""
    return {"exit_code": code, **data, "problems": problems}


@contextmanager
def _open(url: str, name: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,  # a pooler may move us between servers
            application_name=f"datalayer {name}",
            client_encoding="utf8",
        )
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        check_server_version(connection.info.server_version)
        for setting, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (setting, value))
        yield connection
    finally:
        # Not `with`, which would wait for a statement under way.
        connection.close()


def _unusable(
    url: str, error: psycopg.Error, domain: str, unusable: type[DataLayerError]
) -> DataLayerError:
    reason = error.diag.message_primary or describe_failure(url, error)
    if isinstance(error, _ABSENT):
        return unusable(
            f"{describe_target(url)} has no tables of {domain}: {reason}",
            help="apply the migrations with `datalayer migrate up`; is the schema in "
            "the search_path of the URL?",
        )
    helps = (help for kind, help in _HELP.items() if isinstance(error, kind))
    return unusable(f"{describe_target(url)} refused: {reason}", help=next(helps, None))
