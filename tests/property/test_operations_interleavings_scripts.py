"""Programs that break a law are shown as scripts that psql can run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from operations_interleaving_lab import LawsBroken, open_lab
from operations_interleaving_mutants import MUTANTS
from operations_interleaving_programs import programs_of

from datalayer.server import Server, find_client, scratch_database


@pytest.mark.parametrize(
    ("name", "twice"),
    [
        ("claim that locks nothing", " | blog "),
        ("nonce that is looked up, then stored", " t\n"),
    ],
)
def test_script_shows_the_fewest_steps_and_runs(
    name: str,
    twice: str,
    server: Server,
    migrated_template: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    mutant.apply(monkeypatch)
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as lab,
        pytest.raises(LawsBroken) as raised,
    ):
        lab.insist_on_all(programs_of(mutant.topic), 5000)
    script = raised.value.script

    with scratch_database(server.url(), template=migrated_template) as url:
        shown = run_script(server, url, script, tmp_path)

    assert mutant.law in {broken.law for broken in raised.value.broken}
    assert script.startswith(f"-- {raised.value.broken[0].law}")
    assert ": Begin(isolation='READ COMMITTED')" in script
    assert " session waits." in script
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    assert shown.stdout.count(twice) >= 2


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
