"""Databases whose maintenance lives by a clock that tests can move."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from datalayer.migrate import migrate
from datalayer.server import create_database, drop_database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_FILES = (
    "maintenance/001_add_partition_maintenance.sql",
    "maintenance/002_add_rollups.sql",
    "maintenance/003_add_maintenance.sql",
    "automation/006_add_hourly_relations.native.sql",
)
_CLOCK = """\
CREATE FUNCTION law_shift() RETURNS interval
LANGUAGE sql
RETURN coalesce(current_setting('law.shift', TRUE), '0')::interval
"""
#: The clock moves, and nobody waits for a lock that a test holds.
_SUBSTITUTIONS = {
    "clock_timestamp()": "(clock_timestamp() + law_shift())",
    " now() ": " (now() + law_shift()) ",
    "step, now())": "step, now() + law_shift())",
    "hour(now() ": "hour(now() + law_shift() ",
    "lock_timeout = '2s'": "lock_timeout = '20ms'",
}


@contextmanager
def shifted_template(
    server_url: str, name: str, mutation: tuple[str, str] | None = None
) -> Iterator[str]:
    """Yield the name of a database with the native tables, rightly built or not.

    A mutation replaces a piece of the migrations, which must be there.
    """
    url = create_database(server_url, name)
    try:
        with psycopg.connect(url) as connection:
            connection.execute(_CLOCK)
        with tempfile.TemporaryDirectory() as folder:
            _write_migrations(Path(folder), mutation)
            migrate(url, Path(folder), components=["automation"], profile="native")
        yield name
    finally:
        drop_database(server_url, name)


def _write_migrations(folder: Path, mutation: tuple[str, str] | None) -> None:
    for component in ("automation", "maintenance"):
        shutil.copytree(MIGRATIONS / component, folder / component)
    texts = {name: (folder / name).read_text() for name in _FILES}
    if mutation:
        old, new = mutation
        assert any(old in text for text in texts.values()), old
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in texts.items():
        for old, new in _SUBSTITUTIONS.items():
            text = text.replace(old, new)
        (folder / name).write_text(text)
