"""The mistakes of earlier attempts are not there, and would be found."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from conversations_ladder import Ladder
from conversations_migration_checks import (
    check_accounts,
    check_hashes,
    check_indexes,
    check_refresh,
    check_text,
)
from conversations_migration_mutants import BACKFILLS, EARLIER, Mutant
from conversations_steps import STEPS, THOROUGH

pytest_plugins = ["conversations_step_fixtures"]
pytestmark = pytest.mark.postgres


def test_hourly_sums_are_refreshed_beside_readers(ladder: Ladder) -> None:
    check_refresh(ladder, 0, STEPS[0])


def test_each_hash_has_room(ladder: Ladder) -> None:
    check_hashes(ladder, 1, STEPS[1])


def test_no_index_is_redundant(ladder: Ladder) -> None:
    check_indexes(ladder, 1, STEPS[1])


def test_accounts_that_are_there_stay(ladder: Ladder) -> None:
    check_accounts(ladder, 5, STEPS[5])


@pytest.mark.parametrize("step", range(len(STEPS)), ids=lambda n: STEPS[n].stem)
def test_no_file_needs_a_newer_server(ladder: Ladder, step: int) -> None:
    check_text(ladder, step, STEPS[step])


@pytest.mark.parametrize(
    "mutant",
    [*EARLIER, *(BACKFILLS if THOROUGH else BACKFILLS[::3])],
    ids=lambda mutant: f"{mutant.step}-{mutant.mistake}",
)
def test_mistake_is_found(ladder: Ladder, tmp_path: Path, mutant: Mutant) -> None:
    file = mutant.write(tmp_path)

    with pytest.raises((AssertionError, psycopg.Error)):
        mutant.check(ladder, mutant.step, file)
