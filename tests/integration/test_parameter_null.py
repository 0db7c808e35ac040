"""Whether a parameter accepts NULL, from the places where it stands."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from nullability_cases import Case
from nullability_running import Databases, describe, infer_case, open_databases

from datalayer.codegen.inference import infer
from datalayer.model import ParameterInference
from datalayer.server import Server

# For each parameter `?` (accepts NULL) or `!`; capitals of what its elements accept
# follow after a colon where that matters.
CASES = [
    Case("filter", "SELECT 1 FROM person WHERE id = $1", "!"),
    Case("output", "SELECT $1::int", "!"),
    Case("like", "SELECT 1 FROM person WHERE name LIKE $1 || '%'", "!"),
    Case("any", "SELECT 1 FROM person WHERE id = ANY ($1)", "!"),
    Case("is_null", "SELECT 1 FROM person WHERE $1::int IS NULL OR id = $1", "?"),
    Case("is_null_of_bigint", "SELECT 1 FROM person WHERE $1::int IS NULL OR id = $1::bigint", "?"),
    Case("is_not_null", "SELECT $1::int IS NOT NULL", "?"),
    Case("is_distinct", "SELECT 1 FROM person WHERE boss IS DISTINCT FROM $1", "?"),
    Case("is_not_distinct", "SELECT 1 FROM person WHERE boss IS NOT DISTINCT FROM $1", "?"),
    Case("is_true", "SELECT 1 FROM person WHERE $1::boolean IS TRUE", "?"),
    Case("coalesce", "SELECT coalesce($1, name) FROM person", "?"),
    Case("case_test", "SELECT CASE WHEN $1::int IS NULL THEN 1 ELSE $1 END", "?"),
    Case("limit", "SELECT 1 FROM person LIMIT $1 OFFSET $2", "??"),
    Case("function_argument", "SELECT lower($1), concat($2::text)", "!!"),
    Case("insert", "INSERT INTO pet (id, name, kind) VALUES ($1, $2, $3)", "!!?"),
    Case("insert_cast", "INSERT INTO pet (id, name, kind) VALUES ($1::bigint, $2::varchar, $3::varchar(5))", "!!?"),
    Case("insert_rows", "INSERT INTO pet (id, name, kind) VALUES ($1, $2, $3), (2, 'b', NULL)", "!!?"),
    Case("insert_select", "INSERT INTO pet (id, name, kind) SELECT $1, $2, $3", "!!?"),
    Case("insert_select_from", "INSERT INTO pet (id, name, kind) SELECT id, $1, $2 FROM person", "!?"),
    Case("insert_through_cte", "WITH v AS (SELECT $1::text AS a, $2::text AS b) INSERT INTO pet (id, name, kind) SELECT 1, a, b FROM v", "!?"),
    Case("insert_coalesced", "INSERT INTO pet (id, name) VALUES (1, coalesce($1, 'x'))", "?"),
    Case("insert_coalesced_last", "INSERT INTO pet (id, name) VALUES (1, coalesce(NULL, $1))", "!"),
    Case("insert_lower", "INSERT INTO pet (id, name, kind) VALUES (1, lower($1), lower($2))", "!!"),
    Case("insert_guarded", "INSERT INTO pet (id, name) SELECT 1, $1::text WHERE $1 IS NOT NULL", "?"),
    Case("insert_view", "INSERT INTO adult (id, name, nick) VALUES ($1, $2, $3)", "!!?"),
    Case("insert_domain", "INSERT INTO domained VALUES ($1, $2, $3)", "!!?"),
    Case("insert_check", "INSERT INTO checked (id, always, kind, late) VALUES (1, $1, 'k', $2)", "!?"),
    Case("insert_not_valid", "INSERT INTO late_table VALUES (3, $1)", "!", since=18),
    Case("update", "UPDATE person SET nick = $1, name = $2 WHERE id = $3", "?!!"),
    Case("update_case", "UPDATE person SET nick = CASE WHEN $1::boolean THEN $2 ELSE nick END", "!?"),
    Case("update_guarded_not_null", "UPDATE person SET name = CASE WHEN $1::text IS NULL THEN name ELSE $1 END", "?"),
    Case("update_coalesce", "UPDATE person SET name = coalesce($1, name)", "?"),
    Case("update_sum", "UPDATE person SET age = age + $1", "!"),
    Case("upsert", "INSERT INTO pet (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET kind = $1, name = $2", "?!"),
    Case("merge", "MERGE INTO pet USING person ON person.id = pet.id WHEN MATCHED THEN UPDATE SET kind = $1, name = $2 WHEN NOT MATCHED THEN INSERT (id, name, owner) VALUES (person.id, $3, $4)", "?!!?"),
    Case("twice_one_welcomes", "UPDATE person SET nick = $1 WHERE boss = $1::int", "?"),
    Case("twice_one_refuses", "UPDATE person SET nick = $1, name = $1", "!"),
    Case("twice_test_and_refusal", "UPDATE person SET name = $1 WHERE $1::text IS NOT NULL", "?"),
    Case("test_elsewhere_and_refusal", "UPDATE person SET name = $1::text, age = CASE WHEN $1 IS NULL THEN 1 END", "!"),
    Case("delete_in_cte", "WITH gone AS (DELETE FROM pet WHERE id = $1 RETURNING id) INSERT INTO person (id, name, nick) SELECT id, $2, $3 FROM gone", "!!?"),
    Case("array_stored", "UPDATE person SET tags = $1", "?"),
    Case("stored_as_a_domain", "UPDATE person SET nick = $1::required", "!"),
    Case("update_row", "UPDATE person SET (nick, name) = ($1, $2)", "?!"),
    Case("update_row_of_query", "UPDATE person SET (nick, name) = (SELECT $1::text, $2::text)", "?!"),
    Case("update_row_of_query_that_reads", "UPDATE person SET (name, nick) = (SELECT 'n', coalesce($1, max(kind)) FROM pet WHERE pet.id > $2)", "?!"),
    Case("body_tests_for_null", "SELECT bodied($1)", "?"),
    Case("body_tests_named_argument", "SELECT bodied(number => $1)", "?"),
    Case("body_uses_it_only", "SELECT passed_on($1), looked_up($2)", "!!"),
    Case("body_of_strict_function", "SELECT bodied_strict($1)", "!"),
    Case("body_in_from", "SELECT id FROM people($1)", "!"),
    Case("body_tests_argument_of_call", "SELECT bodied(abs($1::int))", "!"),
    Case("values_in_from", "INSERT INTO pet (id, name, kind) SELECT * FROM (VALUES ($1::int, $2::text, $3::text)) AS v", "!!?"),
    Case("union_stored", "INSERT INTO pet (id, name, kind) SELECT 1, 'a', $1::text UNION ALL SELECT 2, $2::text, 'k'", "?!"),
    Case("union_read", "SELECT $1::int UNION SELECT $2::int", "!!"),
    Case("case_results", "UPDATE person SET nick = CASE id WHEN 1 THEN $1 WHEN $2 THEN $3 ELSE nick END", "?!?"),
    Case("case_subject", "SELECT CASE $1::text WHEN 'a' THEN 1 ELSE 2 END", "!"),
    Case("greatest", "SELECT greatest($1, age) FROM person", "!"),
    Case("twice_filter_and_optional", "SELECT 1 FROM person WHERE ($1::int IS NULL OR id = $1) AND boss = $1", "?"),
    Case("twice_limit", "SELECT 1 FROM person WHERE id > $1 LIMIT $1", "?"),
    Case("optional_list", "SELECT 1 FROM person WHERE $1::int[] IS NULL OR id = ANY ($1)", "?"),
    Case("enum_list", "SELECT 1 FROM person WHERE feeling = ANY ($1)", "!"),
    Case("merge_values", "MERGE INTO pet USING (VALUES ($1::int, $2::text)) AS v (id, kind) ON v.id = pet.id WHEN MATCHED THEN UPDATE SET kind = v.kind WHEN NOT MATCHED THEN INSERT (id, name, kind) VALUES (v.id, 'n', v.kind)", "!?"),
    Case("upsert_excluded", "INSERT INTO pet (id, name, kind) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = coalesce($4, excluded.name)", "!!??"),
    Case("window_default", "SELECT lag(name, 1, $1) OVER (ORDER BY id) FROM person", "!"),
    Case("composite_test", "SELECT ($1::int, 2) IS NOT DISTINCT FROM (1, 2)", "?"),
]  # fmt: skip
ELEMENTS = [
    Case("any", "SELECT 1 FROM person WHERE id = ANY ($1)", "!"),
    Case("unnest_into_nullable", "INSERT INTO pet (id, name, kind) SELECT * FROM unnest($1::int[], $2::text[], $3::text[])", "!!?"),
    Case("unnest_one", "INSERT INTO pet (id, name, kind) SELECT 9, 'a', k FROM unnest($1::text[]) AS k", "?"),
    Case("unnest_filter", "SELECT 1 FROM person WHERE id IN (SELECT * FROM unnest($1::int[]))", "!"),
]  # fmt: skip


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parameter_accepts_null_where_it_makes_sense(
    case: Case, databases: Databases
) -> None:
    inferred = infer_case(databases, case.query)

    found = ["?" if parameter.nullable else "!" for parameter in inferred.parameters]
    assert "".join(found) == case.expected


@pytest.mark.parametrize("case", ELEMENTS, ids=lambda case: case.name)
def test_elements_accept_null_where_they_are_stored(
    case: Case, databases: Databases
) -> None:
    inferred = infer_case(databases, case.query)

    found = ["?" if p.elements_nullable else "!" for p in inferred.parameters]
    assert "".join(found) == case.expected


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.query.startswith(("INSERT", "UPDATE"))],
    ids=lambda case: case.name,
)
def test_stored_parameter_that_accepts_null_can_be_null(
    case: Case, databases: Databases
) -> None:
    inferred = infer_case(databases, case.query)
    samples = {16: True, 20: 90, 23: 90, 1009: ["x"]}
    types = describe(databases.full, case.query)
    values = [
        None if parameter.nullable else samples.get(oid, "1")
        for parameter, oid in zip(inferred.parameters, types, strict=True)
    ]

    connection = databases.full
    with (
        connection.transaction(force_rollback=True),
        psycopg.RawCursor(connection) as cursor,
    ):
        # A key that is taken, and a CHECK that only new rows have to pass.
        harmless = (psycopg.errors.UniqueViolation, psycopg.errors.CheckViolation)
        with contextlib.suppress(*harmless):
            cursor.execute(case.query.encode(), values, prepare=False)


def test_overruled_parameter_decides_about_columns(databases: Databases) -> None:
    query, types = "SELECT $1::int, $2::int[]", [23, 1007]
    accepting = [ParameterInference(True, True), ParameterInference(True, True)]

    by_itself = infer(databases.full, query, types)
    overruled = infer(databases.full, query, types, declared=accepting)

    assert [column.nullable for column in by_itself.columns] == [False, False]
    assert [column.nullable for column in overruled.columns] == [True, True]
    assert not by_itself.columns[1].elements_nullable
    assert overruled.columns[1].elements_nullable
    assert overruled.parameters == tuple(accepting)
