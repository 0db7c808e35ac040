"""The analyser asks a real server and maps its answers back to the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from datalayer.codegen.analyser import AnalysisResult, analyse, open_session
from datalayer.codegen.reading.loader import load_queries
from datalayer.errors import DirectiveError, OperationMismatch, QueryRefused
from datalayer.model import SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE DOMAIN email AS text CHECK (value LIKE '%@%');
CREATE TABLE account (
    id bigint PRIMARY KEY,
    address email NOT NULL,
    mood mood,
    tags text[] NOT NULL,
    addresses email[],
    meta jsonb NOT NULL DEFAULT '{}',
    stay daterange
);
"""


@pytest.fixture
def analyse_text(
    empty_database: str, tmp_path: Path
) -> Callable[[str], AnalysisResult]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(SCHEMA)

    def run(text: str) -> AnalysisResult:
        folder = tmp_path / "queries"
        folder.mkdir(exist_ok=True)
        (folder / "account.sql").write_text(text)
        loaded = load_queries(folder, root=tmp_path)
        assert loaded.problems == ()
        with psycopg.connect(
            empty_database, autocommit=True, prepare_threshold=None
        ) as connection:
            return analyse(open_session(connection), loaded.sources)

    return run


def test_refusal_points_at_the_place_in_the_file(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: list_moods(wanted_mood)\n"
        "-- List.\n"
        "SELECT id AS id\n"
        "FROM account\n"
        "WHERE mood = :wanted_mood AND addres = 'a';\n"
    )

    (problem,) = result.problems
    assert isinstance(problem, QueryRefused)
    assert str(problem) == (
        "queries/account.sql:5:31: column `addres` does not exist\n"
        "    5 | WHERE mood = :wanted_mood AND addres = 'a';\n"
        "      |                               ^^^^^^\n"
        "  help: perhaps you meant to reference the column `account.address`"
    )
    assert result.shapes == ()


def test_refusal_on_the_first_line_counts_its_indentation(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text("-- name: list_them()\n-- List.\n   SELECT nothing;\n")

    (problem,) = result.problems
    assert (problem.location.line, problem.location.column) == (3, 11)


def test_refusal_at_the_end_of_the_statement_is_located(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text("-- name: list_them()\n-- List.\nSELECT id AS\n;\n")

    (problem,) = result.problems
    assert problem.location.line == 3
    assert "syntax error" in problem.message


def test_parameter_of_unknown_type_is_told_to_be_cast(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: list_them(x)\n-- List.\n"
        "SELECT id AS id FROM account WHERE :x IS NULL;\n"
    )

    (problem,) = result.problems
    assert problem.help == "cast it where it stands: `:x::type`"


def test_all_queries_are_judged_and_the_good_ones_kept(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: list_bad()\n-- List.\nSELECT nothing;\n\n"
        "-- name: list_good()\n-- List.\nSELECT id AS id FROM account ORDER BY id;\n\n"
        "-- name: list_worse()\n-- List.\nSELECT FROM nowhere;\n"
    )

    assert len(result.problems) == 2
    assert [shape.source.name for shape in result.shapes] == ["list_good"]


def test_types_come_from_the_catalogue(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: get_account(id)^\n-- Get.\n"
        "SELECT id, address, mood, tags, addresses, meta, stay\n"
        "FROM account WHERE id = :id;\n"
    )

    (shape,) = result.shapes
    types = {column.name: column.type for column in shape.columns}
    assert types["id"] == SqlType("int8")
    assert types["address"] == SqlType("text", domain=("public", "email"))
    assert types["mood"] == SqlType(
        "mood", "public", TypeKind.ENUM, labels=("sad", "so so", "happy")
    )
    assert types["tags"] == SqlType(
        "_text", kind=TypeKind.ARRAY, element=SqlType("text")
    )
    assert types["addresses"].element == SqlType("text", domain=("public", "email"))
    assert types["stay"] == SqlType(
        "daterange", kind=TypeKind.RANGE, element=SqlType("date")
    )
    nullable = [column.name for column in shape.columns if column.nullable]
    assert nullable == ["mood", "addresses", "stay"]
    assert shape.row_count.at_most_one
    assert shape.findings == ()


def test_parameters_keep_the_order_of_the_header(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: set_mood(id, mood)!\n-- Set.\n"
        "UPDATE account SET mood = :mood WHERE id = :id;\n"
    )

    (shape,) = result.shapes
    assert [(p.name, p.type.name, p.nullable) for p in shape.parameters] == [
        ("id", "int8", False),
        ("mood", "mood", True),
    ]


def test_directives_overrule_what_was_concluded(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: list_moods(mood)\n-- List.\n"
        "-- @column mood not null\n-- @column id null\n-- @column tags[] not null\n"
        "-- @param mood null\n"
        "SELECT id, mood, tags FROM account WHERE mood = :mood ORDER BY id;\n"
    )

    (shape,) = result.shapes
    assert [column.nullable for column in shape.columns] == [True, False, False]
    assert not shape.columns[2].elements_nullable
    assert shape.parameters[0].nullable


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("-- @column nosuch null", "`list_ids` has no `nosuch`"),
        ("-- @type nosuch app.Meta", "`list_ids` has no `nosuch`"),
        ("-- @type id app.Meta", "`id` is `int8`; `@type` is for json"),
        ("-- @column id[] null", "`id` is `int8`, not an array"),
        ("-- @param least[] null", "`least` is `int8`, not an array"),
    ],
    ids=[
        "unknown column",
        "unknown type name",
        "type of no json",
        "no array",
        "no array parameter",
    ],
)
def test_directive_that_fits_nothing_is_a_problem(
    analyse_text: Callable[[str], AnalysisResult], directive: str, message: str
) -> None:
    result = analyse_text(
        f"-- name: list_ids(least)\n-- List.\n{directive}\n"
        "SELECT id FROM account WHERE id > :least ORDER BY id;\n"
    )

    (problem,) = result.problems
    assert isinstance(problem, DirectiveError)
    assert problem.message == message
    assert problem.location.line == 3


