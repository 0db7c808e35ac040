"""What is concluded where TimescaleDB runs: ours is PostgreSQL 17 with 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import test_parameter_null as parameters
import test_row_count as row_count
from nullability_reading import all_are_asked_for
from nullability_running import Databases, infer_case
from truth_sets import CASES, ELEMENTS, TRAPS, Case

from datalayer.codegen.catalog import Catalog
from datalayer.lexer import split_statements
from datalayer.model import Inference

#: Of so many queries one is asked, if not all are asked for.
_SHARE = 5


@pytest.fixture
def databases(analysing_timescaledb: str) -> Iterator[Databases]:
    with psycopg.connect(
        analysing_timescaledb, autocommit=True, prepare_threshold=None
    ) as connection:
        text = TRAPS.schema(connection.info.server_version // 10_000)
        for statement in split_statements(text):
            connection.execute(text[statement.start : statement.end].encode())
        yield Databases(connection, connection, Catalog(connection))


def columns(inferred: Inference) -> str:
    return "".join("?" if column.nullable else "!" for column in inferred.columns)


def elements(inferred: Inference) -> str:
    return "".join("?" if c.elements_nullable else "!" for c in inferred.columns)


def accepted(inferred: Inference) -> str:
    return "".join("?" if each.nullable else "!" for each in inferred.parameters)


def rows(inferred: Inference) -> str:
    found = (inferred.row_count.at_least_one, inferred.row_count.at_most_one)
    return row_count._NAMES.get(found, "*")


@pytest.mark.parametrize(
    ("cases", "show"),
    [
        (CASES, columns),
        (ELEMENTS, elements),
        (parameters.CASES, accepted),
        (row_count.CASES, rows),
    ],
    ids=["columns", "elements", "parameters", "rows"],
)
def test_conclusions_are_those_of_the_embedded_server(
    databases: Databases, cases: list[Case], show: Callable[[Inference], str]
) -> None:
    known = [case for case in cases if case.since <= databases.major]
    known = known if all_are_asked_for() else known[::_SHARE]

    found = {case.name: show(infer_case(databases, case.query)) for case in known}

    assert found == {case.name: case.expected.replace("~", "?") for case in known}


HYPERTABLE = """
CREATE TABLE reading (time timestamptz NOT NULL, value integer NOT NULL);
SELECT create_hypertable('reading', by_range('time'));
INSERT INTO reading VALUES (now(), 1);
"""
TRIGGER = """
CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER dropped BEFORE INSERT ON reading
FOR EACH ROW EXECUTE FUNCTION drop_row();
"""
INSERT = "INSERT INTO reading VALUES (now(), 1) RETURNING value"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [(HYPERTABLE, "one"), (HYPERTABLE + TRIGGER, "?")],
    ids=["guarded by TimescaleDB", "with a trigger that drops rows"],
)
def test_rows_of_an_insert_into_a_hypertable(
    analysing_timescaledb: str, schema: str, expected: str
) -> None:
    with psycopg.connect(
        analysing_timescaledb, autocommit=True, prepare_threshold=None
    ) as connection:
        connection.execute(schema.encode())
        databases = Databases(connection, connection, Catalog(connection))

        assert rows(infer_case(databases, INSERT)) == expected
