"""Laws 1 to 9 of history hold for random programs, alone and two at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from history_lab import Lab, open_lab
from history_programs import overlapping_programs, programs

from datalayer.server import Binaries, find_binaries, scratch_database
from native_servers import NativeServers

#: How many times the usual number of programs to try; Hypothesis chooses them.
THOROUGHNESS = int(os.environ.get("DATALAYER_HISTORY_PROGRAMS", "1"))
_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_OLDEST = [b for b in find_binaries() if not b.embedded][-1:]


@pytest.fixture
def lab(database_url: str) -> Iterator[Lab]:
    with open_lab(database_url) as opened:
        yield opened


def test_programs_leave_the_history_they_should(lab: Lab) -> None:
    lab.insist_on_all(programs, 200 * THOROUGHNESS)


def test_overlapping_programs_leave_the_history_they_should(lab: Lab) -> None:
    lab.insist_on_all(overlapping_programs, 125 * THOROUGHNESS)


@pytest.mark.postgres
@pytest.mark.parametrize("binaries", _OLDEST, ids=lambda b: f"postgresql{b.major}")
def test_installed_servers_keep_the_laws(
    binaries: Binaries, native_servers: NativeServers
) -> None:
    server = native_servers.start(binaries.folder)
    template = native_servers.migrated_template(server)
    with (
        scratch_database(server.url(), template=template) as url,
        open_lab(url) as lab,
    ):
        lab.insist_on_all(programs, 40 * THOROUGHNESS)
        lab.insist_on_all(overlapping_programs, 40 * THOROUGHNESS)
