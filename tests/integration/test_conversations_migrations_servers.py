"""The steps of the conversations domain on an older PostgreSQL and on TimescaleDB."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from conversations_backfill_model import Tables, after_step
from conversations_filling import fill
from conversations_ladder import Ladder, migrate_to
from conversations_migration_checks import check_rows
from conversations_migration_mutants import EARLIER
from conversations_steps import LAST, assert_rows, read_tables
from datalayer.server import Binaries, find_binaries
from native_servers import NativeServers

pytest_plugins = ["conversations_step_fixtures"]
pytestmark = pytest.mark.postgres

_OLDEST = [b for b in find_binaries() if not b.embedded][-1:]
_HAS_MIN_OF_UUID = 18


@pytest.fixture(scope="module", params=_OLDEST, ids=lambda b: f"postgresql-{b.major}")
def older(
    request: pytest.FixtureRequest,
    conversations_folder: Path,
    native_servers: NativeServers,
) -> tuple[Ladder, int]:
    """Templates on the oldest PostgreSQL that is installed, and its version."""
    binaries: Binaries = request.param
    server = native_servers.start(binaries.folder)
    return Ladder(server, conversations_folder), binaries.major


def at_the_end(before: Tables, step: int) -> Tables:
    """Return what has to become of rows that were there after a step."""
    for following in range(step + 1, LAST + 1):
        before = after_step(following, before)
    return before


def test_an_older_server_takes_rows_to_the_end(older: tuple[Ladder, int]) -> None:
    ladder, _ = older
    with ladder.clone(ladder.filled(2)) as url:
        migrate_to(url, ladder.folder, LAST)

        assert_rows(read_tables(url), at_the_end(ladder.rows_before(2), 2))


def test_an_older_server_finds_the_minimum_of_ids(
    older: tuple[Ladder, int], tmp_path: Path
) -> None:
    ladder, major = older
    if major >= _HAS_MIN_OF_UUID:
        pytest.skip("this server has min(uuid)")
    (mutant,) = (m for m in EARLIER if m.mistake.startswith("min(uuid)"))

    with pytest.raises(psycopg.errors.UndefinedFunction, match=r"min\(uuid\)"):
        check_rows(ladder, mutant.step, mutant.write(tmp_path))


def test_timescaledb_takes_rows_to_the_end(
    empty_timescaledb: str, conversations_folder: Path
) -> None:
    migrate_to(empty_timescaledb, conversations_folder, 0)
    with psycopg.connect(empty_timescaledb, autocommit=True) as connection:
        fill(connection, 0, conversations=3)
    before = read_tables(empty_timescaledb)

    migrate_to(empty_timescaledb, conversations_folder, LAST)

    assert_rows(read_tables(empty_timescaledb), at_the_end(before, 0))
