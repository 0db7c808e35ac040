"""What README and quickstart show is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from document_sessions import Session, assert_excerpt, assert_matches
from server_processes import open_folder

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()

#: What a reader of the README imagines to be there.
PROJECT = {
    "pyproject.toml": '[tool.datalayer]\noutput = "app/queries"\n',
    "migrations/001_account.sql": """\
-- What the example of the README is about.
CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX account_email ON account (email);
INSERT INTO account (email) VALUES ('ada@example.org');
""",
}


@pytest.fixture
def session() -> Iterator[Session]:
    with open_folder() as folder:
        project = folder / "project"
        project.mkdir()
        yield Session(project, folder / "server")


def test_readme_shows_what_happens(session: Session) -> None:
    for path, content in PROJECT.items():
        session.place(path, content)
    first, rest = README.split("What `datalayer generate` makes of it", 1)
    assert session.run_page(first) == 1

    assert "1 migration applied" in session.run("datalayer migrate up")
    generated = session.run("datalayer generate")
    assert "wrote app/queries/account.py" in generated
    # What the README says of the number of rows, the generator says as well.
    assert "note:" not in generated

    assert session.run_page("What `datalayer generate` makes of it" + rest) == 3


def test_readme_fits_one_screen_before_its_second_heading() -> None:
    assert README.split("\n## ")[0].count("\n") <= 55


def test_quickstart_shows_what_happens(session: Session) -> None:
    text = (ROOT / "docs" / "quickstart.md").read_text()

    assert session.run_page(text) == 10


@pytest.mark.parametrize("wrong", ["def f():\n    return 2", "    return 1\ndef f():"])
def test_wrong_excerpt_is_noticed(wrong: str) -> None:
    with pytest.raises(AssertionError, match="is not in its place"):
        assert_excerpt(wrong, "def f():\n    return 1\n")


@pytest.mark.parametrize("wrong", ["two", "one\none", "o…x"])
def test_wrong_output_is_noticed(wrong: str) -> None:
    with pytest.raises(AssertionError, match="is not in its place"):
        assert_matches(wrong, "one\n")
