"""A program that breaks a law is shown as a script that psql can run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest
from history_lab import LawsBroken, open_lab
from history_language import Program
from history_mutants import MUTANTS
from history_programs import overlapping_programs, programs
from hypothesis.strategies import SearchStrategy

from datalayer.server import Server, find_client, scratch_database


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("records unchanged fields", programs),
        ("names of the session", programs),
        ("documents without $json", overlapping_programs),
    ],
)
def test_script_fails_on_the_mutant_only(
    name: str,
    kind: SearchStrategy[Program],
    server: Server,
    migrated_template: str,
    tmp_path: Path,
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    program = tmp_path / "program.sql"
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as lab,
    ):
        mutant.apply(lab.control)
        with pytest.raises(LawsBroken) as raised:
            lab.insist_on_all(kind, 2000)
    program.write_text(raised.value.script)

    with scratch_database(server.url(), template=migrated_template) as sound:
        assert run_script(server, sound, program).returncode == 0
    with scratch_database(server.url(), template=migrated_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            mutant.apply(connection)
        again = run_script(server, url, program)

    assert again.returncode == 3
    assert "is not what it should be" in again.stderr


def run_script(
    server: Server, url: str, program: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find_client("psql", server), "-X", "-q", "-f", str(program), url],
        capture_output=True,
        text=True,
        check=False,
    )
