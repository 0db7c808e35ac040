"""Whatever happens to imports, the same requests are stored in the same tree."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from importing_laws import STEPS, Step, import_once, insist
from importing_mutants import MUTANTS, ImportingMutant

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_IMPORTING_EXAMPLES", "1"))


def test_any_imports_come_to_one(database_url: str, tmp_path: Path) -> None:
    @given(steps=STEPS)
    @settings(
        max_examples=15 * THOROUGHNESS,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def come_to_one(steps: list[Step]) -> None:
        insist(connection, tmp_path, steps, expected)

    with psycopg.connect(database_url, autocommit=True) as connection:
        expected = import_once(connection, tmp_path)
        come_to_one()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_laws_notice(
    mutant: ImportingMutant,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = list(mutant.steps)
    with psycopg.connect(database_url, autocommit=True) as connection:
        expected = import_once(connection, tmp_path)
        insist(connection, tmp_path, steps, expected)
        mutant.apply(monkeypatch)

        with pytest.raises(AssertionError, match=mutant.noticed_as):
            insist(connection, tmp_path, steps, expected)
