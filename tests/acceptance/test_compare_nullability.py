"""Scripts of others are run, and what contradicts the conclusions is shown."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from nullability_mutants import ignore_nulling_joins
from nullability_row_mutants import let_half_a_key_do

from comparing import __main__ as command
from comparing.script_files import read_script
from datalayer.server import Server

SCRIPT = """\
\\set answer 42
CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE book (id int, volume int, author int, PRIMARY KEY (id, volume));
COPY author FROM stdin;
1\tann; 'x
2\t\\N x
\\.
COPY book (id, volume, author) FROM stdin;
1\t1\t1
1\t2\t1
\\.
SELECT book.id, author.name FROM book LEFT JOIN author ON author.id = book.author;
SELECT volume FROM book WHERE id = 1;
SELECT :'answer' AS answer \\gset
SELECT nonsense;
"""


@pytest.fixture(autouse=True)
def shared_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "use_server", lambda: nullcontext(server))


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "books.sql"
    # A value that starts with a backslash would not be NULL here.
    path.write_text(SCRIPT.replace("\\N x", "bob"))
    return str(path)


def test_rows_that_follow_a_copy_belong_to_it() -> None:
    statements = list(read_script(SCRIPT))

    assert [each.kind for each in statements] == [
        *("CREATE", "CREATE", "COPY", "COPY", "SELECT", "SELECT", "SELECT", "SELECT"),
    ]
    assert statements[2].rows == "1\tann; 'x\n2\t\\N x\n"
    assert statements[3].rows == "1\t1\t1\n1\t2\t1\n"


def test_variables_of_psql_are_put_in() -> None:
    text = "\\set path :folder '/x'\nSELECT :'path', :'other' \\gset"

    (statement,) = read_script(text, {"folder": "/tmp"})

    assert statement.text == "SELECT '/tmp/x', :'other'"


def test_sound_conclusions_are_refuted_by_nothing(
    script: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([script, "--attack"]) == 0

    output = capsys.readouterr().out
    assert "        0 refuted" in output
    assert "        1 statements that failed" in output


def test_rows_are_counted(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_half_a_key_do(monkeypatch)

    assert command.main([script]) == 1

    output = capsys.readouterr().out
    assert "books.sql: 2 rows instead of at most one\n    SELECT volume" in output


def test_attack_finds_what_the_rows_at_hand_do_not_show(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore_nulling_joins(monkeypatch)

    assert command.main([script]) == 0
    assert command.main([script, "--attack"]) == 1

    output = capsys.readouterr().out
    assert "books.sql after ['DELETE FROM author']: column 2, `name`, is NULL" in output
