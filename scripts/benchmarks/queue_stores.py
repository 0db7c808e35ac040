"""Where the queues are that are measured: a server, and a database for each kind."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from datalayer.config import bundled_folder
from datalayer.migrate import migrate
from datalayer.server import Server, create_database, use_server

PATTERN = Path(__file__).with_name("queue_pattern.sql")
#: What people read where procrastinate is missing.
_INSTALL = (
    "\nprocrastinate is not installed and was left out:"
    " `.venv/bin/pip install -e '.[bench]'` installs it."
)

_PROCRASTINATE = "procrastinate"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Store:
    """A kind of queue: its tables, and how due jobs come into them."""

    name: str
    tables: tuple[str, ...]
    #: Adds as many jobs as its parameter says, which are due.
    fill: str


OURS = Store(
    "ours",
    ("assistly_queue_jobs",),
    "INSERT INTO assistly_queue_jobs (platform, content, scheduled_at)"
    " SELECT 'mastodon', 'post ' || number,"
    " statement_timestamp() - interval '1 hour' + number * interval '1 microsecond'"
    " FROM generate_series(1, %s) AS number",
)
PATTERN_STORE = Store(
    "pattern",
    ("q_posts", "a_posts"),
    "INSERT INTO q_posts (vt, message)"
    " SELECT statement_timestamp() - interval '1 hour',"
    " jsonb_build_object('platform', 'mastodon', 'content', 'post ' || number)"
    " FROM generate_series(1, %s) AS number",
)
PROCRASTINATE = Store(
    "procrastinate",
    ("procrastinate_jobs", "procrastinate_events"),
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
    " SELECT 'default', 'publish',"
    " jsonb_build_object('platform', 'mastodon', 'content', 'post ' || number)"
    " FROM generate_series(1, %s) AS number",
)


@contextmanager
def open_server(*, sync: bool) -> Iterator[Server]:
    """Start a server that keeps what it promised, or one that waits for no disk."""
    if not sync:
        with use_server() as server:
            yield server
        return
    folder = Path(tempfile.mkdtemp(prefix="datalayer-bench-"))
    # The server may run under another account.
    folder.chmod(0o755)
    try:
        with use_server(folder / "server") as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def create_store(server: Server, store: Store, name: str) -> str:
    """Create a database with the tables of a queue, and return its URL."""
    url = create_database(server.url(), name)
    if store is OURS:
        migrate(url, bundled_folder("migrations"))
        return url
    schema = PATTERN.read_text()
    if store is PROCRASTINATE:
        # Only for who has it.
        from procrastinate.schema import SchemaManager  # noqa: PLC0415

        schema = SchemaManager.get_schema()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(schema.encode())
    return url


def refill(connection: Connection, store: Store, jobs: int) -> None:
    """Begin again, with so many jobs that are due."""
    connection.execute(f"TRUNCATE {', '.join(store.tables)} CASCADE".encode())
    add_jobs(connection, store, jobs)


def add_jobs(connection: Connection, store: Store, jobs: int) -> None:
    """Add jobs that are due, and let the server know of them."""
    connection.execute(store.fill.encode(), [jobs])
    connection.execute(f"VACUUM (ANALYZE) {', '.join(store.tables)}".encode())


def has_procrastinate() -> bool:
    """Return whether procrastinate is installed."""
    return importlib.util.find_spec(_PROCRASTINATE) is not None


def missing() -> str:
    """Return how to install procrastinate, unless it is."""
    return "" if has_procrastinate() else _INSTALL
