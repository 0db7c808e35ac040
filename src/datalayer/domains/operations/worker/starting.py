"""The first connection of a worker: it shows whether there is a queue to work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import errors

from datalayer.domains.operations.errors import OperationsUnusable
from datalayer.domains.operations.worker.connecting import connect
from datalayer.opening import check_server_version
from datalayer.queries.operations.queue import get_next_work
from datalayer.queries.operations.queue_work import claim_due_jobs
from datalayer.urls import describe_failure, describe_target, unreachable

if TYPE_CHECKING:
    from datalayer.domains.operations.worker.settings import WorkerSettings


def open_queue(url: str, settings: WorkerSettings) -> psycopg.Connection:
    """Return a connection to a database that has a queue."""
    try:
        connection = connect(url, settings)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        check_server_version(connection.info.server_version)
        get_next_work(connection)
        # What takes nothing is refused all the same where nothing may be taken.
        claim_due_jobs(
            connection, worker=settings.name, row_limit=0, lease=settings.lease
        )
    except psycopg.Error as error:
        is_broken = connection.broken
        connection.close()
        if is_broken:
            raise unreachable(url, error) from error
        raise _unusable(url, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(url: str, error: psycopg.Error) -> OperationsUnusable:
    help = "let the user read and write the table, and use its schema"
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        help = (
            "apply the migrations with `datalayer migrate up`; is the schema in the "
            "search_path of the URL?"
        )
    return OperationsUnusable(
        f"no queue to work on in {describe_target(url)}: "
        f"{describe_failure(url, error)}",
        help=help,
    )
