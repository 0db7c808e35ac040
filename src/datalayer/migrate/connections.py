"""The connections of a run: one that holds the lock, one that applies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from datalayer.errors import DatabaseUnreachable, DataLayerError, LedgerError
from datalayer.urls import describe_target, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_NAME = "datalayer migrate"
# Connection exception, operator intervention.
_BROKEN = {"08", "57"}


@contextmanager
def connect(url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection in autocommit mode, closed at the end whatever happens."""
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,  # a pooler may move us between servers
            application_name=APPLICATION_NAME,
            client_encoding="utf8",
        )
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        yield connection
    except psycopg.Error as error:
        # Errors of the files are located before they come here.
        raise _unusable(url, error) from error
    finally:
        # Not `with`: that would commit or wait; an unfinished file must roll back.
        connection.close()


def _unusable(url: str, error: psycopg.Error) -> DataLayerError:
    text = " ".join(str(error).split())
    if error.sqlstate is None or error.sqlstate[:2] in _BROKEN:
        return DatabaseUnreachable(
            f"lost the connection to {describe_target(url)}: {text}",
            help="run again: what was applied is recorded",
        )
    return LedgerError(
        f"cannot use `datalayer_migration` in {describe_target(url)}: {text}",
        help="let the user read and write the table and its schema",
    )
