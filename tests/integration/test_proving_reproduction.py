"""What a proof prints shows in psql what it says, as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg
import pytest

from datalayer.proving.catalog import read_table
from datalayer.proving.model import Row
from datalayer.proving.sql_text import call_statement, insert_row, reproduction
from datalayer.server import find_binaries

SCHEMA = """
CREATE TYPE "Mood" AS ENUM ('it''s', 'so so');
CREATE TYPE home AS (street text, number int);
CREATE TABLE "Odd ""Table" (
    "order" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    raw bytea, words text[], data jsonb, feeling "Mood", told text, home home,
    homes home[], spans int4multirange, span tstzrange, flags bit(3), short char(3)
);
"""
VALUES = {
    "order": "7",
    "raw": "\\x00ff",
    "words": '{"a\'b","\\"",NULL,"{,}"}',
    "data": '{"it\'s": ["\\n", null]}',
    "feeling": "it's",
    "told": "é😀 \\ ' \" :told $1 ; -- /* %\n$$",
    "home": '("a ""b"" \\\\ c",)',
    "homes": '{"(a,1)","(\\"it\'s\\",)"}',
    "spans": "{[1,2),[4,)}",
    "span": '["2024-02-29 12:00:00+00",)',
    "flags": "101",
    "short": "é",
}
TABLE = '"Odd ""Table"'
STATEMENTS = {
    "prepared": f"SELECT told FROM {TABLE} WHERE told = $1 AND words = $2",
    "commented": f"SELECT told FROM {TABLE} WHERE told = $1 AND words = $2 -- all",
    "changing": f"DELETE FROM {TABLE} WHERE told = $1 AND words = $2 RETURNING told",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_psql_shows_it(empty_database: str, tmp_path: Path, name: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute(SCHEMA.encode())
        row = connection.execute(
            "SELECT oid::bigint FROM pg_class WHERE relname ~ '^Odd'"
        ).fetchone()
        assert row is not None
        table = read_table(connection, row[0])
    arguments = (VALUES["told"], VALUES["words"])
    call = call_statement(STATEMENTS[name], arguments)
    script = tmp_path / "lie.sql"
    script.write_text(reproduction([insert_row(Row(table, VALUES))], call))

    told = run_psql(empty_database, script)

    assert told == VALUES["told"] + "\n"


def test_statements_without_arguments_end_after_a_comment() -> None:
    assert call_statement("SELECT 1 -- one", ()) == "SELECT 1 -- one\n;"
    assert call_statement("SELECT 1 -- one\n", ()) == "SELECT 1 -- one\n;"
    assert call_statement("SELECT '--'", ()) == "SELECT '--'\n;"
    assert call_statement("SELECT 1", ()) == "SELECT 1;"


def run_psql(url: str, script: Path) -> str:
    program = next(each for each in find_binaries() if each.embedded).program("psql")
    command = [program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]
    done = subprocess.run(
        [*command, "-f", str(script)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
