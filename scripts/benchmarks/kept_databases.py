"""Databases that take long to load: in a folder that can be kept for the next run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.errors import BenchError
from datalayer.server import drop_database


def check_space(needed: int, keep: Path | None, what: str) -> None:
    """Raise `BenchError` unless what is loaded fits; what was kept does."""
    if keep is not None and keep.exists():
        return
    folder = keep or Path(tempfile.gettempdir())
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(
            f"{what} need {needed / 1e9:.1f} GB, and {folder} has"
            f" {free / 1e9:.1f} GB left",
            help="ask for fewer `--rows`, or name a folder elsewhere with `--keep`",
        )


def find_database(server_url: str, name: str, size: str) -> tuple[str, int] | None:
    """Return the database of an earlier run, and a number that tells its size.

    `size` is a column of its table `bench_layout`. A database that was not completed is
    removed.
    """
    with psycopg.connect(server_url) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname = %s"
        (present,) = connection.execute(query, [name]).fetchone() or (0,)
    if not present:
        return None
    url = make_conninfo(server_url, dbname=name)
    found = _read_layout(url, size)
    if found is None:
        drop_database(server_url, name)
        return None
    return url, found


def _read_layout(url: str, size: str) -> int | None:
    with psycopg.connect(url) as connection:
        known = connection.execute("SELECT to_regclass('bench_layout')").fetchone()
        if known is None or known[0] is None:
            return None
        row = connection.execute(
            sql.SQL("SELECT {} FROM bench_layout WHERE loaded IS NOT NULL").format(
                sql.Identifier(size)
            )
        ).fetchone()
    return None if row is None else int(row[0])


def check_size(kept: int, wanted: int, keep: Path | None, what: str) -> None:
    """Raise `BenchError` when a folder keeps more or fewer rows than were asked for."""
    if kept != wanted:
        raise BenchError(
            f"{keep} keeps {kept:,} {what}, not {wanted:,}",
            help=f"add `--rows {kept}`, or name another folder",
        )
