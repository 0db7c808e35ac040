"""What opening a database takes, apart from waiting for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from datalayer.errors import DatabaseUnreachable, PoolSizeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg_pool import PoolTimeout

ResultT = TypeVar("ResultT")


def check_pool_size(pool_size: int) -> None:
    """Raise `PoolSizeError` for a pool without connections."""
    if pool_size < 1:
        raise PoolSizeError(
            f"a pool of {pool_size} connections can serve nobody",
            help="pass a `pool_size` of 1 or more",
        )


def describe_target(url: str) -> str:
    """Return which database a URL means, without its password."""
    parts = conninfo_to_dict(url)
    database = parts.get("dbname") or parts.get("user") or "the default database"
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    return f"database `{database}` on `{host}` port {parts.get('port') or 5432}"


def unreachable(url: str, error: psycopg.Error) -> DatabaseUnreachable:
    """Return the error for a database that lets nobody in."""
    reason = " ".join(str(error).split())
    password = conninfo_to_dict(url).get("password")
    if password:
        reason = reason.replace(str(password), "…")
    return DatabaseUnreachable(
        f"cannot connect to {describe_target(url)}: {reason}",
        help="check the URL, and that the server runs",
    )


def explain_timeout(
    error: PoolTimeout, url: str, pool_size: int, statistics: Mapping[str, int]
) -> None:
    """Note on an error of the pool what it was waiting for."""
    error.add_note(
        f"{statistics.get('pool_available', 0)} of {pool_size} connections to "
        f"{describe_target(url)} are free, "
        f"{statistics.get('connections_errors', 0)} attempts to connect failed: "
        "raise `pool_size`, hold connections for less time, or look at the server"
    )


def run_here(task: Callable[[], ResultT]) -> ResultT:
    """Run something that waits."""
    return task()


async def run_aside(task: Callable[[], ResultT]) -> ResultT:
    """Run something that waits in a thread, so that the event loop does not."""
    return await asyncio.to_thread(task)
