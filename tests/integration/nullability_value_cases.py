"""Traps and rules of calls, composite values, subscripts and documents, one a line.

The marks are those of `nullability_cases`.
"""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

CALLS = [
    Case("call_with_defaults", "SELECT second_of(1), second_of(1, 2), third_of(1), third_of(1, c => 2)", "?!!!"),
    Case("call_by_name", "SELECT second_of(b => 2, a => NULL), second_of(b => NULL, a => 1), second_of(a => 1)", "!??"),
    Case("call_of_set_by_name", "SELECT x, y FROM defaulted_rows(b => NULL, a => 1)", "!?"),
    Case("call_of_set_with_default", "SELECT x, y FROM pet LEFT JOIN defaulted_rows(1) ON true", "!!"),
    Case("call_of_builtin_by_name", "SELECT make_interval(days => 1), make_interval(days => NULL), make_interval()", "!?!"),
    Case("fields_of_intervals", "SELECT extract(day FROM 'infinity'::interval), extract(hour FROM '1 day'::interval), extract(month FROM 'infinity'::interval), extract(year FROM 'infinity'::interval)", "!!?!", since=17),
    Case("custom_aggregate", "SELECT sum_or_zero(id) FROM person", "!"),
    Case("equal_sets_in_select", "SELECT (jsonb_each_text('{\"a\": null, \"b\": 1}')).*", "!?"),
    Case("equal_sets_and_another", "SELECT (jsonb_each('{\"a\": null}')).*, generate_series(1, 5)", "??~", why="lengths of sets are not compared"),
    Case("equal_volatile_sets", "SELECT growing(), growing() FROM generate_series(1, 6)", "??"),
    Case("having_counts_rows", "SELECT max(id), max(age) FROM person WHERE age IS NULL HAVING count(*) > 0", "!?"),
    Case("having_counts_no_rows", "SELECT max(id), min(id) FROM person WHERE id > 99 HAVING count(*) >= 0", "??"),
    Case("having_counts_other_number", "SELECT max(id) FROM person WHERE id > 99 HAVING count(*) <> 5", "?"),
    Case("having_of_another_aggregate", "SELECT sum(id) FROM person HAVING bool_or(active)", "!"),
    Case("having_of_a_custom_aggregate", "SELECT sum(id) FROM person WHERE id > 99 HAVING sum_or_zero(id) = 0", "?"),
    Case("having_that_allows_no_rows", "SELECT sum(id) FROM person WHERE id > 99 HAVING coalesce(max(age), 0) = 0", "?"),
    Case("having_of_empty_sets", "SELECT sum(id) FROM person WHERE id > 99 GROUP BY GROUPING SETS ((id), ()) HAVING count(*) > 0 OR max(id) IS NULL", "?"),
    Case("strict_json_aggregates", "SELECT json_object_agg_strict(id, nick), json_agg_strict(nick) FROM person GROUP BY id", "!!"),
]  # fmt: skip

COMPOSITES = [
    Case("fields_of_a_handed_on_row", "SELECT (p).id, (p).nick FROM (SELECT person AS p FROM person) AS s", "!?"),
    Case("fields_of_a_row_twice_handed_on", "SELECT (q).id FROM (SELECT p AS q FROM (SELECT person AS p FROM person) AS s) AS t", "!"),
    Case("fields_of_an_outer_side", "SELECT (p).id FROM pet LEFT JOIN (SELECT person AS p, id FROM person) AS s ON s.id = pet.owner", "?"),
    Case("fields_of_a_row_of_an_outer_side", "SELECT (p).id FROM (SELECT pet AS p FROM person LEFT JOIN pet ON pet.owner = person.id) AS s", "?"),
    Case("fields_of_a_matched_side", "SELECT (p).id FROM pet LEFT JOIN (SELECT person AS p, id FROM person) AS s ON s.id = pet.owner WHERE s.id > 0", "!"),
    Case("fields_of_a_union", "SELECT (p).id FROM (SELECT person AS p FROM person UNION ALL SELECT NULL) AS s", "?"),
    Case("fields_of_a_stored_row", "SELECT (kept).id, (kept).name FROM keeper", "??"),
    Case("fields_of_a_made_row", "SELECT (r).f1, (r).f2 FROM (SELECT ROW(id, nick) AS r FROM person) AS s", "!?"),
    Case("fields_of_a_call", "SELECT (two_numbers()).a, (two_numbers()).b, (first_pet()).id", "!??"),
    Case("narrowed_field", "SELECT (person).age FROM person WHERE (person).age > 3", "!"),
    Case("element_of_a_written_array", "SELECT (ARRAY[1, 2])[1], (ARRAY[1, NULL])[2], (ARRAY[1, 2])[3], (ARRAY[1, 2])[0], (ARRAY[id, age])[2] FROM person", "!????"),
    Case("element_by_expression", "SELECT (ARRAY[1, 2])[id] FROM person", "?"),
    Case("slice", "SELECT (ARRAY[1, 2])[5:6], tags[1:1], (ARRAY[1, 2])[age:2], (ARRAY[1, 2])[2:] FROM person", "!??!"),
    Case("slice_of_not_null", "SELECT tags[1:1] FROM person WHERE tags IS NOT NULL", "!"),
    Case("assigned_element", "UPDATE person SET tags[2] = NULL, data['a'] = '1' WHERE id IN (1, 2) RETURNING tags, data", "!!"),
    Case("assigned_slice", "UPDATE person SET tags[1:1] = NULL RETURNING tags", "!"),
]  # fmt: skip

