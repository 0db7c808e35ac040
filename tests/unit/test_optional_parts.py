"""What `-- @optional` stands behind, in statements of every kind."""

from __future__ import annotations

import re

import pytest

from datalayer import errors
from datalayer.codegen.numbering import numbered
from datalayer.codegen.pieces import ALL_COMBINATIONS, variants_of
from datalayer.codegen.reading.query_files import FileQueries, read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.model import QuerySource, Variant


def read(sql: str, operation: str = "") -> FileQueries:
    names = ", ".join(dict.fromkeys(re.findall(r"(?<!:):(\w+)", sql)))
    text = f"-- name: q({names}){operation}\n{sql}\n"
    return read_query_file(SourceText("q.sql", text), ("q",))


def read_one(sql: str) -> QuerySource:
    found = read(sql)
    assert [str(problem) for problem in found.problems] == []
    return found.queries[0]


def without(sql: str, *names: str) -> str:
    """Return what is sent when some arguments are not given, on one line."""
    source = read_one(sql)
    given = frozenset(source.parameters) - set(names)
    return " ".join(numbered(source, Variant(given)).sql.split())


#: A statement, and the same without `x`.
LEFT_OUT = {
    "between": (
        "SELECT 1 FROM t WHERE a BETWEEN 1 AND :x -- @optional\n AND b",
        "SELECT 1 FROM t WHERE TRUE AND b",
    ),
    "behind between": (
        "SELECT 1 FROM t WHERE a BETWEEN SYMMETRIC 1 AND 2 AND c = :x -- @optional",
        "SELECT 1 FROM t WHERE a BETWEEN SYMMETRIC 1 AND 2",
    ),
    "case": (
        "SELECT 1 FROM t WHERE b AND CASE WHEN a AND c THEN :x END -- @optional",
        "SELECT 1 FROM t WHERE b",
    ),
    "column named like a keyword": (
        "SELECT 1 FROM t WHERE t.end AND t.from = 1 AND set = :x -- @optional",
        "SELECT 1 FROM t WHERE t.end AND t.from = 1",
    ),
    "column set": (
        "SELECT 1 FROM t WHERE set = 1 AND a = :x -- @optional",
        "SELECT 1 FROM t WHERE set = 1",
    ),
    "comma join": (
        "SELECT 1 FROM t JOIN u ON u.a = :x -- @optional\n, v",
        "SELECT 1 FROM t JOIN u ON TRUE , v",
    ),
    "comment of its own": (
        "SELECT 1 FROM t WHERE a -- why\n AND b = :x -- @optional\n -- and\n AND c",
        "SELECT 1 FROM t WHERE a -- why -- and AND c",
    ),
    "common table expression": (
        "WITH c AS (SELECT a FROM t WHERE b = :x -- @optional\n) SELECT a FROM c",
        "WITH c AS (SELECT a FROM t WHERE TRUE ) SELECT a FROM c",
    ),
    "conflict": (
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1, b = :x"
        " -- @optional\n WHERE t.b",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE t.b",
    ),
    "condition of a conflict": (
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE t.b = :x"
        " -- @optional",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1 WHERE TRUE",
    ),
    "cross join lateral": (
        "SELECT 1 FROM t CROSS JOIN LATERAL (SELECT b FROM u WHERE u.a = t.a) AS v"
        " -- @optional for x\n WHERE v.b = :x -- @optional",
        "SELECT 1 FROM t WHERE TRUE",
    ),
    "delete using": (
        "DELETE FROM t USING u WHERE t.a = u.a AND u.b = :x -- @optional",
        "DELETE FROM t USING u WHERE t.a = u.a",
    ),
    "distinct from": (
        "SELECT 1 FROM t WHERE a IS DISTINCT FROM b AND c IS NOT DISTINCT FROM :x"
        " -- @optional",
        "SELECT 1 FROM t WHERE a IS DISTINCT FROM b",
    ),
    "distinct on": (
        "SELECT DISTINCT ON (a) a FROM t WHERE a = :x -- @optional\n ORDER BY a",
        "SELECT DISTINCT ON (a) a FROM t WHERE TRUE ORDER BY a",
    ),
    "exists": (
        "SELECT 1 FROM t WHERE EXISTS (SELECT FROM u WHERE u.a AND u.b = :x)"
        " -- @optional",
        "SELECT 1 FROM t WHERE TRUE",
    ),
    "filter": (
        "SELECT count(*) FILTER (WHERE a AND b = :x -- @optional\n) FROM t",
        "SELECT count(*) FILTER (WHERE a ) FROM t",
    ),
    "function with FROM": (
        "SELECT 1 FROM t WHERE a AND extract(year FROM b) = :x -- @optional",
        "SELECT 1 FROM t WHERE a",
    ),
    "function named like a join": (
        "SELECT 1 FROM t WHERE left(a, 1) = :x -- @optional\n AND right(a, 1) = 'b'",
        "SELECT 1 FROM t WHERE TRUE AND right(a, 1) = 'b'",
    ),
    "having": (
        "SELECT a FROM t GROUP BY a HAVING b AND a > :x -- @optional\n ORDER BY a",
        "SELECT a FROM t GROUP BY a HAVING b ORDER BY a",
    ),
    "in a subquery": (
        "SELECT 1 FROM t WHERE a AND b IN (SELECT c FROM u WHERE d AND e = :x"
        " -- @optional\n)",
        "SELECT 1 FROM t WHERE a AND b IN (SELECT c FROM u WHERE d )",
    ),
    "join": (
        "SELECT 1 FROM t LEFT OUTER JOIN u ON u.a = t.a -- @optional for x\n"
        " JOIN v ON v.a = t.a AND v.b = :x -- @optional",
        "SELECT 1 FROM t JOIN v ON v.a = t.a",
    ),
    "join by name": (
        "SELECT 1 FROM t JOIN u USING (a) -- @optional for x\n"
        " WHERE u.b = :x -- @optional",
        "SELECT 1 FROM t WHERE TRUE",
    ),
    "join of joined": (
        "SELECT 1 FROM t JOIN (u JOIN v USING (b)) ON u.a = t.a -- @optional for x\n"
        " WHERE v.c = :x -- @optional",
        "SELECT 1 FROM t WHERE TRUE",
    ),
    "join with the parameter": (
        "SELECT 1 FROM t NATURAL LEFT JOIN LATERAL f(t.a, :x) AS u"
        " -- @optional for x\n ORDER BY 1",
        "SELECT 1 FROM t ORDER BY 1",
    ),
    "merge": (
        "MERGE INTO t USING u ON t.a = u.a AND u.b = :x -- @optional\n"
        " WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
    ),
    "merge when": (
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1"
        " WHEN NOT MATCHED BY SOURCE AND b = :x -- @optional\n THEN DELETE",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1"
        " WHEN NOT MATCHED BY SOURCE THEN DELETE",
    ),
    "merge set": (
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1, b = :x"
        " -- @optional\n WHEN NOT MATCHED THEN DO NOTHING",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET a = 1"
        " WHEN NOT MATCHED THEN DO NOTHING",
    ),
    "not": (
        "SELECT 1 FROM t WHERE a AND NOT (b = :x OR c) -- @optional",
        "SELECT 1 FROM t WHERE a",
    ),
    "or in parentheses": (
        "SELECT 1 FROM t WHERE (a OR b = :x) -- @optional\n AND c",
        "SELECT 1 FROM t WHERE TRUE AND c",
    ),
    "semicolon": (
        "SELECT 1 FROM t WHERE a AND b = :x; -- @optional",
        "SELECT 1 FROM t WHERE a",
    ),
    "set distinct": (
        "UPDATE t SET a = b IS DISTINCT FROM c, d = :x, -- @optional\n e = 1",
        "UPDATE t SET a = b IS DISTINCT FROM c, e = 1",
    ),
    "set first": (
        "UPDATE t SET a = :x, -- @optional\n b = 1 WHERE c",
        "UPDATE t SET b = 1 WHERE c",
    ),
    "set from": (
        "UPDATE t AS z SET a = 1, b = :x -- @optional\n FROM u WHERE z.a = u.a",
        "UPDATE t AS z SET a = 1 FROM u WHERE z.a = u.a",
    ),
    "set last": (
        "UPDATE t SET a = 1, b = CASE WHEN :x THEN 1 ELSE 2 END -- @optional\n"
        " RETURNING a",
        "UPDATE t SET a = 1 RETURNING a",
    ),
    "set leading comma": (
        "UPDATE t SET a = 1\n , b = :x -- @optional\n , c = 1",
        "UPDATE t SET a = 1 , c = 1",
    ),
    "set several": (
        "UPDATE t SET (a, b) = (1, :x), -- @optional\n c[1] = ARRAY[1, 2]",
        "UPDATE t SET c[1] = ARRAY[1, 2]",
    ),
    "sets of rows": (
        "SELECT 1 FROM t WHERE a = :x -- @optional\n"
        " UNION ALL SELECT 1 FROM u WHERE b AND c = :x -- @optional",
        "SELECT 1 FROM t WHERE TRUE UNION ALL SELECT 1 FROM u WHERE b",
    ),
    "subscript": (
        "SELECT 1 FROM t WHERE a[1] AND b[(:x)] = ARRAY[1, 2] -- @optional",
        "SELECT 1 FROM t WHERE a[1]",
    ),
    "window": (
        "SELECT sum(a) OVER w FROM t WHERE b = :x -- @optional\n WINDOW w AS ()",
        "SELECT sum(a) OVER w FROM t WHERE TRUE WINDOW w AS ()",
    ),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_part_is_left_out(what: str) -> None:
    written, expected = LEFT_OUT[what]

    assert without(written, "x") == expected


@pytest.mark.parametrize("what", LEFT_OUT)
def test_whole_statement_is_there_when_all_is_given(what: str) -> None:
    written, _ = LEFT_OUT[what]

    plain = re.sub(r"-- @optional.*", "", written).replace(":x", "$1")
    assert without(written) == " ".join(plain.rstrip("; ").split())


def test_parameter_named_like_a_keyword_begins_no_clause() -> None:
    sql = "SELECT 1 FROM t WHERE a > :from AND b = :end -- @optional\n AND :case"

    assert without(sql, "end") == "SELECT 1 FROM t WHERE a > $1 AND $2"


def test_commas_stand_only_between_what_is_there() -> None:
    sql = (
        "UPDATE t SET a = :a, -- @optional\n b = :b, -- @optional\n c = :c -- @optional"
    )

    found = {
        " ".join(numbered(read_one(sql), variant).sql.split())
        for variant in variants_of(read_one(sql))
    }

    assert found == {
        "UPDATE t SET a = $1, b = $2, c = $3",
        "UPDATE t SET a = $1, b = $2",
        "UPDATE t SET a = $1, c = $2",
        "UPDATE t SET b = $1, c = $2",
        "UPDATE t SET a = $1",
        "UPDATE t SET b = $1",
        "UPDATE t SET c = $1",
    }


def given(sql: str) -> set[str]:
    return {"".join(sorted(each.given)) for each in variants_of(read_one(sql))}


def test_parameters_that_a_part_needs_together_vary_together() -> None:
    sql = (
        "SELECT 1 FROM t WHERE a BETWEEN :l AND :h -- @optional\n"
        " AND c = :c -- @optional"
    )

    assert given(sql) == {"", "c", "hl", "chl"}


def test_part_of_what_another_needs_varies_alone() -> None:
    sql = "SELECT 1 FROM t WHERE a = :x -- @optional\n AND b = :x + :y -- @optional"

    assert given(sql) == {"", "x", "xy"}


def test_overlapping_parts_vary_as_they_can_be_given() -> None:
    sql = (
        "SELECT 1 FROM t WHERE a = :x + :y -- @optional\n AND b = :y + :z -- @optional"
    )

    assert given(sql) == {"", "xy", "yz", "xyz"}


@pytest.mark.parametrize("count", [1, 6])
def test_all_combinations_of_few_are_analysed(count: int) -> None:
    found = [each.given for each in variants_of(read_one(_conditions(count)))]

    assert len(set(found)) == len(found) == 2**count <= ALL_COMBINATIONS


def test_each_pair_of_many_is_analysed() -> None:
    found = {each.given for each in variants_of(read_one(_conditions(8)))}

    names = [f"p{number}" for number in range(8)]
    pairs = {frozenset((a, b)) for a in names for b in names}
    assert found == {frozenset(), frozenset(names), *pairs}


def _conditions(count: int) -> str:
    terms = "\n AND ".join(f"c{n} = :p{n} -- @optional" for n in range(count))
    return f"SELECT 1 FROM t WHERE {terms}"


#: A statement in which the mark is wrong, and a part of what is said.
REFUSED = {
    "above": ("SELECT 1 FROM t WHERE\n -- @optional\n a = :x", "line of its own"),
    "alternative": ("SELECT 1 FROM t WHERE a OR b = :x -- @optional", "OR joins"),
    "before an alternative": (
        "SELECT 1 FROM t WHERE b = :x -- @optional\n OR a",
        "goes on behind `@optional`, with `OR`",
    ),
    "before the condition": (
        "SELECT 1 FROM t WHERE a AND -- @optional\n b = :x",
        "goes on behind",
    ),
    "case": (
        "SELECT 1 FROM t WHERE CASE WHEN :x -- @optional\n THEN a END",
        "not behind a condition",
    ),
    "distinct on": ("SELECT DISTINCT ON (a) :x -- @optional", "not behind a condition"),
    "join goes on": (
        "SELECT 1 FROM t JOIN u ON u.a = t.a -- @optional for x\n AND u.b = :x",
        "the join goes on",
    ),
    "join with more": (
        "SELECT 1 FROM t JOIN u USING (a), v -- @optional for x\n WHERE :x",
        "the join ends before `,`",
    ),
    "join with order": (
        "SELECT 1 FROM t JOIN u USING (a) LIMIT :x -- @optional for x",
        "not behind a join",
    ),
    "limit": ("SELECT 1 FROM t WHERE a LIMIT :x -- @optional", "not behind"),
    "lock": (
        "SELECT 1 FROM t WHERE a = :x FOR UPDATE -- @optional",
        "ends before `FOR`",
    ),
    "nothing": (
        "SELECT 1 FROM t WHERE a = 1 AND :x AND b -- @optional",
        "no parameter",
    ),
    "parentheses": ("SELECT 1 FROM t WHERE (a = :x -- @optional\n)", "in parentheses"),
    "select in parentheses": (
        "SELECT 1 FROM t WHERE a IN (SELECT :x -- @optional\n)",
        "not behind a condition",
    ),
    "returning": ("UPDATE t SET a = :x RETURNING a -- @optional", "before `RETURNING`"),
    "select list": ("SELECT a = :x -- @optional\n FROM t", "not behind"),
    "set goes on": ("UPDATE t SET a = -- @optional\n :x", "the assignment goes on"),
    "when": (
        "MERGE INTO t USING u ON a = :x WHEN MATCHED THEN DELETE -- @optional",
        "ends before `THEN`",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_wrong_mark_is_told_where_it_is_wrong(what: str) -> None:
    sql, text = REFUSED[what]

    problem = read(sql).problems[0]

    assert isinstance(problem, errors.DirectiveError)
    assert text in f"{problem.message}"
    assert problem.help
    assert "^" in problem.excerpt


@pytest.mark.parametrize(
    "comment",
    [
        "-- @optinal",
        "-- @Optional",
        "-- @optional_",
        "-- @ptional for x",
        "-- optional",
        "-- Optional for x",
        "-- the title -- @optional",
        "/* @optional */",
    ],
)
def test_comment_that_is_nearly_a_mark_is_refused(comment: str) -> None:
    (problem,) = read(f"SELECT 1 FROM t WHERE a = :x {comment}").problems

    assert "@optional" in problem.message


@pytest.mark.parametrize(
    "comment",
    ["-- an optional title", "-- optional: the title", "-- @todo", "/* optional */"],
)
def test_other_comments_stay_as_they_are(comment: str) -> None:
    sql = f"SELECT 1 FROM t WHERE a = :x {comment}"

    assert comment in f"{read_one(sql).file_text}"


@pytest.mark.parametrize("operation", ["*!", "#"])
def test_what_is_sent_as_it_is_has_no_options(operation: str) -> None:
    (problem,) = read("DELETE FROM t WHERE a -- @optional", operation).problems[:1]

    assert f"ends in `{operation}`" in problem.message
