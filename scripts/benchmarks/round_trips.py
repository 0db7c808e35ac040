"""How often a client waits for the server: counted in what libpq traces."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]


def count_round_trips(connection: Connection, action: Callable[[], object]) -> int:
    """Return how often messages went there and an answer was waited for."""
    # https://www.postgresql.org/docs/current/libpq-control.html#LIBPQ-PQTRACE
    with tempfile.TemporaryFile() as file:
        connection.pgconn.trace(file.fileno())
        try:
            action()
        finally:
            connection.pgconn.untrace()
        file.seek(0)
        return turns(file.read().decode(errors="replace"))


def turns(trace: str) -> int:
    """Return how often the server's messages follow the client's in a trace."""
    # Text within a message may contain line ends: those lines have no such field.
    senders = [
        fields[1]
        for line in trace.splitlines()
        if len(fields := line.split("\t")) >= 4
        and fields[1] in ("F", "B")
        and fields[2].isdecimal()
    ]
    return sum(pair == ("F", "B") for pair in itertools.pairwise(senders))
