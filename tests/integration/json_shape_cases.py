"""Queries that make documents, what each is said to make, and hostile rows."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = """
CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE TYPE spot AS (x int, "y z" numeric);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN document AS jsonb;
CREATE TYPE pair;
CREATE FUNCTION pair_in(cstring) RETURNS pair
LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION pair_out(pair) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE pair (INPUT = pair_in, OUTPUT = pair_out, LIKE = text);
CREATE FUNCTION pair_json(pair) RETURNS json
LANGUAGE sql IMMUTABLE AS $$ SELECT '[1]'::json $$;
CREATE CAST (pair AS json) WITH FUNCTION pair_json(pair);
CREATE TABLE author (
    id int PRIMARY KEY,
    gone int,
    name text NOT NULL,
    born date,
    mood mood
);
ALTER TABLE author DROP COLUMN gone;
CREATE TABLE book (
    id int PRIMARY KEY,
    author_id int REFERENCES author,
    title text,
    price numeric,
    body jsonb,
    tags text[] NOT NULL
);
CREATE TABLE everything (
    id int PRIMARY KEY,
    a_bit bit(3),
    a_bool boolean,
    a_bytea bytea,
    a_char "char",
    a_cidr cidr,
    a_date date,
    a_domain positive,
    a_float4 float4,
    a_float8 float8,
    a_hstore hstore,
    an_inet inet,
    an_int2 int2,
    an_int8 int8,
    an_interval interval,
    a_json json,
    a_jsonb jsonb,
    a_money money,
    a_mood mood,
    a_name name,
    a_numeric numeric,
    an_oid oid,
    a_pair pair,
    a_point point,
    a_range int4range,
    a_regclass regclass,
    a_spot spot,
    a_text text,
    a_time time,
    a_timestamp timestamp,
    a_timestamptz timestamptz,
    a_tsvector tsvector,
    a_uuid uuid,
    an_xid xid,
    an_xml xml,
    floats float8[],
    spots spot[],
    stamps timestamptz[]
);
CREATE VIEW shelf AS
SELECT
    author.id,
    jsonb_build_object('name', author.name, 'books', count(book.id)) AS card
