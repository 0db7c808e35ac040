"""Lengths of sets, sets of groups, first elements and other things that are certain."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

SETS = [
    Case("longest_series", "SELECT generate_series(1, 4), generate_series(5, 1, -2), generate_series(1, 0)", "!??"),
    Case("longest_beside_unknown", "SELECT generate_series(1, 1), unnest(tags) FROM person", "??"),
    Case("longest_of_one_row", "SELECT n, d FROM ROWS FROM (generate_series(2, 2), abs(-1)) AS r (n, d)", "!!"),
    Case("longest_beside_a_value", "SELECT n, d FROM ROWS FROM (generate_series(1, 0), abs(-1)) AS r (n, d)", "?!"),
    Case("longest_elements", "SELECT a, b, c FROM unnest(ARRAY[1, 2], ARRAY['x', 'y'], ARRAY[3, NULL]) AS u (a, b, c)", "!!?"),
    Case("longest_with_ordinality", "SELECT * FROM unnest(ARRAY[1], ARRAY[2, 3]) WITH ORDINALITY", "?!!"),
    Case("longest_columns", "SELECT value, n FROM ROWS FROM (jsonb_each_text('{\"a\": null, \"b\": \"x\", \"c\": \"x\"}'), generate_series(1, 2)) AS r (key, value, n)", "??"),
    Case("longest_nested_elements", "SELECT unnest(ARRAY[ARRAY[1, 2], ARRAY[3, NULL]]), generate_series(1, 2)", "??"),
    Case("longest_twice", "SELECT generate_series(1, 3), generate_series(1, 3)", "!!"),
]  # fmt: skip

GROUPINGS = [
    Case("grouping_else", "SELECT CASE WHEN grouping(name) = 1 THEN 'all' ELSE name END FROM person GROUP BY ROLLUP (name)", "!", since=18),
    Case("grouping_zero", "SELECT CASE WHEN grouping(name) = 0 THEN name ELSE 'all' END FROM person GROUP BY ROLLUP (name)", "!", since=18),
    Case("grouping_subject", "SELECT CASE grouping(name) WHEN 0 THEN name ELSE 'all' END FROM person GROUP BY ROLLUP (name)", "!", since=18),
    Case("grouping_of_null", "SELECT CASE WHEN grouping(nick) = 1 THEN 'all' ELSE nick END FROM person GROUP BY ROLLUP (nick)", "?"),
    Case("grouping_of_what_where_proves", "SELECT CASE WHEN grouping(nick) = 1 THEN 'all' ELSE nick END FROM person WHERE nick <> '' GROUP BY ROLLUP (nick)", "!", since=18),
    Case("grouping_other", "SELECT CASE WHEN grouping(id) = 1 THEN 'all' ELSE name END FROM person GROUP BY GROUPING SETS ((id, name), (id))", "?"),
    Case("grouping_of_two", "SELECT CASE grouping(name, id) WHEN 0 THEN name WHEN 1 THEN name WHEN 2 THEN 'id' ELSE 'all' END FROM person GROUP BY CUBE (name, id)", "!", since=18),
    Case("grouping_of_two_mistaken", "SELECT CASE grouping(name, id) WHEN 0 THEN name WHEN 2 THEN name ELSE 'all' END FROM person GROUP BY CUBE (name, id)", "?"),
    Case("grouping_having", "SELECT name, count(*) FROM person GROUP BY ROLLUP (name) HAVING grouping(name) = 0", "!!", since=18),
    Case("grouping_inverted", "SELECT CASE WHEN grouping(name) = 1 THEN name ELSE 'all' END FROM person GROUP BY ROLLUP (name)", "?"),
]  # fmt: skip

COUNTS = [
    Case("count_backwards", "SELECT max(id) FROM person HAVING 0 < count(*)", "!"),
    Case("count_not_equal", "SELECT max(id) FROM person HAVING count(*) <> 0", "!"),
    Case("count_negated", "SELECT max(id) FROM person HAVING NOT (count(*) = 0)", "!"),
    Case("count_negated_greater", "SELECT max(id) FROM person WHERE id > 99 HAVING NOT (count(*) > 0)", "?"),
    Case("count_below", "SELECT max(id) FROM person WHERE id > 99 HAVING count(*) < 3", "?"),
    Case("count_of_a_column", "SELECT max(id), max(age) FROM person WHERE age IS NULL HAVING 1 <= count(id)", "!?"),
]  # fmt: skip

FIRSTS = [
    Case("first_of_a_group", "SELECT (array_agg(name ORDER BY id))[1], (array_agg(nick ORDER BY id))[1], (array_agg(name))[2] FROM person GROUP BY boss", "!??"),
    Case("first_of_no_rows", "SELECT (array_agg(name))[1] FROM person", "?"),
    Case("first_of_filtered", "SELECT (array_agg(name) FILTER (WHERE id > 5))[1] FROM person GROUP BY boss", "?"),
    Case("first_of_arrays", "SELECT (array_agg(ARRAY[id]))[1] FROM person GROUP BY boss", "?"),
    Case("first_of_a_window", "SELECT (array_agg(name) OVER (ORDER BY id DESC))[1], (array_agg(nick) OVER (ORDER BY id DESC))[1] FROM person", "!?"),
    Case("path_exists", "SELECT jsonb_path_exists('[1]', 'strict $.a ? (@ > 1)', silent => true), jsonb_path_exists('{}', '$.a'), jsonb_path_exists(data, '$.a') FROM person", "?!?"),
    Case("path_exists_silently", "SELECT jsonb_path_exists('[1]', 'strict $.a', '{}', $1) FROM person", "?", ((True,),)),
    Case("type_formatted", "SELECT format_type(23, NULL), format_type(0, 1), format_type(age::oid, NULL) FROM person", "!!?"),
    Case("slice_assigned", "UPDATE person SET tags[1:2] = '{a,b}' RETURNING tags", "!"),
]  # fmt: skip

RULED = [
    Case("ruled_insert", "INSERT INTO ruled_else VALUES (9, 'w') RETURNING id, word", "!!"),
    Case("ruled_update", "UPDATE ruled_else SET word = 'w' RETURNING id, word", "??"),
    Case("ruled_view", "UPDATE plain_ruled SET word = 'w' RETURNING id, word", "??"),
    Case("ruled_view_with_trigger", "UPDATE replaced_stored SET word = 'w' RETURNING id", "?"),
    Case("view_of_view_computes", "UPDATE half_adult SET nick = NULL WHERE id = 1 RETURNING id, nick, loud", "!??"),
    Case("view_old", "UPDATE adult SET age = NULL RETURNING old.age, new.age", "!?", since=18),
    Case("view_deleted", "DELETE FROM adult WHERE id > 4 RETURNING age, nick", "!?"),
]  # fmt: skip

BOUNDS = [
    Case("bounds_by_conditions", "SELECT lower(during), upper(during) FROM spell WHERE NOT (isempty(during) OR lower_inf(during))", "!?"),
    Case("bounds_by_comparisons", "SELECT lower(during), upper(during) FROM spell WHERE during @> 3 AND lower_inf(during) IS NOT TRUE AND upper_inf(during) IS FALSE", "!!"),
    Case("bounds_by_containing_empty", "SELECT lower(during) FROM spell WHERE during @> 'empty'::int4range AND NOT lower_inf(during)", "?"),
    Case("bounds_by_checks", "SELECT lower(shut), upper(shut) FROM spell WHERE shut IS NOT NULL", "!?"),
    Case("bounds_of_what_was_written", "UPDATE spell SET during = 'empty' WHERE NOT isempty(during) AND NOT lower_inf(during) RETURNING lower(during)", "?"),
    Case("bounds_left_joined", "SELECT lower(s.during) FROM person LEFT JOIN spell AS s ON s.id = person.id AND NOT isempty(s.during) AND NOT lower_inf(s.during)", "?"),
    Case("field_by_a_function_of_a_user", "SELECT date_part('year', feeling) FROM person WHERE feeling IS NOT NULL", "?"),
]  # fmt: skip

SCHEMA = """
CREATE TABLE spell (
    id int PRIMARY KEY,
    during int4range,
    shut int4range CHECK (NOT isempty(shut) AND NOT lower_inf(shut))
);
CREATE FUNCTION date_part(text, mood) RETURNS int LANGUAGE plpgsql
AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE ruled_else (id int PRIMARY KEY, word text);
CREATE RULE elsewhere AS ON UPDATE TO ruled_else DO INSTEAD
UPDATE stored SET word = NULL WHERE stored.id = old.id RETURNING NULL::int, stored.word;
CREATE VIEW plain_ruled AS SELECT id, word FROM ruled_else;
CREATE VIEW replaced_stored AS SELECT id, word FROM stored;
CREATE TRIGGER replace_row INSTEAD OF UPDATE ON replaced_stored
FOR EACH ROW EXECUTE FUNCTION replace_row();
CREATE VIEW half_adult AS SELECT id, nick, lower(nick) AS loud FROM adult;
"""

ROWS = """
INSERT INTO spell VALUES
(1, 'empty', '[1,)'), (2, '(,5)', NULL), (3, '[1,)', '[2,7)'), (4, '[1,5)', '[3,4)');
INSERT INTO ruled_else VALUES (1, 'w'), (2, 'v');
"""
