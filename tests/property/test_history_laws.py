"""Laws 1 to 9 of history hold for random programs, alone and two at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from history_lab import Lab, open_lab
from history_programs import make_overlapping_program, make_program

from datalayer.migrate import migrate
from datalayer.server import Binaries, find_binaries, scratch_database, use_server

#: How many times the usual number of programs to try; each number means the same ones.
THOROUGHNESS = int(os.environ.get("DATALAYER_HISTORY_PROGRAMS", "1"))
_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_OLDEST = [b for b in find_binaries() if not b.embedded][-1:]


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    with open_lab(database_url) as opened:
        yield opened


def test_programs_leave_the_history_they_should(lab: Lab) -> None:
    for seed in range(400 * THOROUGHNESS):
        lab.insist(make_program(seed))


def test_overlapping_programs_leave_the_history_they_should(lab: Lab) -> None:
    for seed in range(250 * THOROUGHNESS):
        lab.insist(make_overlapping_program(seed))


@pytest.mark.postgres
@pytest.mark.parametrize("binaries", _OLDEST, ids=lambda b: f"postgresql{b.major}")
def test_installed_servers_keep_the_laws(binaries: Binaries) -> None:
    with (
        use_server(binaries=binaries.folder) as server,
        scratch_database(server.url()) as url,
    ):
        migrate(url, _MIGRATIONS)
        with open_lab(url) as lab:
            for seed in range(1000, 1000 + 80 * THOROUGHNESS):
                lab.insist(make_program(seed))
                lab.insist(make_overlapping_program(seed))