@pytest.mark.parametrize(
    ("header", "statement", "message"),
    [
        ("purge()", "DELETE FROM account", "returns no columns"),
        ("purge()<!", "DELETE FROM account", "returns no columns"),
        ("get_it()$", "SELECT 1 AS a, 2 AS b", "returns 2 columns, not one: `a`, `b`"),
        (
            "purge()!",
            "DELETE FROM account RETURNING id",
            "returns columns that `!` throws away",
        ),
    ],
    ids=["many", "returning", "value", "affected"],
)
def test_result_that_does_not_fit_the_suffix_is_a_problem(
    analyse_text: Callable[[str], AnalysisResult],
    header: str,
    statement: str,
    message: str,
) -> None:
    result = analyse_text(f"-- name: {header}\n-- Do.\n{statement};\n")

    (problem,) = result.problems
    assert isinstance(problem, OperationMismatch)
    assert message in problem.message


def test_single_row_query_without_a_key_is_a_finding(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: get_by_mood(mood)^\n-- Get.\n"
        "SELECT id FROM account WHERE mood = :mood;\n"
    )

    (finding,) = result.shapes[0].findings
    assert finding.message == "`get_by_mood` is not certain to return at most one row"


def test_what_is_not_understood_is_nullable_and_a_finding(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text("-- name: get_zone()$\n-- Get.\nSHOW timezone;\n")

    (shape,) = result.shapes
    assert shape.columns[0].nullable
    finding = shape.findings[0]
    assert finding.rule == "not-understood"
    assert finding.message.startswith("not understood in `get_zone`: SHOW")


def rules_of(result: AnalysisResult) -> list[str]:
    return [finding.rule for finding in result.shapes[0].findings]


def test_what_an_author_allows_is_no_finding(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: get_by_mood(mood)^\n-- Get.\n"
        "-- @allow uncertain-row-count: a mood belongs to one account\n"
        "SELECT id FROM account WHERE mood = :mood;\n"
    )

    assert rules_of(result) == []


def test_what_is_allowed_and_not_found_is_a_finding(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: get_by_id(id)^\n-- Get.\n"
        "-- @allow uncertain-row-count: it was not the key once\n"
        "SELECT id FROM account WHERE id = :id;\n"
    )

    (finding,) = result.shapes[0].findings
    assert finding.rule == "needless-allowance"
    assert finding.location.line == 3
    assert finding.help == "remove the line"


@pytest.mark.parametrize(
    ("directive", "expression", "rules"),
    [
        ("id not null", "id", ["needless-override"]),
        ("id null", "id", []),
        ("mood not null", "mood", []),
        ("ids[] not null", "ARRAY[id] AS ids", ["needless-override"]),
        ("ids[] not null", "ARRAY[mood] AS ids", []),
        ("ids[] null", "ARRAY[id] AS ids", []),
    ],
)
def test_override_that_says_what_is_proven_is_a_finding(
    directive: str,
    expression: str,
    rules: list[str],
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        f"-- name: list_them()\n-- List.\n-- @column {directive}\n"
        f"SELECT {expression} FROM account ORDER BY account.id;\n"
    )

    assert rules_of(result) == rules


def test_script_is_tried_and_taken_back(
    analyse_text: Callable[[str], AnalysisResult], empty_database: str
) -> None:
    result = analyse_text(
        "-- name: rebuild()#\n-- Rebuild.\n"
        "CREATE TABLE extra (id int);\nINSERT INTO extra VALUES (1);\n"
    )

    assert result.problems == ()
    with psycopg.connect(empty_database) as connection:
        found = connection.execute("SELECT to_regclass('extra')").fetchone()
    assert found == (None,)


def test_broken_script_is_located(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text(
        "-- name: rebuild()#\n-- Rebuild.\n"
        "CREATE TABLE extra (id int);\nINSERT INTO extra VALUES (nothing);\n"
    )

    (problem,) = result.problems
    assert (problem.location.line, problem.location.column) == (4, 27)


def test_script_that_forbids_transactions_is_taken_on_trust(
    analyse_text: Callable[[str], AnalysisResult],
) -> None:
    result = analyse_text("-- name: clean()#\n-- Clean.\nVACUUM account;\n")

    assert result.problems == ()
