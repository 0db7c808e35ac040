"""Functions and aggregates of users: what a call says of the types and the rows."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

CASES = [
    Case("polymorphic_null", "SELECT any_of(nick) FROM person", "?"),
    Case("polymorphic_elements", "SELECT first_of(tags, name), first_of(tags, nick), all_of(nick) FROM person", "!?!"),
    Case("polymorphic_rows", "SELECT x, y FROM both_of(1, 'a'::text)", "!?"),
    Case("recursive_with_null", "SELECT falling(1)", "?"),
    Case("recursive_strict", "SELECT counted_down(id) FROM person", "!"),
    Case("whole_rows_left_joined", "SELECT id, name FROM pets_of_people()", "??"),
    Case("whole_rows_united", "SELECT id, name FROM pets_and_none()", "??"),
    Case("rows_with_a_dropped_column", "SELECT word, other FROM narrowed_rows()", "?!"),
    Case("fields_with_a_dropped_column", "SELECT (narrowed_rows()).word, (narrowed_rows()).other", "?!"),
    Case("fields_of_unnested_rows", "SELECT (unnest(ARRAY[ROW(NULL, 1)::place])).street", "?"),
    Case("columns_of_unnested_rows", "SELECT street FROM unnest(ARRAY[ROW(NULL, 1)::place]) AS p", "?"),
    Case("columns_of_a_written_row", "SELECT a, b FROM written_row() AS r (a int, b int)", "?!"),
    Case("column_of_a_single_field", "SELECT v FROM null_wrapped()", "?"),
    Case("columns_of_one_out_parameter", "SELECT street, number FROM one_place()", "?!"),
    Case("rows_by_a_conversion", "SELECT v FROM wrapped_rows()", "?"),
    Case("fields_handed_on_by_with", "WITH w AS (SELECT pet AS p FROM pet UNION ALL SELECT pet FROM pet) SELECT (p).name, (p).kind FROM w", "!?"),
    Case("fields_of_a_united_null", "WITH w AS (SELECT pet AS p FROM pet UNION ALL SELECT NULL) SELECT (p).name FROM w", "?"),
    Case("fields_of_written_rows", "WITH w AS (INSERT INTO pet (id, name) VALUES (500, 'x') RETURNING pet AS p) SELECT (p).name, (p).kind FROM w", "!?"),
    Case("fields_of_grouped_rows", "SELECT (s.p).name FROM (SELECT pet AS p FROM pet) AS s GROUP BY ROLLUP (s.p)", "?"),
    Case("fields_of_listed_rows", "SELECT (p).street, (p).number FROM (VALUES (ROW('s', 1)::place), (ROW(NULL, 2)::place)) AS v (p)", "?!"),
    Case("aggregate_without_start", "SELECT product(id), product(age) FROM person GROUP BY boss", "!?"),
    Case("aggregate_of_no_rows", "SELECT product(id), collected(nick) FROM person WHERE id < 0", "?!"),
    Case("aggregate_of_the_first", "SELECT first_value_of(name), first_value_of(nick) FROM person GROUP BY boss", "!?"),
    Case("aggregate_that_loses_its_state", "SELECT differing(id) FROM (VALUES (1), (1)) AS v (id)", "?"),
    Case("aggregate_with_a_last_step", "SELECT sum_or_nothing(id) FROM person", "?"),
    Case("aggregate_over_a_frame", "SELECT product(id) OVER (ORDER BY id), product(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) FROM person", "!?"),
]  # fmt: skip

SCHEMA = """
CREATE FUNCTION first_of(anyarray, anyelement) RETURNS anyelement LANGUAGE sql
AS 'SELECT coalesce($1[1], $2)';
CREATE FUNCTION all_of(anyelement) RETURNS anyarray LANGUAGE sql AS 'SELECT ARRAY[$1]';
CREATE FUNCTION both_of(a anyelement, b text, OUT x anyelement, OUT y text)
LANGUAGE sql AS 'SELECT a, nullif(b, ''a'')';
CREATE FUNCTION falling(n int) RETURNS int LANGUAGE sql
AS 'SELECT CASE WHEN n > 0 THEN falling(NULL) ELSE n END';
CREATE FUNCTION counted_down(n int) RETURNS int LANGUAGE sql STRICT
AS 'SELECT CASE WHEN n > 0 THEN counted_down(n - 1) + 1 ELSE 0 END';
CREATE FUNCTION pets_of_people() RETURNS SETOF pet LANGUAGE sql STABLE
AS 'SELECT pet FROM person LEFT JOIN pet ON pet.owner = person.id';
CREATE FUNCTION pets_and_none() RETURNS SETOF pet LANGUAGE sql STABLE
AS 'SELECT pet FROM pet UNION ALL SELECT NULL';
CREATE TABLE narrowed (id int PRIMARY KEY, gone int, word text, other text NOT NULL);
ALTER TABLE narrowed DROP COLUMN gone;
CREATE FUNCTION narrowed_rows() RETURNS SETOF narrowed LANGUAGE sql STABLE
AS 'SELECT * FROM narrowed';
CREATE FUNCTION written_row() RETURNS SETOF record LANGUAGE sql
AS 'SELECT ROW(NULL::int, 1)';
CREATE FUNCTION one_place(OUT x place) LANGUAGE sql AS 'SELECT ROW(NULL, 1)::place';
CREATE TYPE wrapped AS (v int);
CREATE FUNCTION null_wrapped() RETURNS wrapped LANGUAGE sql
AS 'SELECT ROW(NULL)::wrapped';
CREATE FUNCTION wrapped_of(int) RETURNS wrapped LANGUAGE sql
AS 'SELECT NULL::wrapped';
CREATE CAST (int AS wrapped) WITH FUNCTION wrapped_of (int) AS ASSIGNMENT;
CREATE FUNCTION wrapped_rows() RETURNS SETOF wrapped LANGUAGE sql
AS 'SELECT id FROM person';
CREATE AGGREGATE product (int) (SFUNC = int4mul, STYPE = int);
CREATE AGGREGATE collected (anycompatible) (
    SFUNC = array_append, STYPE = anycompatiblearray, INITCOND = '{}'
);
CREATE FUNCTION left_one(anyelement, anyelement) RETURNS anyelement
LANGUAGE sql STRICT IMMUTABLE AS 'SELECT $1';
CREATE AGGREGATE first_value_of (anyelement) (
    SFUNC = left_one, STYPE = anyelement, COMBINEFUNC = left_one, PARALLEL = SAFE
);
CREATE FUNCTION null_if_same(int, int) RETURNS int
LANGUAGE sql STRICT IMMUTABLE AS 'SELECT nullif($1, $2)';
CREATE AGGREGATE differing (int) (SFUNC = null_if_same, STYPE = int);
CREATE FUNCTION nothing_of(int) RETURNS int
LANGUAGE sql IMMUTABLE AS 'SELECT NULL::int';
CREATE AGGREGATE sum_or_nothing (int) (
    SFUNC = int4pl, STYPE = int, INITCOND = '0', FINALFUNC = nothing_of
);
"""

ROWS = """
INSERT INTO narrowed VALUES (1, NULL, 'w');
"""
