"""What the inference leaves behind on a connection, and what it cannot analyse."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference import infer
from datalayer.errors import AnalysisServerTooOld
from datalayer.model import ColumnInference, Inference, RowCount

FUNCTIONS = "SELECT count(*) FROM pg_proc"


def test_nothing_stays_behind_in_autocommit_mode(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        before = connection.execute(FUNCTIONS).fetchone()

        infer(connection, "SELECT 1", [])

        assert connection.info.transaction_status == TransactionStatus.IDLE
        assert connection.execute(FUNCTIONS).fetchone() == before


def test_open_transaction_goes_on(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE TABLE mine (a int NOT NULL)")

        inferred = infer(connection, "SELECT a FROM mine", [])

        assert inferred.columns == (ColumnInference(nullable=False),)
        assert connection.info.transaction_status == TransactionStatus.INTRANS
        assert connection.execute("SELECT * FROM mine").fetchall() == []


@pytest.mark.parametrize("query", ["SHOW work_mem", "SELECT 1; SELECT 2", "CHECKPOINT"])
def test_statement_that_is_not_analysed_is_nullable_and_says_why(
    empty_database: str, query: str
) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        inferred = infer(connection, query, [])

        assert all(column.nullable for column in inferred.columns)
        assert inferred.row_count == RowCount()
        assert inferred.unknown
        assert connection.info.transaction_status == TransactionStatus.IDLE


def test_trailing_comment_and_semicolon_do_no_harm(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for query in ("SELECT 1 -- one", "SELECT 1;", "SELECT 'a%s' /* % */"):
            inferred = infer(connection, query, [])

            assert inferred.columns == (ColumnInference(nullable=False),)


@pytest.mark.parametrize(
    "options",
    [
        {"row_factory": dict_row},
        {"cursor_factory": psycopg.RawCursor},
        {"cursor_factory": psycopg.ClientCursor},
        {"prepare_threshold": 0},
    ],
    ids=lambda options: next(iter(options)),
)
def test_any_kind_of_connection_will_do(
    empty_database: str, options: dict[str, Any]
) -> None:
    with psycopg.connect(empty_database, autocommit=True, **options) as connection:
        found = [
            infer(connection, "SELECT $1::int, lower($2::varchar(3))", [23, 1043])
            for _ in range(3)
        ]

    nullable = [column.nullable for inference in found for column in inference.columns]
    assert nullable == [False] * 6


def test_catalogue_is_asked_once(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        catalog = Catalog(connection)
        query = "SELECT oid, relname FROM pg_class WHERE oid = 1"

        first = infer(connection, query, [], catalog=catalog)
        answers = dict(catalog._answers)
        second = infer(connection, query, [], catalog=catalog)

    assert first == second
    assert catalog._answers == answers


def test_types_of_parameters_keep_their_names(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "odd one"')
        connection.execute("""CREATE TYPE "odd one"."Type" AS ENUM ('a')""")
        row = connection.execute(
            """SELECT '"odd one"."Type"'::regtype::oid"""
        ).fetchone()
        assert row is not None

        inferred = infer(connection, "SELECT $1, $2, $3, $4", [row[0], 18, 1042, 1560])

    assert len(inferred.columns) == 4
    assert not inferred.unknown


def test_server_that_is_too_old_has_a_remedy() -> None:
    error = AnalysisServerTooOld(150012)

    assert "PostgreSQL 15" in str(error)
    assert "embedded server" in str(error)


def test_nothing_known_is_the_cautious_answer() -> None:
    assert ColumnInference() == ColumnInference(nullable=True, elements_nullable=True)
    assert Inference().row_count == RowCount(False, False)
