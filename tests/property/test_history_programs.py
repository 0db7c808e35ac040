"""The programs and the JSON of the model are what they claim to be."""

from __future__ import annotations

import psycopg
import pytest
from history_columns import TABLES
from history_json import jsonb_text, parse_json
from history_language import Batch, Copy, Failing, Merge, RollbackTo, Tidy
from history_programs import make_program
from history_values import FAMILIES, LARGE, MOMENTS, Value

_DOCUMENTS = [v for family in FAMILIES for v in family if v.text is not None]


def test_a_seed_always_makes_the_same_program() -> None:
    assert make_program(7) == make_program(7)


@pytest.mark.parametrize("kind", [Batch, Copy, Failing, Merge, RollbackTo, Tidy])
def test_every_kind_of_statement_is_tried(kind: type) -> None:
    steps = [step for seed in range(100) for step in make_program(seed).steps]

    assert any(isinstance(step.statement, kind) for step in steps)


def test_documents_are_written_as_the_server_writes_them(
    connection: psycopg.Connection,
) -> None:
    for value in (*_DOCUMENTS, *LARGE):
        shown = text_of(connection, value, "jsonb", "::text")
        assert shown == value.text
        assert jsonb_text(parse_json(shown)) == shown


def test_moments_are_written_as_the_server_writes_them(
    connection: psycopg.Connection,
) -> None:
    connection.execute("SET timezone = 'UTC'")
    for value in MOMENTS[1:]:
        assert text_of(connection, value, "timestamptz", "") == value.text


def text_of(
    connection: psycopg.Connection, value: Value, sql_type: str, cast: str
) -> str:
    shown = f"({value.sql}){'::' + sql_type}"
    shown = f"{shown}{cast}" if cast else f"to_jsonb({shown})::text"
    row = connection.execute(f"SELECT {shown}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_columns_are_those_of_the_tables(connection: psycopg.Connection) -> None:
    for table in TABLES:
        listed = connection.execute(
            "SELECT obj_description(%s::regproc, 'pg_proc')",
            (f"record_{table.history}",),
        ).fetchone()
        assert listed is not None
        for column in (*table.tracked, *table.initial):
            assert f'"{column.name}"' in listed[0]
