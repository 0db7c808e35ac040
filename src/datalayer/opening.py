"""What opening a database takes, apart from waiting for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from datalayer.errors import PoolSizeError, ServerTooOld
from datalayer.urls import describe_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg_pool import PoolTimeout

ResultT = TypeVar("ResultT")

_OLDEST_SERVER = 150000


def check_pool_size(pool_size: int) -> None:
    """Raise `PoolSizeError` for a pool without connections."""
    if pool_size < 1:
        raise PoolSizeError(
            f"a pool of {pool_size} connections can serve nobody",
            help="pass a `pool_size` of 1 or more",
        )


def check_server_version(version: int) -> None:
    """Raise `ServerTooOld` for a server before PostgreSQL 15; `version` is libpq's."""
    if version < _OLDEST_SERVER:
        raise ServerTooOld(
            f"the server is PostgreSQL {version // 10000}, 15 or newer is needed",
            help="give the URL of a newer server, or none for the embedded one",
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
