"""The page about the conversations domain is true."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from conversations_steps import STEPS
from datalayer.server import find_binaries

pytestmark = pytest.mark.postgres

PAGE = (Path(__file__).parents[2] / "docs" / "conversations.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.M | re.S)


@pytest.fixture
def toured(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """A database after the tour."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    (code,) = blocks("python")
    exec(compile(code, "docs/conversations.md", "exec"), {})  # noqa: S102 (the page)
    assert capsys.readouterr().out == blocks("text")[0]
    return database_url


def run_psql(url: str, statements: str) -> list[str]:
    """Return the lines that psql writes, without the place of a notice."""
    program = next(b for b in find_binaries() if b.embedded).program("psql")
    done = subprocess.run(
        [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url],
        input=statements,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = re.sub(r"^psql:<stdin>:\d+: ", "", done.stdout, flags=re.M).splitlines()
    return [line.rstrip() for line in lines if line]


def test_the_tour_and_its_backfill_run(toured: str) -> None:
    *_, backfill = blocks("sql")

    assert run_psql(toured, backfill) == blocks("text")[1].splitlines()


def test_no_index_is_invalid(toured: str) -> None:
    (statement,) = (each for each in blocks("sql") if "indisvalid" in each)

    assert run_psql(toured, statement)[-1] == "(0 rows)"


def test_the_mapping_is_the_table_of_the_step() -> None:
    statement = blocks("sql")[0]

    assert " ".join(statement.split()) in " ".join(
        STEPS[5].read_text().replace("IF NOT EXISTS ", "").split()
    )


def test_every_table_is_listed() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \| ", PAGE, re.M))
    stated = "".join(file.read_text() for file in STEPS)
    created = r"CREATE (?:TABLE|MATERIALIZED VIEW)(?: IF NOT EXISTS)? (\w+)"
    tables = set(re.findall(created, stated)) - {"domain_accounts"}

    assert listed == tables | {"train_default_accounts"}


def test_every_step_is_listed() -> None:
    listed = re.findall(r"^\| (\d{3}) \| [^`]", PAGE, re.M)

    assert listed == [file.name[:3] for file in STEPS]