FROM author LEFT JOIN book ON book.author_id = author.id
GROUP BY author.id;
"""

ROWS = """
INSERT INTO author VALUES (1, 'Ann', NULL, 'sad'), (2, 'Bob', 'infinity', NULL);
INSERT INTO book VALUES
(1, 1, NULL, 'NaN', NULL, '{}'),
(2, 1, 'x', 1.50, 'null', '{a,NULL}'),
(3, NULL, 'y', 3, '[1]', '{b}'),
(4, 1, 'z', 'Infinity', '{"a": 1e300}', '{}'),
(5, 1, 'z', NULL, '1', '{}');
INSERT INTO everything VALUES (
    1, '101', true, '\\x00ff', 'x', '10.0.0.0/8', 'infinity', 1, 'NaN', 'Infinity',
    'a=>1,b=>NULL', '10.0.0.1', 1, 9223372036854775807, '1 day', '{"a": 1.0}',
    '{"a": null}', 1.5, 'happy', 'name', 'NaN', 7, 'p', '(1,2)', '[1,2)', 'book',
    '(1,NaN)', 'text', '24:00', '-infinity', 'infinity', 'a:1', gen_random_uuid(), '3',
    NULL, '{NaN,1,1.5,NULL}', '{"(1,2)",NULL}', '{infinity,NULL}'
);
INSERT INTO everything (id) VALUES (2);
INSERT INTO everything (id, a_float4, a_float8, a_numeric, a_jsonb, a_json, a_spot)
VALUES
(3, 1, 1e300, 1e30, '1', '1e5', '(,)'),
(4, 1.5, 1.5, 1.5, '"x"', 'null', '(5,2.50)'),
(5, 1e30, -0.0, 5, '[]', '"x"', NULL);
"""


@dataclass(frozen=True, slots=True)
class ShapeCase:
    """A query of one column, and what its documents are said to be."""

    name: str
    query: str
    expected: str
    values: tuple[object, ...] = ()


_AUTHOR = "born: null | str, id: int, mood: null | str, name: str"
_BOOK = (
    "author_id: int | null, body: any, id: int, price: float | int | null | str,"
    " tags: [null | str], title: null | str"
)
#: A book that was found by its author.
_OWN_BOOK = _BOOK.replace("author_id: int | null", "author_id: int")
_SPOT = "{x: int | null, y z: float | int | null | str}"
_ANY_NUMBER = "float | int | null | str"
_EVERYTHING = (
    "{a_bit: null | str, a_bool: bool | null, a_bytea: null | str,"
    " a_char: null | str, a_cidr: null | str, a_date: null | str,"
    f" a_domain: int | null, a_float4: {_ANY_NUMBER}, a_float8: {_ANY_NUMBER},"
    " a_hstore: null | {*: null | str}, a_json: any, a_jsonb: any,"
    " a_money: null | str, a_mood: null | str, a_name: null | str,"
    f" a_numeric: {_ANY_NUMBER}, a_pair: any, a_point: null | str,"
    " a_range: null | str, a_regclass: null | str,"
    f" a_spot: null | {_SPOT}, a_text: null | str, a_time: null | str,"
    " a_timestamp: null | str, a_timestamptz: null | str, a_tsvector: null | str,"
    " a_uuid: null | str, an_inet: null | str, an_int2: int | null,"
    " an_int8: int | null, an_interval: null | str, an_oid: null | str,"
    " an_xid: null | str, an_xml: null | str,"
    f" floats: null | [{_ANY_NUMBER}], id: int, spots: null | [null | {_SPOT}],"
    " stamps: null | [null | str]}"
)

CASES = (
    # Every type, in both kinds of JSON.
    ShapeCase("every-type", "SELECT to_jsonb(everything) FROM everything", _EVERYTHING),
    ShapeCase(
        "every-type-as-json",
        "SELECT row_to_json(everything) FROM everything",
        _EVERYTHING,
    ),
    # Objects.
    ShapeCase(
        "object",
        "SELECT jsonb_build_object('id', id, 'title', title) FROM book",
        "{id: int, title: null | str}",
    ),
    ShapeCase("empty-object", "SELECT jsonb_build_object()", "{}"),
    ShapeCase(
        "object-of-objects",
        "SELECT json_build_object('a', json_build_object('b', tags)) FROM book",
        "{a: {b: [null | str]}}",
    ),
    ShapeCase(
        "repeated-key",
        "SELECT jsonb_build_object('a', 1, 'a', title) FROM book",
        "{a: null | str}",
    ),
    ShapeCase(
        "unknown-key",
        "SELECT jsonb_build_object(coalesce(title, ''), id, 'a', price) FROM book",
        "{*: float | int | null | str}",
    ),
    ShapeCase("number-as-key", "SELECT jsonb_build_object(1, 2)", "{*: int}"),
    ShapeCase("null-value", "SELECT jsonb_build_object('a', NULL)", "{a: null | str}"),
    ShapeCase(
        "variadic",
        "SELECT jsonb_build_object(VARIADIC ARRAY['a', title]) FROM book",
        "any",
    ),
    ShapeCase(
        "narrowed-by-where",
        "SELECT jsonb_build_object('t', title) FROM book WHERE title IS NOT NULL",
        "{t: str}",
    ),
    ShapeCase(
        "of-texts", "SELECT json_object(ARRAY['a', 'b', 'c', NULL])", "{*: null | str}"
    ),
    ShapeCase(
        "sql-object",
        "SELECT JSON_OBJECT('a': id, 'b': title) FROM book",
        "{a: int, b: null | str}",
    ),
    ShapeCase(
        "sql-object-without-null",
        "SELECT JSON_OBJECT('a': id, 'b': title ABSENT ON NULL RETURNING jsonb)"
        " FROM book",
        "{a: int, b?: str}",
    ),
    ShapeCase(
        "sql-object-repeated-key",
        "SELECT JSON_OBJECT('a': id, 'a': title ABSENT ON NULL) FROM book",
        "any",
    ),
    ShapeCase(
        "sql-object-formatted",
        "SELECT JSON_OBJECT('a': '[1]' FORMAT JSON, 'b': to_json(id)) FROM book",
        "{a: any, b: int}",
    ),
    # Rows.
    ShapeCase("row", "SELECT to_jsonb(author) FROM author", "{" + _AUTHOR + "}"),
    ShapeCase("row-star", "SELECT to_jsonb(a.*) FROM author AS a", "{" + _AUTHOR + "}"),
    ShapeCase("row-of-book", "SELECT to_json(b) FROM book AS b", "{" + _BOOK + "}"),
    ShapeCase(
        "renamed-columns",
        "SELECT to_jsonb(a) FROM author AS a (p, q, r, s)",
        "{" + _AUTHOR + "}",
    ),
    ShapeCase(
        "row-of-subquery",
        "SELECT row_to_json(s) FROM (SELECT id AS k, title FROM book) AS s",
        "{k: int, title: null | str}",
    ),
    ShapeCase(
        "row-of-renamed-subquery",
        "SELECT row_to_json(s) FROM (SELECT id AS k, title FROM book) AS s (a, b)",
        "{a: int, b: null | str}",
    ),
    ShapeCase(
        "row-of-subquery-with-equal-names",
        "SELECT row_to_json(s) FROM (SELECT id AS k, title AS k FROM book) AS s",
        "any",
    ),
    ShapeCase(
        "row-of-with-query",
        "WITH s AS MATERIALIZED (SELECT id, jsonb_build_array(title) AS t FROM book)"
        " SELECT to_jsonb(s) FROM s",
        "{id: int, t: [null | str]}",
    ),
    ShapeCase(
        "row-of-values",
        "SELECT to_jsonb(v) FROM (VALUES (1, 'a'), (2, NULL)) AS v (n, t)",
        "{n: int, t: null | str}",
    ),
    ShapeCase(
        "row-of-join",
        "SELECT to_jsonb(j) FROM ((SELECT id, name FROM author) AS a"
        " LEFT JOIN (SELECT author_id AS id, title FROM book) AS b USING (id)) AS j",
        "{id: int, name: str, title: null | str}",
    ),
    ShapeCase(
        "row-of-union",
        "SELECT to_jsonb(u) FROM (SELECT id, name FROM author"
        " UNION ALL SELECT id, title FROM book) AS u",
        "{id: int, name: null | str}",
    ),
    ShapeCase(
        "row-of-set",
        "SELECT to_jsonb(g) FROM generate_series(1, 3) AS g",
        "int",
    ),
    ShapeCase(
        "row-of-view",
        "SELECT to_jsonb(shelf) FROM shelf",
        "{card: {books: int, name: str}, id: int}",
    ),
    ShapeCase(
        "anonymous-row",
        "SELECT row_to_json(ROW(id, title)) FROM book",
        "{f1: int, f2: null | str}",
    ),
    ShapeCase(
        "named-row",
        "SELECT to_jsonb(ROW(id, 1.5)::spot) FROM book",
        "{x: int, y z: float | int}",
    ),
    ShapeCase(
        "row-in-object",
        "SELECT jsonb_build_object('author', author) FROM book"
        " LEFT JOIN author ON author.id = book.author_id",
        "{author: null | {" + _AUTHOR + "}}",
    ),
    ShapeCase(
        "row-of-outer-join",
        "SELECT to_jsonb(author) FROM book"
        " LEFT JOIN author ON author.id = book.author_id",
        "{" + _AUTHOR + "}",
    ),
    ShapeCase(
        "row-of-outer-join-of-join",
        "SELECT jsonb_build_object('j', j) FROM author LEFT JOIN"
        " ((SELECT 1 AS x) AS p CROSS JOIN (SELECT 2 AS y) AS q) AS j"
        " ON author.id = 1",
        "{j: any}",
    ),
    ShapeCase(
        "row-of-outer-subquery",
        "SELECT jsonb_build_object('s', s) FROM author LEFT JOIN"
        " (SELECT author_id, count(*) AS n FROM book GROUP BY author_id) AS s"
        " ON author.id = s.author_id",
        "{s: null | {author_id: int, n: int}}",
    ),
    ShapeCase(
        "old-row",
        "UPDATE author SET name = 'x' WHERE id = 1"
        " RETURNING jsonb_build_object('old', old, 'new', new)",
        "{new: {" + _AUTHOR + "}, old: {" + _AUTHOR + "}}",
    ),
    ShapeCase(
        "old-row-of-insert",
        "INSERT INTO author VALUES (8, 'x') RETURNING jsonb_build_object('old', old)",
        "{old: null | {"
        + _AUTHOR.replace("id: int, ", "id: int | null, ").replace(
            "name: str", "name: null | str"
        )
        + "}}",
    ),
    ShapeCase(
        "merged-row",
        "MERGE INTO book USING author ON book.author_id = author.id"
        " WHEN NOT MATCHED BY SOURCE THEN UPDATE SET title = 'q'"
        " WHEN MATCHED THEN DO NOTHING"
        " RETURNING jsonb_build_object('a', author, 'b', book.id)",
        "{a: null | {"
        + _AUTHOR.replace("id: int, ", "id: int | null, ").replace(
            "name: str", "name: null | str"
        )
        + "}, b: int}",
    ),
    ShapeCase(
        "grouped-rows",
        "SELECT jsonb_build_object('a', a, 'n', count(*)) FROM author AS a"
        " GROUP BY GROUPING SETS ((a), ())",
        "{a: null | {" + _AUTHOR + "}, n: int}",
    ),
    ShapeCase(
        "record-handed-on",
        "SELECT to_jsonb(s.r) FROM (SELECT author AS r FROM author) AS s",
        "{" + _AUTHOR + "}",
    ),
    ShapeCase(
        "returned-row",
        "UPDATE author SET name = name RETURNING to_jsonb(author)",
        "{" + _AUTHOR + "}",
    ),
    # Arrays.
    ShapeCase(
        "array",
        "SELECT jsonb_build_array(id, title, 1.5) FROM book",
        "[float | int | null | str]",
    ),
    ShapeCase("empty-array", "SELECT jsonb_build_array()", "[]"),
    ShapeCase("sql-array", "SELECT JSON_ARRAY(id, title) FROM book", "[int | str]"),
    ShapeCase(
        "sql-array-with-null",
        "SELECT JSON_ARRAY(id, title NULL ON NULL) FROM book",
        "[int | null | str]",
    ),
    ShapeCase(
        "sql-array-of-query", "SELECT JSON_ARRAY(SELECT title FROM book)", "[str]"
    ),
    ShapeCase("of-array", "SELECT to_jsonb(tags) FROM book", "[null | str]"),
    ShapeCase("array-to-json", "SELECT array_to_json(ARRAY[id, 2]) FROM book", "[int]"),
    ShapeCase(
        "array-of-arrays",
        "SELECT to_jsonb(ARRAY[[id, 2], [3, 4]]) FROM book",
        "[[int]]",
    ),
    ShapeCase(
        "array-of-query",
        "SELECT to_jsonb(ARRAY(SELECT to_jsonb(author) FROM author))",
        "[{" + _AUTHOR + "}]",
    ),
    ShapeCase(
        "array-aggregate",
        "SELECT to_jsonb(array_agg(author)) FROM author",
        "[{" + _AUTHOR + "}]",
    ),
    ShapeCase(
        "array-handed-on",
        "SELECT to_jsonb(s.a) FROM (SELECT array_agg(jsonb_build_array(id)) AS a"
        " FROM author) AS s",
        "[[int]]",
    ),
    ShapeCase(
        "arrays-of-union",
        "SELECT to_jsonb(u.a) FROM (SELECT ARRAY[1] AS a UNION ALL"
        " SELECT ARRAY[7::oid]) AS u",
        "[str]",
    ),
    ShapeCase(
        "array-of-subquery-handed-on",
        "SELECT to_jsonb(s.a) FROM (SELECT ARRAY(SELECT id FROM book) AS a) AS s",
        "[int]",
    ),
    # Aggregates.
    ShapeCase("aggregate", "SELECT jsonb_agg(title) FROM book", "[null | str]"),
    ShapeCase(
        "aggregate-of-objects",
        "SELECT json_agg(DISTINCT jsonb_build_object('t', title)) FROM book",
        "[{t: null | str}]",
    ),
    ShapeCase(
        "ordered-aggregate",
        "SELECT json_agg(id ORDER BY title DESC) FROM book",
        "[int]",
    ),
    ShapeCase(
        "filtered-aggregate",
        "SELECT jsonb_agg(title) FILTER (WHERE title IS NOT NULL) FROM book",
        "[str]",
    ),
    ShapeCase("strict-aggregate", "SELECT jsonb_agg_strict(title) FROM book", "[str]"),
    ShapeCase("sql-aggregate", "SELECT JSON_ARRAYAGG(title) FROM book", "[str]"),
    ShapeCase(
        "sql-aggregate-with-null",
        "SELECT JSON_ARRAYAGG(title NULL ON NULL) FROM book",
        "[null | str]",
    ),
    ShapeCase(
        "strict-aggregate-keeps-null-of-json",
        "SELECT jsonb_agg_strict('null'::jsonb) FROM book",
        "[null]",
    ),
    ShapeCase(
        "children",
        "SELECT json_agg(book) FROM author LEFT JOIN book ON book.author_id = author.id"
        " GROUP BY author.id",
        "[null | {" + _OWN_BOOK + "}]",
    ),
    ShapeCase(
        "filtered-children",
        "SELECT json_agg(book) FILTER (WHERE book.id IS NOT NULL) FROM author"
        " LEFT JOIN book ON book.author_id = author.id GROUP BY author.id",
        "[{" + _OWN_BOOK + "}]",
    ),
    ShapeCase(
        "object-aggregate",
        "SELECT jsonb_object_agg(id, title) FROM book",
        "{*: null | str}",
    ),
    ShapeCase(
        "sql-object-aggregate",
        "SELECT JSON_OBJECTAGG(id: title ABSENT ON NULL) FROM book",
        "{*: str}",
    ),
    ShapeCase(
        "window-aggregate",
        "SELECT jsonb_agg(id) OVER (ORDER BY id) FROM book",
        "[int]",
    ),
    ShapeCase(
        "any-value",
        "SELECT any_value(jsonb_build_array(id)) FROM book",
        "[int]",
    ),
    ShapeCase(
        "first-value",
        "SELECT first_value(jsonb_build_array(id)) OVER () FROM book",
        "[int]",
    ),
    ShapeCase("lag", "SELECT lag(jsonb_build_array(id)) OVER () FROM book", "any"),
    # Numbers.
    ShapeCase("count", "SELECT to_jsonb(count(*)) FROM book", "int"),
    ShapeCase("sum-of-ints", "SELECT to_jsonb(sum(id)) FROM book", "int"),
    ShapeCase("sum-of-big-ints", "SELECT to_jsonb(sum(id::int8)) FROM book", "int"),
    ShapeCase("average", "SELECT to_jsonb(avg(id)) FROM book", "float | int"),
    ShapeCase(
        "sum-of-numbers", "SELECT to_jsonb(sum(price)) FROM book", "float | int | str"
    ),
    ShapeCase(
        "finite",
        "SELECT to_jsonb(round(coalesce(avg(id), 0) * 2.5 - 1, 2)) FROM book",
        "float | int",
    ),
    ShapeCase("nan", "SELECT to_jsonb('NaN'::numeric)", "float | int | str"),
    ShapeCase(
        "infinite-epoch",
        "SELECT to_jsonb(extract(epoch FROM born)) FROM author",
        "float | int | str",
    ),
    ShapeCase(
        "json-scalar", "SELECT JSON_SCALAR(price) FROM book", "float | int | str"
    ),
    ShapeCase(
        "number-of-union",
        "SELECT to_jsonb(u.n) FROM (SELECT 1.5 AS n UNION ALL"
        " SELECT 'NaN'::float8) AS u",
        "float | int | str",
    ),
    # Constants.
    ShapeCase(
        "constant",
        """SELECT '{"a": [1, 1.5, null, "x", true, {"b": {}}], "c": []}'::jsonb""",
        "{a: [bool | float | int | null | str | {b: {}}], c: []}",
    ),
    ShapeCase("constant-of-json", """SELECT '{"a": 1e5}'::json""", "{a: float | int}"),
    ShapeCase("constant-null", "SELECT 'null'::jsonb", "null"),
    ShapeCase("constant-scalar", "SELECT '-12.30'::jsonb", "float"),
    ShapeCase(
        "long-constant",
        f"""SELECT '["{"é" * 3000}", {"1" * 400}, {{"{"k" * 200}": 0.5}}]'::jsonb""",
        "[int | str | {" + "k" * 200 + ": float}]",
    ),
    ShapeCase(
        "constant-of-many",
        f"SELECT '[{', '.join('[1]' for _ in range(100))}, 1.5]'::jsonb",
        "[float | [int]]",
    ),
    ShapeCase("recast", "SELECT jsonb_build_array(id)::json::jsonb FROM book", "[int]"),
    ShapeCase("cast-of-text", "SELECT '[1]'::text::jsonb", "any"),
    ShapeCase("to-domain", "SELECT jsonb_build_array(1)::document", "[int]"),
    # Choices.
    ShapeCase(
        "coalesced-aggregate",
        "SELECT coalesce(jsonb_agg(id), '[]') FROM book",
        "[int]",
    ),
    ShapeCase(
        "coalesced-objects",
        "SELECT coalesce(jsonb_object_agg(id, title), '{}') FROM book",
        "{*: null | str}",
    ),
    ShapeCase(
        "coalesced-object",
        "SELECT coalesce((SELECT jsonb_build_object('a', id) FROM book LIMIT 1), '{}')",
        "{a?: int}",
    ),
    ShapeCase(
        "never-chosen",
        "SELECT coalesce(jsonb_build_array(id), body) FROM book",
        "[int]",
    ),
    ShapeCase(
        "case",
        "SELECT CASE WHEN title = 'x' THEN jsonb_build_object('a', id, 't', title)"
        " WHEN id = 3 THEN '[]' ELSE jsonb_build_object('b', id, 't', id) END"
        " FROM book",
        "[] | {a?: int, b?: int, t: int | str}",
    ),
    ShapeCase(
        "case-of-subject",
        "SELECT CASE title WHEN 'x' THEN to_jsonb(1) WHEN 'y' THEN to_jsonb('a'::text)"
        " END FROM book",
        "int | str",
    ),
    ShapeCase(
        "case-with-column",
        "SELECT CASE WHEN id = 1 THEN jsonb_build_array() ELSE body END FROM book",
        "any",
    ),
    ShapeCase(
        "null-if",
        "SELECT nullif(jsonb_build_array(title), '[null]') FROM book",
        "[null | str]",
    ),
    ShapeCase(
        "parameter",
        "SELECT coalesce($1::jsonb, '{}')",
        "any",
        ("[1]",),
    ),
    # Changes.
    ShapeCase(
        "concatenated",
        "SELECT jsonb_build_object('a', 1, 'b', 2) || jsonb_build_object('b', title)"
        " FROM book",
        "{a: int, b: null | str}",
    ),
    ShapeCase(
        "concatenated-with-some",
        "SELECT jsonb_build_object('a', id) || CASE WHEN title = 'x'"
        " THEN jsonb_build_object('a', title, 'b', 1) ELSE '{}' END FROM book",
        "{a: int | str, b?: int}",
    ),
    ShapeCase(
        "concatenated-arrays",
        "SELECT jsonb_build_array(1) || jsonb_build_array(title) FROM book",
        "[int | null | str]",
    ),
    ShapeCase(
        "concatenated-with-column",
        "SELECT jsonb_build_object('a', 1) || body FROM book",
        "any",
    ),
    ShapeCase(
        "concatenated-with-array",
        "SELECT jsonb_build_object('a', 1) || jsonb_build_array(1)",
        "any",
    ),
    ShapeCase(
        "stripped",
        "SELECT jsonb_strip_nulls(jsonb_build_object('a', id, 'b', title,"
        " 'c', jsonb_build_array(title, jsonb_build_object('d', title)))) FROM book",
        "{a: int, b?: str, c: [null | str | {d?: str}]}",
    ),
    ShapeCase(
        "stripped-row",
        "SELECT json_strip_nulls(row_to_json(author)) FROM author",
        "{born?: str, id: int, mood?: str, name: str}",
    ),
    ShapeCase("removed-key", "SELECT '{\"a\": 1}'::jsonb - 'a'", "any"),
    # From elsewhere.
    ShapeCase("stored", "SELECT body FROM book", "any"),
    ShapeCase(
        "stored-inside", "SELECT jsonb_build_object('b', body) FROM book", "{b: any}"
    ),
    ShapeCase("view", "SELECT card FROM shelf", "{books: int, name: str}"),
    ShapeCase(
        "subquery",
        "SELECT s.j FROM author LEFT JOIN LATERAL"
        " (SELECT jsonb_agg(book.id) AS j FROM book WHERE author_id = author.id) AS s"
        " ON true",
        "[int]",
    ),
    ShapeCase(
        "scalar-subquery",
        "SELECT jsonb_build_object('name', name, 'books', (SELECT"
        " coalesce(jsonb_agg(to_jsonb(book) ORDER BY id), '[]') FROM book"
        " WHERE author_id = author.id)) FROM author",
        "{books: [{" + _OWN_BOOK + "}], name: str}",
    ),
    ShapeCase(
        "missing-subquery",
        "SELECT jsonb_build_object('b', (SELECT to_jsonb(id) FROM book WHERE id = 9))",
        "{b: int | null}",
    ),
    ShapeCase(
        "union",
        "SELECT jsonb_build_array(id) FROM book UNION SELECT to_jsonb(name)"
        " FROM author",
        "str | [int]",
    ),
    ShapeCase(
        "recursive",
        "WITH RECURSIVE r AS (SELECT 1 AS n, jsonb_build_array(1) AS j UNION ALL"
        " SELECT n + 1, to_jsonb(n) FROM r WHERE n < 3) SELECT j FROM r",
        "any",
    ),
    ShapeCase(
        "values",
        "SELECT v.j FROM (VALUES (jsonb_build_array(1)), ('{\"a\": 2}')) AS v (j)",
        "[int] | {a: int}",
    ),
    ShapeCase(
        "function-in-from",
        "SELECT f.j FROM jsonb_build_object('a', 1) AS f (j)",
        "{a: int}",
    ),
    ShapeCase(
        "set-in-from",
        "SELECT e.j FROM jsonb_array_elements('[1]') AS e (j)",
        "any",
    ),
    ShapeCase(
        "grouped",
        "SELECT jsonb_build_object('t', title, 'n', count(*)) FROM book GROUP BY title",
        "{n: int, t: null | str}",
    ),
    ShapeCase(
        "grouping-sets",
        "SELECT jsonb_build_object('a', author_id, 'i', id) FROM book"
        " WHERE author_id IS NOT NULL GROUP BY GROUPING SETS ((author_id), (id))",
        "{a: int | null, i: int | null}",
    ),
    ShapeCase(
        "grouped-document",
        "SELECT g.j FROM (SELECT jsonb_build_array(title) AS j FROM book"
        " GROUP BY ROLLUP (jsonb_build_array(title))) AS g",
        "[null | str]",
    ),
    ShapeCase(
        "returned",
        "INSERT INTO author VALUES (9, 'x') RETURNING jsonb_build_object('id', id)",
        "{id: int}",
    ),
    ShapeCase(
        "changed-in-with",
        "WITH u AS (UPDATE book SET id = id RETURNING to_jsonb(title) AS j)"
        " SELECT jsonb_agg(j) FROM u",
        "[null | str]",
    ),
    ShapeCase(
        "array-of-documents",
        "SELECT array_agg(jsonb_build_object('a', id)) FROM book",
        "{a: int}",
    ),
    ShapeCase("array-of-ints", "SELECT array_agg(id) FROM book", "any"),
)