DOCUMENTS = [
    Case("json_exists", "SELECT JSON_EXISTS('{}'::jsonb, '$.a'), JSON_EXISTS('{}'::jsonb, 'strict $.a.b' UNKNOWN ON ERROR), JSON_EXISTS(data, '$.a'), JSON_EXISTS('1'::jsonb, '$ > $x' PASSING NULL::int AS x) FROM person", "!??!", since=17),
    Case("json_query", "SELECT JSON_QUERY('{}'::jsonb, '$.a'), JSON_QUERY('{\"a\": null}'::jsonb, '$.a' ERROR ON EMPTY ERROR ON ERROR), JSON_QUERY('{}'::jsonb, '$.a' EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR), JSON_QUERY('{}'::jsonb, '$.a' EMPTY ARRAY ON EMPTY), JSON_QUERY('{}'::jsonb, '$.a' DEFAULT NULL ON EMPTY EMPTY ARRAY ON ERROR), JSON_QUERY(data, '$.a' EMPTY ARRAY ON EMPTY EMPTY ARRAY ON ERROR) FROM person", "?!!~??", why="a path that cannot fail is not known to", since=17),
    Case("json_query_as_text", "SELECT JSON_QUERY('null'::jsonb, '$' RETURNING text ERROR ON EMPTY ERROR ON ERROR)", "~", why="conversions of documents are not followed", since=17),
    Case("json_value", "SELECT JSON_VALUE('null'::jsonb, '$' DEFAULT 'x' ON EMPTY DEFAULT 'y' ON ERROR), JSON_VALUE('{}'::jsonb, '$.a')", "??", since=17),
    Case("json_table_columns", "SELECT * FROM JSON_TABLE('[{\"a\": 1}, {}]'::jsonb, '$[*]' COLUMNS (n FOR ORDINALITY, e boolean EXISTS PATH '$.a', u boolean EXISTS PATH 'strict $.z.y' UNKNOWN ON ERROR, i int EXISTS PATH '$.a', j jsonb PATH '$.a', k jsonb PATH '$.a' EMPTY OBJECT ON EMPTY ERROR ON ERROR, v text PATH '$.a' DEFAULT 'x' ON EMPTY))", "!!?!?!~", why="JSON_VALUE gives NULL for the JSON value null", since=17),
    Case("json_table_nested", "SELECT * FROM JSON_TABLE('[{\"a\": [1]}, {}]'::jsonb, '$[*]' COLUMNS (n FOR ORDINALITY, NESTED PATH '$.a[*]' COLUMNS (m FOR ORDINALITY, e boolean EXISTS PATH '$')))", "!??", since=17),
    Case("json_table_outer_join", "SELECT t.n FROM person AS p LEFT JOIN JSON_TABLE(p.data, '$[*]' COLUMNS (n FOR ORDINALITY)) AS t ON true", "?", since=17),
    Case("json_constructors", "SELECT JSON_OBJECT('a': NULL), JSON_ARRAY(NULL, 1), JSON_SCALAR(NULL), JSON_SCALAR(1), JSON('{}'), JSON_SERIALIZE('{}'), JSON_ARRAY(SELECT id FROM person WHERE false)", "!!?!!!?", since=17),
]  # fmt: skip

VALUE_ELEMENTS = [
    Case("elements_of_a_slice", "SELECT (ARRAY[1, 2])[1:5], (ARRAY[1, NULL])[1:5]", "!?"),
    Case("elements_of_filled_arrays", "SELECT array_fill(1, ARRAY[2]), array_fill(NULL::int, ARRAY[2]), array_replace(ARRAY[1, NULL], NULL, 2), array_replace(ARRAY[1, 2], 2, NULL)", "!?!?"),
    Case("elements_of_split_text", "SELECT string_to_array('a,b', ',', NULL), string_to_array('a,b', ',', 'a')", "!?"),
]  # fmt: skip
