"""Programs that break a law are shown as scripts that psql can run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from operations_interleaving_lab import LawsBroken, open_lab
from operations_interleaving_language import (
    Begin,
    Claim,
    Commit,
    Decide,
    Operation,
    Program,
    StoredJob,
)
from operations_interleaving_mutants import MUTANTS
from operations_interleaving_programs import programs_of

from datalayer.server import Server, find_client, scratch_database

_CROSSING: dict[str, tuple[str, Operation, Operation]] = {
    "claim that locks nothing": (" | blog ", Claim(1), Claim(1)),
    "decision by the status seen before": (
        " a  | ",
        Decide("a", "approved"),
        Decide("a", "rejected"),
    ),
}


@pytest.fixture
def urls(server: Server, migrated_template: str) -> Iterator[tuple[str, str]]:
    """One database to break a law in, and another one for the script."""
    with (
        scratch_database(server.url(), template=migrated_template) as one,
        scratch_database(server.url(), template=migrated_template) as other,
    ):
        yield one, other


@pytest.mark.parametrize("name", sorted(_CROSSING))
def test_script_repeats_what_is_wrong(
    name: str,
    server: Server,
    urls: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    mutant.apply(monkeypatch)
    twice, first, second = _CROSSING[name]
    steps = ((0, Begin()), (0, first), (1, second), (0, Commit()))
    with open_lab(urls[0]) as lab, pytest.raises(LawsBroken) as raised:
        lab.insist(Program((StoredJob(),), steps))

    shown = run_script(server, urls[1], raised.value.script, tmp_path)

    assert raised.value.script.startswith(f"-- {raised.value.broken[0].law}")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.count(twice) == 2


def test_script_has_few_steps(
    urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.topic == "nonces")
    mutant.apply(monkeypatch)

    with open_lab(urls[0]) as lab, pytest.raises(LawsBroken) as raised:
        # How small the smallest one is that is found in time is a matter of chance.
        lab.insist_on_all(programs_of(mutant.topic), 5000, derandomize=True)

    script = raised.value.script
    assert len(re.findall("^-- (?:first|second|third): ", script, re.MULTILINE)) <= 6
    assert "-- first: Register(nonce='m')" in script
    assert " session waits.\n" in script


def run_script(
    server: Server, url: str, script: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    program = folder / "program.sql"
    program.write_text(script)
    return subprocess.run(
        [find_client("psql", server), "-X", "-q", "-f", str(program), url],
        capture_output=True,
        text=True,
        check=False,
    )
