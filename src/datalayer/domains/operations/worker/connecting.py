"""The connections of a worker, and how patiently it makes them again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from datalayer.domains.operations.worker.settings import WorkerSettings

#: No pause before another try is longer, in seconds.
LONGEST_PAUSE = 5.0
#: When so many jobs in a row of tries are locked, the table may be.
MOST_LOCKED = 3
_FIRST_PAUSE = 0.1
# A machine that is gone says nothing: notice it well before leases end. What the URL
# says comes first.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
# A lock on a job's row, or on the table, must not stop the worker from all the rest.
_SESSION = {
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "idle_session_timeout": "0",
    "lock_timeout": "1s",
    "statement_timeout": "20s",
}


def connect(url: str, settings: WorkerSettings) -> psycopg.Connection:
    """Return a connection in autocommit mode, set up for a worker."""
    given = conninfo_to_dict(url)
    patience = {name: _PATIENCE[name] for name in sorted(_PATIENCE.keys() - given)}
    connection = psycopg.connect(
        make_conninfo(url, **patience),
        autocommit=True,
        prepare_threshold=None,  # a pooler may move us between servers
        application_name=f"datalayer worker {settings.name}",
        client_encoding="utf8",
    )
    try:
        for name, value in _SESSION.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    except BaseException:
        connection.close()
        raise
    return connection


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row.

    It varies, so that workers that lost a server together do not return together.
    """
    longest = min(LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return longest * random.uniform(0.5, 1)
