"""How many rows are promised, confirmed by running each query on hostile rows."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from collections.abc import Iterator

import pytest
from nullability_cases import Case
from nullability_running import Databases, infer_case, observe, open_databases

from datalayer.codegen.inference import infer
from datalayer.server import Server

# What is expected: `one`, `+` (at least one), `?` (at most one) or `*`.
CASES = [
    Case("no_from", "SELECT 1", "one"),
    Case("no_from_with_where", "SELECT 1 WHERE $1::int > 0", "?", ((0,), (1,))),
    Case("where_true", "SELECT 1 WHERE true", "one"),
    Case("table", "SELECT id FROM person", "*"),
    Case("values_one", "VALUES (1)", "one"),
    Case("values_two", "VALUES (1), (2)", "+"),
    Case("aggregate", "SELECT count(*) FROM person WHERE id > 99", "one"),
    Case("aggregate_having", "SELECT count(*) FROM person HAVING count(*) > 9", "?"),
    Case("aggregate_having_true", "SELECT 1 FROM person HAVING true", "one"),
    Case("aggregate_offset", "SELECT count(*) FROM person OFFSET 1", "?"),
    Case("aggregate_limit_0", "SELECT count(*) FROM person LIMIT 0", "?"),
    Case("aggregate_limit", "SELECT count(*) FROM person LIMIT 1", "one"),
    Case("aggregate_limit_parameter", "SELECT count(*) FROM person LIMIT $1", "?", ((0,), (None,))),
    Case("grouped", "SELECT count(*) FROM person GROUP BY boss", "*"),
    Case("rollup", "SELECT count(*) FROM person GROUP BY ROLLUP (boss)", "*"),
    Case("empty_grouping", "SELECT count(*) FROM person GROUP BY ()", "*"),
    Case("set_in_select", "SELECT generate_series(1, 3)", "*"),
    Case("set_in_aggregate", "SELECT generate_series(1, count(*)) FROM person", "*"),
    Case("limit_1", "SELECT id FROM person LIMIT 1", "?"),
    Case("limit_2", "SELECT id FROM person LIMIT 2", "*"),
    Case("fetch_first", "SELECT id FROM person FETCH FIRST ROW ONLY", "?"),
    Case("with_ties", "SELECT 1 FROM person ORDER BY 1 FETCH FIRST 1 ROW WITH TIES", "*"),
    Case("function", "SELECT * FROM now()", "one"),
    Case("series", "SELECT * FROM generate_series(1, 0)", "*"),
    Case("key", "SELECT name FROM person WHERE id = 1", "?"),
    Case("key_parameter", "SELECT name FROM person WHERE id = $1", "?", ((1,), (0,))),
    Case("key_backwards", "SELECT name FROM person WHERE 1 = id", "?"),
    Case("key_bigint", "SELECT name FROM person WHERE id = $1::bigint", "?", ((1,),)),
    Case("key_cast", "SELECT name FROM person WHERE id::text = '1'", "*"),
    Case("key_or", "SELECT name FROM person WHERE id = 1 OR id = 2", "*"),
    Case("key_any", "SELECT name FROM person WHERE id = ANY ('{1,2}')", "*"),
    Case("key_greater", "SELECT name FROM person WHERE id > 1", "*"),
    Case("key_itself", "SELECT name FROM person WHERE id = id", "*"),
    Case("key_of_another", "SELECT name FROM person WHERE id = boss", "*"),
    Case("key_volatile", "SELECT name FROM person WHERE id = (random() * 9)::int", "*"),
    Case("key_stable", "SELECT 1 FROM person WHERE id = extract(day FROM now())::int", "?"),
    Case("key_subquery", "SELECT 1 FROM person WHERE id = (SELECT max(id) FROM pet)", "?"),
    Case("half_key", "SELECT label FROM toy WHERE pet = 1", "*"),
    Case("both_halves", "SELECT label FROM toy WHERE pet = 1 AND number = 2", "?"),
    Case("halves_joined", "SELECT 1 FROM toy WHERE pet = 1 AND number = pet", "*"),
    Case("unique_nulls", "SELECT id FROM pet WHERE badge = 'b1'", "?"),
    Case("unique_is_null", "SELECT id FROM pet WHERE badge IS NULL", "*"),
    Case("unique_not_distinct", "SELECT id FROM pet WHERE badge IS NOT DISTINCT FROM $1", "*", ((None,),)),
    Case("key_not_distinct", "SELECT 1 FROM person WHERE id IS NOT DISTINCT FROM $1", "?", ((None,), (1,))),
    Case("key_nulls_equal", "SELECT 1 FROM member WHERE code IS NOT DISTINCT FROM $1", "?", ((None,), ("c",))),
    Case("key_nulls_equal_is_null", "SELECT 1 FROM member WHERE code IS NULL", "?"),
    Case("key_nulls_differ", "SELECT 1 FROM member WHERE badge IS NULL", "*"),
    Case("key_nulls_equal_left_joined", "SELECT 1 FROM person AS p LEFT JOIN member AS m ON m.id = p.id WHERE m.code IS NULL", "*"),
    Case("key_nulls_differ_in_subquery", "SELECT 1 FROM (SELECT badge FROM member) AS m WHERE badge IS NOT DISTINCT FROM $1", "*", ((None,),)),
    Case("key_any_of_one", "SELECT 1 FROM person WHERE id = ANY (ARRAY[$1::int])", "?", ((1,),)),
    Case("key_any_of_two", "SELECT 1 FROM person WHERE id = ANY (ARRAY[$1::int, 2])", "*", ((1,),)),
    Case("key_all_of_one", "SELECT 1 FROM person WHERE id <> ALL (ARRAY[1])", "*"),
    Case("key_expression", "SELECT 1 FROM member WHERE lower(email) = $1", "?", (("a@x",),)),
    Case("key_expression_of_parameter", "SELECT 1 FROM member WHERE lower(email) = lower($1)", "?", (("A@x",),)),
    Case("key_other_expression", "SELECT 1 FROM member WHERE right(email, 2) = '@x'", "*"),
    Case("key_expression_joined", "SELECT 1 FROM pet JOIN member AS m ON lower(m.email) = pet.name WHERE pet.id = 1", "?"),
    Case("key_expression_of_both", "SELECT 1 FROM member AS m, member AS n WHERE lower(m.email) = lower(n.email)", "*"),
    Case("key_column_and_expression", "SELECT 1 FROM member WHERE team = 91 AND coalesce(gone, 0) = 0", "?"),
    Case("key_column_without_expression", "SELECT 1 FROM member WHERE team = 1 AND gone > 0", "*"),
    Case("key_expression_in_gap", "SELECT 1 FROM person AS p LEFT JOIN member AS m ON m.team = p.id AND m.id > 1 WHERE coalesce(m.gone, 0) = 0", "*"),
    Case("key_partial", "SELECT 1 FROM member WHERE team = $1 AND gone IS NULL", "?", ((1,),)),
    Case("key_partial_of_all", "SELECT 1 FROM member WHERE team = 1", "*"),
    Case("key_partial_of_others", "SELECT 1 FROM member WHERE team = 1 AND gone IS NOT NULL", "*"),
    Case("key_partial_or", "SELECT 1 FROM member WHERE team = 1 AND (gone IS NULL OR id = 2)", "*"),
    Case("key_partial_value", "SELECT 1 FROM member WHERE nick = 'n' AND kind = 'a'", "?"),
    Case("key_partial_value_in", "SELECT 1 FROM member WHERE nick = 'n' AND kind IN ('a', 'b')", "*"),
    Case("key_partial_in_on", "SELECT 1 FROM person AS p LEFT JOIN member AS m ON m.team = p.id AND m.gone IS NULL WHERE p.id = 1", "?"),
    Case("key_partial_in_where", "SELECT 1 FROM person AS p LEFT JOIN member AS m ON m.team = p.id WHERE p.id = 1 AND m.gone IS NULL", "?"),
    Case("key_partial_of_other_side", "SELECT 1 FROM person AS p LEFT JOIN member AS m ON m.team = p.id AND p.nick IS NULL WHERE p.id = 1", "*"),
    Case("key_partial_update", "UPDATE member SET kind = kind WHERE team = 1 AND gone IS NULL RETURNING id", "?"),
    Case("key_partial_exists", "SELECT 1 FROM person WHERE id = 1 AND EXISTS (SELECT FROM pet WHERE owner = person.id)", "?"),
    Case("inherited_key", "SELECT id FROM parent_table WHERE id = 1", "*"),
    Case("own_key", "SELECT id FROM ONLY parent_table WHERE id = 1", "?"),
    Case("view_key", "SELECT name FROM adult WHERE id = 1", "?"),
    Case("cte_key", "WITH x AS (SELECT id, nick FROM person) SELECT * FROM x WHERE id = 1", "?"),
    Case("group_key", "SELECT * FROM (SELECT boss, count(*) FROM person GROUP BY boss) AS g WHERE boss = 1", "?"),
    Case("distinct_key", "SELECT * FROM (SELECT DISTINCT boss FROM person) AS g WHERE boss = 1", "?"),
    Case("joined_keys", "SELECT 1 FROM pet JOIN person ON person.id = pet.owner WHERE pet.id = 1", "?"),
    Case("joined_wrong_way", "SELECT 1 FROM person JOIN pet ON pet.owner = person.id WHERE person.id = 1", "*"),
    Case("left_joined_key", "SELECT 1 FROM pet LEFT JOIN person ON person.id = pet.owner WHERE pet.id = 1", "?"),
    Case("left_joined_many", "SELECT 1 FROM person LEFT JOIN pet ON pet.owner = person.id WHERE person.id = 1", "*"),
    Case("left_join_on_binds_no_left_side", "SELECT 1 FROM person LEFT JOIN pet ON person.id = 1 AND pet.id = 1", "*"),
    Case("gap_and_match_differ", "SELECT p.id FROM pet AS p LEFT JOIN person AS r ON r.id = 1 AND p.kind = 'dog' WHERE p.id = coalesce(r.boss, r.age - 29, 2)", "*"),
    Case("full_joined_keys", "SELECT 1 FROM person FULL JOIN pet ON pet.id = person.id WHERE person.id = 1", "*"),
    Case("full_joined_both", "SELECT 1 FROM person FULL JOIN pet ON pet.id = person.id WHERE person.id = 1 AND pet.id = 1", "?"),
    Case("cross_joined", "SELECT 1 FROM person, pet WHERE person.id = 1", "*"),
    Case("lateral_limit", "SELECT 1 FROM person CROSS JOIN LATERAL (SELECT 1 FROM pet WHERE pet.owner = person.id LIMIT 1) AS l WHERE person.id = 1", "?"),
    Case("lateral_aggregate", "SELECT l.n FROM (VALUES (1)) AS v (x), LATERAL (SELECT count(*) AS n FROM pet WHERE pet.owner = v.x) AS l", "one"),
    Case("left_join_true", "SELECT 1 FROM (SELECT count(*) FROM person) AS c LEFT JOIN pet ON true", "+"),
    Case("union", "SELECT 1 UNION SELECT id FROM person", "+"),
    Case("union_empty", "SELECT id FROM pet UNION SELECT id FROM person", "*"),
    Case("intersect", "SELECT 1 INTERSECT SELECT id FROM person", "?"),
    Case("except", "SELECT 1 EXCEPT SELECT id FROM person", "?"),
    Case("recursive", "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r", "+"),
    Case("for_update", "SELECT id FROM person WHERE id = 1 FOR UPDATE SKIP LOCKED", "?"),
    Case("insert", "INSERT INTO pet (id, name) VALUES (90, 'a') RETURNING id", "one"),
    Case("insert_two", "INSERT INTO pet (id, name) VALUES (90, 'a'), (91, 'b') RETURNING id", "+"),
    Case("insert_default_values", "INSERT INTO computed (id) VALUES (90) RETURNING id", "one"),
    Case("insert_select", "INSERT INTO pet (id, name) SELECT id + 90, name FROM person RETURNING id", "*"),
    Case("insert_select_key", "INSERT INTO pet (id, name) SELECT id + 90, name FROM person WHERE id = 1 RETURNING id", "?"),
    Case("insert_select_no_from", "INSERT INTO pet (id, name) SELECT 90, 'a' RETURNING id", "one"),
    Case("insert_set", "INSERT INTO pet (id, name) VALUES (generate_series(90, 92), 'a') RETURNING id", "*"),
    Case("insert_do_nothing", "INSERT INTO pet (id, name) VALUES (1, 'a') ON CONFLICT DO NOTHING RETURNING id", "?"),
    Case("upsert", "INSERT INTO pet (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = 'b' RETURNING id", "one"),
    Case("upsert_where", "INSERT INTO pet (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = 'b' WHERE pet.name = 'z' RETURNING id", "?"),
    Case("insert_trigger", "INSERT INTO triggered VALUES (13, 'w', 'm') RETURNING id", "?"),
    Case("insert_view", "INSERT INTO adult VALUES (90, 'a', 'b', 3) RETURNING id", "?"),
    Case("insert_ruled", "INSERT INTO ruled VALUES (90, 'w') RETURNING id", "one"),
    Case("update_ruled", "UPDATE ruled SET word = 'w' WHERE id = 1 RETURNING id", "*"),
    Case("update_key", "UPDATE person SET nick = 'n' WHERE id = 1 RETURNING id", "?"),
    Case("update_all", "UPDATE person SET nick = 'n' RETURNING id", "*"),
    Case("update_key_from_many", "UPDATE person SET nick = 'n' FROM pet WHERE person.id = 1 RETURNING pet.id", "?"),
    Case("update_by_other_key", "UPDATE person SET nick = 'n' FROM pet WHERE person.id = pet.owner AND pet.id = 1 RETURNING person.id", "?"),
    Case("delete_key", "DELETE FROM pet WHERE id = 1 RETURNING id", "?"),
    Case("delete_using", "DELETE FROM pet USING person WHERE pet.id = person.id RETURNING pet.id", "*"),
    Case("cte_insert", "WITH x AS (INSERT INTO pet (id, name) VALUES (90, 'a') RETURNING id) SELECT id FROM x", "one"),
    Case("merge", "MERGE INTO pet USING person ON person.id = pet.id WHEN MATCHED THEN DELETE RETURNING pet.id", "*", since=17),
]  # fmt: skip
_NAMES = {(True, True): "one", (True, False): "+", (False, True): "?"}


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    with open_databases(server) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_promise_is_as_expected_and_kept(case: Case, databases: Databases) -> None:
    rows = infer_case(databases, case.query).row_count

    seen = observe(databases, case.query, case.values)
    found = _NAMES.get((rows.at_least_one, rows.at_most_one), "*")
    assert found == case.expected
    assert not rows.at_most_one or seen.most <= 1
    assert not rows.at_least_one or seen.fewest >= 1


def test_deferred_and_other_keys_promise_nothing(
    databases: Databases,
) -> None:
    connection = databases.full
    with connection.transaction(force_rollback=True):
        connection.execute(
            "CREATE TABLE keyed (a int, b text, c int UNIQUE DEFERRABLE, d tstzrange);"
            "CREATE UNIQUE INDEX ON keyed (a) WHERE a > 5;"
            "CREATE UNIQUE INDEX ON keyed (lower(b));"
        )
        found = [
            infer(connection, f"SELECT 1 FROM keyed WHERE {condition}", [23])
            for condition in ("a = 1", "a = $1", "b = 'x'", "c = 1")
        ]

    assert not any(inference.row_count.at_most_one for inference in found)


def test_upsert_of_a_row_that_with_changed_may_return_nothing(
    databases: Databases,
) -> None:
    query = (
        "WITH x AS (INSERT INTO pet (id, name) VALUES (1, 'a')"
        " ON CONFLICT (id) DO UPDATE SET name = 'x' RETURNING name)"
        " INSERT INTO pet (id, name) VALUES (1, 'b') ON CONFLICT (id)"
        " DO UPDATE SET name = (SELECT name FROM x) RETURNING id"
    )

    rows = infer_case(databases, query).row_count

    with databases.full.transaction(force_rollback=True):
        assert databases.full.execute(query.encode()).fetchall() == []
    assert not rows.at_least_one
