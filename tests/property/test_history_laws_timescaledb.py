"""The laws of history hold on hypertables, also on chunks that are compressed.

One session at a time: on a hypertable an UPDATE that waited for another one finds
nothing (TimescaleDB 2.28 and 2.29), so that no model can say what it should have done.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from history_lab import Lab, open_lab
from history_language import Program
from history_mutants import MUTANTS, Mutant
from history_programs import (
    for_hypertables,
    make_program,
)
from test_history_laws import THOROUGHNESS
from test_history_mutants import is_noticed

from datalayer.server.timescaledb import TimescaleServer

_NAMES = {
    "compares jsonb by value",
    "documents without $json",
    "fires for some columns only",
    "names of the session",
    "records unchanged fields",
    "rights of the session",
    "time zone of the session",
}
_MUTANTS = [mutant for mutant in MUTANTS if mutant.name in _NAMES]


@pytest.fixture
def lab(timescaledb_url: str, timescaledb: TimescaleServer) -> Iterator[Lab]:
    kind = "webassembly" if timescaledb.is_single_connection else "timescaledb"
    with open_lab(timescaledb_url, kind=kind) as opened:
        yield opened


def make(seed: int) -> Program:
    return for_hypertables(make_program(seed))


def test_programs_leave_the_history_they_should(lab: Lab) -> None:
    # The same ones each time: whether MERGE is refused depends on what was compressed.
    for seed in range(150 * THOROUGHNESS):
        lab.insist(make(seed))


@pytest.mark.parametrize("mutant", _MUTANTS, ids=lambda mutant: mutant.name)
def test_a_law_notices(mutant: Mutant, lab: Lab) -> None:
    mutant.apply(lab.control)

    assert is_noticed(lab, mutant.law, make)


def test_chunks_of_history_are_as_closed_as_the_table(lab: Lab) -> None:
    lab.insist(make(0))
    chunks = lab.control.execute(
        "SELECT show_chunks('public.execution_history')::text"
    ).fetchall()
    lab.control.execute("SET ROLE history_writer")

    assert chunks
    for (chunk,) in chunks:
        for forgery in (f"DELETE FROM {chunk}", f"INSERT INTO {chunk} DEFAULT VALUES"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                lab.control.execute(forgery.encode())
