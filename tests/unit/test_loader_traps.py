"""The traps of aiosql 15: what it makes of a text, and what the loader makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import aiosql
import pytest
from aiosql.adapters.pyformat import PyFormatAdapter
from aiosql.query_loader import QueryLoader

from datalayer import errors
from datalayer.codegen.reading.loader import (
    LoadResult,
    aiosql_disagreements,
    load_queries,
)
from datalayer.model import Operation, QuerySource

REPOSITORY = Path(__file__).parents[2]


def load(folder: Path, **files: str) -> LoadResult:
    queries = folder / "queries"
    queries.mkdir()
    for name, text in files.items():
        (queries / f"{name}.sql").write_text(text, encoding="utf-8")
    return load_queries(queries, root=folder)


def aiosql_loads(text: str) -> list[tuple[str, list[str]]]:
    """Return the names and the parameters that plain aiosql finds."""
    loader = QueryLoader(PyFormatAdapter(), None, attribute="__")  # type: ignore[no-untyped-call]
    return [
        (datum.query_name, list(datum.signature.parameters)[1:])
        for datum in loader.load_query_data_from_sql(text, [])
        if datum.signature is not None
    ]


def query(statement: str, parameters: str = "", operation: str = "") -> str:
    return f"-- name: q({parameters}){operation}\n{statement}\n"


# What PostgreSQL reads in one way works, whatever aiosql makes of it

WORKS = {
    "parameter in a trailing comment": ("SELECT :a -- not :x", "a"),
    "parameter in a comment inside": ("SELECT 1,\n-- :x\n:a", "a"),
    "parameter in a block comment": ("SELECT /* :x */ :a", "a"),
    "parameter in a nested comment": ("SELECT /* /* :x */ :y */ :a", "a"),
    "parameter in a dollar string": ("SELECT $$ :x $$, :a", "a"),
    "parameter in a tagged string": ("SELECT $t$ :x $$ :y $t$, :a", "a"),
    "parameter in an escape string": (r"SELECT E'\' :x', :a", "a"),
    "backslash ends a plain string": (r"SELECT '\', :a, '\'", "a"),
    "parameter in a quoted name": ('SELECT 1 AS ":x", :a', "a"),
    "parameter in a unicode string": ("SELECT U&' :x ', :a", "a"),
    "parameter in a bit string": ("SELECT B':x', :a", "a"),
    "apostrophe in a trailing comment": ("SELECT :a -- don't\n, :b -- it's", "a, b"),
    "quote in a trailing comment": ('SELECT :a -- 3" or\n, :b', "a, b"),
    "comment opened in a string": ("SELECT '/*', :a, '*/'", "a"),
    "comment opened in a dollar string": ("SELECT $$/*$$, :a, $$*/$$", "a"),
    "hint comment": ("/*+ SeqScan(t) */ SELECT :a", "a"),
    "cast": ("SELECT :a::text, b::int[]", "a"),
    "cast with spaces": ("SELECT :a :: text", "a"),
    "named argument": ("SELECT f(x := :a, y => :b)", "a, b"),
    "named argument without spaces": ("SELECT f(x:=:a)", "a"),
    "slice of numbers": ("SELECT v[1:2], :a FROM t", "a"),
    "slice from the start": ("SELECT v[:2], v[2:], v[:], :a FROM t", "a"),
    "slice of columns": ("SELECT v[lo : hi], v[lo: hi], :a FROM t", "a"),
    "slice of parameters": ("SELECT v[(:a):(:b)] FROM t", "a, b"),
    "slice after a colon": ("SELECT v[: :a] FROM t", "a"),
    "subscript with a sum": ("SELECT v[i + :a] FROM t", "a"),
    "subscript in a call": ("SELECT v[f(:a)] FROM t", "a"),
    "subscript cast": ("SELECT v[i::int], :a FROM t", "a"),
    "array constructor": ("SELECT ARRAY[:a, :b]", "a, b"),
    "nested array constructor": ("SELECT ARRAY [[:a], [:b]]", "a, b"),
    "json constructor": ("SELECT json_object('k': :a, :b: 1)", "a, b"),
    "json question marks": ("SELECT j ? :a, j ?| k, j ?& k, j @? '$.x' FROM t", "a"),
    "percent sign": ("SELECT :a WHERE n LIKE 'a%' AND 5 % 2 = 1", "a"),
    "percent placeholder": ("SELECT '%(x)s', '%s', :a", "a"),
    "keyword as a parameter": ("SELECT :from, :class", "from, class"),
    "keyword None as a parameter": ("SELECT :None", "None"),
    "parameter named self": ("SELECT :self", "self"),
    "parameter in capitals": ("SELECT :userId", "userId"),
    "the same parameter twice": ("SELECT :a, :a", "a"),
    "name column after an empty comment": ("SELECT --\nname::text, :a FROM t", "a"),
    "header in a string": ("SELECT '-- name: other()', :a", "a"),
    "header in a dollar string": ("SELECT $$ -- name: other() $$, :a", "a"),
    "header in a block comment": ("/*\n-- name: other()\n*/ SELECT :a", "a"),
    "field of a composite": ("SELECT (:a).x, :b.*", "a, b"),
    "number with a colon in a string": ("SELECT '12:30'::time, :a", "a"),
    "form feed": ("SELECT 1,\f:a -- x\f:y", "a"),
    "line separator in a comment": ("SELECT 1 -- a\u2028:y\u0085:z\n, :a", "a"),
    "semicolon in a string": ("SELECT ';', :a;", "a"),
    "words that touch strings": ("SELECT N'x', e'\\'', :a", "a"),
}


@pytest.mark.parametrize("trap", WORKS)
def test_parameters_are_those_of_postgresql(trap: str, tmp_path: Path) -> None:
    statement, parameters = WORKS[trap]

    result = load(tmp_path, q=query(statement, parameters))

    assert [str(problem) for problem in result.problems] == []
    (source,) = result.sources
    assert source.sql == statement.removesuffix(";")
    assert ", ".join(dict.fromkeys(p.name for p in source.placeholders)) == parameters
    for placeholder in source.placeholders:
        written = source.sql[placeholder.start : placeholder.end]
        assert written == f":{placeholder.name}"


REFUSED_BY_AIOSQL = [
    "parameter in a trailing comment",
    "parameter in a dollar string",
    "parameter in a tagged string",
    "parameter in an escape string",
    "apostrophe in a trailing comment",
    "comment opened in a dollar string",
    "keyword as a parameter",
    "keyword None as a parameter",
    "parameter named self",
    "name column after an empty comment",
    "header in a dollar string",
    "line separator in a comment",
]


@pytest.mark.parametrize("trap", REFUSED_BY_AIOSQL)
def test_plain_aiosql_falls_into_the_trap(trap: str) -> None:
    statement, parameters = WORKS[trap]

    try:
        found = aiosql_loads(query(statement, parameters))
    except (aiosql.SQLParseException, aiosql.SQLLoadException, ValueError):
        return  # refused
    assert found != [("q", parameters.split(", "))]


# What can be read in two ways, or in none, is refused where it stands

REFUSED: dict[str, tuple[str, type[errors.LocatedError], str, str]] = {
    "subscript or slice": (
        query("SELECT v[:i] FROM t", "i"),
        errors.AmbiguousPlaceholder,
        "2:10",
        "write `(:i)` for the element",
    ),
    "slice up to a column or a parameter": (
        query("SELECT v[1:i] FROM t", "i"),
        errors.AmbiguousPlaceholder,
        "2:11",
        "write `:(:i)` for the parameter, or `: i` for a column",
    ),
    "slice of two names": (
        query("SELECT v[lo:hi] FROM t", "hi"),
        errors.AmbiguousPlaceholder,
        "2:12",
        "write `:(:hi)`",
    ),
    "slice with an undeclared name": (
        query("SELECT v[lo:hi] FROM t"),
        errors.AmbiguousPlaceholder,
        "2:12",
        "write `:(:hi)`",
    ),
    "slice or cast": (
        query("SELECT v[1::n] FROM t", "n"),
        errors.AmbiguousPlaceholder,
        "2:11",
        "write `:(:n)`",
    ),
    "slice of a qualified column named array": (
        query("SELECT t.array[1:i] FROM t", "i"),
        errors.AmbiguousPlaceholder,
        "2:17",
        "write `:(:i)`",
    ),
    "three colons": (
        query("SELECT x:::a", "a"),
        errors.AmbiguousPlaceholder,
        "2:11",
        "with a space",
    ),
    "json key and value": (
        query("SELECT json_object('k':v)", "v"),
        errors.AmbiguousPlaceholder,
        "2:23",
        "write `: :v` for the parameter",
    ),
    "attribute of an argument": (
        query("SELECT :user.name", "user"),
        errors.AmbiguousPlaceholder,
        "2:8",
        "write `(:user).name` for the field",
    ),
    "parameter that touches a word": (
        query("SELECT 1 LIMIT:n", "n"),
        errors.QuerySyntaxError,
        "2:15",
        "write ` :n` with a space",
    ),
    "parameter that touches a parameter": (
        query("SELECT :a:b", "a, b"),
        errors.QuerySyntaxError,
        "2:10",
        "write ` :b` with a space",
    ),
    "parameter that begins with a digit": (
        query("SELECT :1st"),
        errors.ParameterNameError,
        "2:8",
        "begins with a letter",
    ),
    "number as a parameter": (
        query("SELECT :1"),
        errors.ParameterNameError,
        "2:8",
        "begins with a letter",
    ),
    "parameter with an accent": (
        query("SELECT :é"),
        errors.ParameterNameError,
        "2:8",
        "rename it",
    ),
    "parameter with a dollar sign": (
        query("SELECT :a$b", "a"),
        errors.ParameterNameError,
        "2:8",
        "rename it",
    ),
    "variable in quotes": (
        query("SELECT :'a'", "a"),
        errors.QuerySyntaxError,
        "2:8",
        "a parameter is never quoted",
    ),
    "variable as a name": (
        query('SELECT :"a"', "a"),
        errors.QuerySyntaxError,
        "2:8",
        "a parameter is never quoted",
    ),
    "colon alone": (
        query("SELECT : a", "a"),
        errors.QuerySyntaxError,
        "2:8",
        "directly after it",
    ),
    "numbered parameter": (
        query("SELECT $1"),
        errors.QuerySyntaxError,
        "2:8",
        "declare it in the header",
    ),
    "undeclared parameter": (
        query("SELECT :a, :b", "a"),
        errors.UndeclaredParameter,
        "2:12",
        "write `-- name: q(a, b)`",
    ),
    "misspelt parameter": (
        query("SELECT :usr_id", "user_id"),
        errors.UndeclaredParameter,
        "2:8",
        "did you mean `:user_id`?",
    ),
    "unused parameter": (
        query("SELECT :a", "a, b"),
        errors.UnusedParameter,
        "1:15",
        "write `:b` in the statement, or remove it",
    ),
    "parameter only in a comment": (
        query("SELECT 1 -- :a", "a"),
        errors.UnusedParameter,
        "1:12",
        "`:a` in a comment is not a parameter",
    ),
    "parameter only in a string": (
        query("SELECT ':a'", "a"),
        errors.UnusedParameter,
        "1:12",
        "`:a` in a string is not a parameter",
    ),
    "text before the first header": (
        "SELECT 1;\n" + query("SELECT 1"),
        errors.TextOutsideQuery,
        "1:1",
        "write `-- name:",
    ),
    "file without a header": (
        "-- A comment.\nSELECT 1;\n",
        errors.TextOutsideQuery,
        "2:1",
        "write `-- name:",
    ),
    "header behind a statement": (
        "-- name: q()\nSELECT 1; -- name: r()\n",
        errors.QueryHeaderError,
        "2:11",
        "on a line of its own",
    ),
    "header behind a comment": (
        "-- name: q()\n-- See -- name: r()\nSELECT 1;\n",
        errors.QueryHeaderError,
        "2:8",
        "on a line of its own",
    ),
    "header behind a block comment": (
        "/* x */ -- name: q()\nSELECT 1;\n",
        errors.QueryHeaderError,
        "1:9",
        "on a line of its own",
    ),
    "header in capitals": (
        query("SELECT 1;\n-- NAME: r()\n"),
        errors.QueryHeaderError,
        "3:1",
        "in lower case and with a colon",
    ),
    "header without a colon": (
        query("SELECT 1;\n-- name r()\n"),
        errors.QueryHeaderError,
        "3:1",
        "in lower case and with a colon",
    ),
    "several statements": (
        query("SELECT 1; SELECT 2"),
        errors.SeveralStatementsError,
        "2:11",
        "end the name with `#` for a script",
    ),
    "semicolon first": (
        query("; SELECT 1"),
        errors.QuerySyntaxError,
        "2:1",
        "remove it",
    ),
    "only a comment": (
        query("/* nothing */"),
        errors.EmptyQueryError,
        "1:10",
        "write one below the header",
    ),
    "only a semicolon": (
        query(";"),
        errors.EmptyQueryError,
        "1:10",
        "write one below the header",
    ),
    "nothing": (
        "-- name: q()",
        errors.EmptyQueryError,
        "1:10",
        "write one below the header",
    ),
    "string that never ends": (
        query("SELECT 'a"),
        errors.QuerySyntaxError,
        "2:8",
        "close it",
    ),
    "string that swallows a header": (
        query("SELECT 'a") + "-- name: r()\nSELECT 'b'\n",
        errors.QuerySyntaxError,
        "2:8",
        "close it before the header",
    ),
    "comment that never ends": (
        query("SELECT 1 /* a"),
        errors.QuerySyntaxError,
        "2:10",
        "close it",
    ),
    "script with a parameter": (
        query("DELETE FROM t WHERE a = :a;", "", "#"),
        errors.UndeclaredParameter,
        "2:25",
        "a query of its own",
    ),
    "statement that begins with a parameter": (
        query(":a", "a"),
        errors.AiosqlDisagreement,
        "1:1",
        "more plainly",
    ),
}


@pytest.mark.parametrize("trap", REFUSED)
def test_trap_is_refused_where_it_stands(trap: str, tmp_path: Path) -> None:
    text, kind, place, help = REFUSED[trap]

    result = load(tmp_path, q=text)

    assert [type(problem) for problem in result.problems] == [kind]
    (problem,) = result.problems
    assert str(problem.location) == f"queries/q.sql:{place}"
    assert help in (problem.help or "")
    if place != "1:1":
        assert "^" in problem.excerpt


def test_query_after_an_open_string_is_loaded(tmp_path: Path) -> None:
    text = query("SELECT 'a") + "-- name: r()\nSELECT 'b'\n"

    result = load(tmp_path, q=text)

    assert [source.name for source in result.sources] == ["r"]
    assert "contains the header of line 3" in result.problems[0].message


def test_comment_inside_a_statement_stays_there(tmp_path: Path) -> None:
    statement = "SELECT\n    a,\n    -- the newest\n    b\nFROM t"
    text = f"-- name: q()\n-- Return it.\n{statement};\n"

    (source,) = load(tmp_path, q=text).sources

    assert source.documentation == "Return it."
    assert source.sql == statement


def test_comment_behind_the_semicolon_is_of_no_query(tmp_path: Path) -> None:
    text = query("SELECT 1; -- done\n\n-- Writes\n/* :x */") + "-- name: r()\nSELECT 2"

    result = load(tmp_path, q=text)

    assert [source.sql for source in result.sources] == ["SELECT 1", "SELECT 2"]


def test_comment_before_the_semicolon_is_kept(tmp_path: Path) -> None:
    (source,) = load(tmp_path, q=query("SELECT 1 -- one\n;")).sources

    assert source.sql == "SELECT 1 -- one"


def test_comment_of_the_last_line_is_kept_without_a_semicolon(tmp_path: Path) -> None:
    (source,) = load(
        tmp_path, q=query("SELECT 1 /* one */ -- end\n\n-- banner")
    ).sources

    assert source.sql == "SELECT 1 /* one */ -- end"


def test_lines_are_right_below_a_block_comment(tmp_path: Path) -> None:
    text = "/*\n a\n banner\n*/\n" + query("\n\n  SELECT :a", "a")

    (source,) = load(tmp_path, q=text).sources

    assert str(source.location) == "queries/q.sql:5:1"
    assert str(source.sql_location) == "queries/q.sql:8:1"
    assert source.sql == "  SELECT :a"


def test_percent_sign_is_kept_as_written(tmp_path: Path) -> None:
    (source,) = load(tmp_path, q=query("SELECT n LIKE 'a%'")).sources

    assert source.sql == "SELECT n LIKE 'a%'"


def test_byte_order_mark_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    text = query("SELECT\n    :a", "a") + query("SELECT 2").replace("q", "r")
    (tmp_path / "queries").mkdir()
    marked = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    (tmp_path / "queries" / "q.sql").write_bytes(marked)

    result = load_queries(tmp_path / "queries", root=tmp_path)

    assert result.problems == ()
    assert [source.sql for source in result.sources] == ["SELECT\n    :a", "SELECT 2"]
    assert [source.location.line for source in result.sources] == [1, 4]


def test_script_keeps_everything(tmp_path: Path) -> None:
    script = "-- first\nCREATE TABLE a ();\nCREATE TABLE b (); -- last\n-- end"

    (source,) = load(tmp_path, q=f"-- name: q#\n-- Make.\n\n{script}\n\n").sources

    assert source.sql == script
    assert source.documentation == "Make."


def test_semicolons_of_a_function_body_end_no_statement(tmp_path: Path) -> None:
    statement = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END"

    (source,) = load(tmp_path, q=query(f"{statement};", operation="!")).sources

    assert source.sql == statement


# Names that meet


def test_same_name_in_two_files_names_both_places(tmp_path: Path) -> None:
    result = load(tmp_path, b=query("SELECT 1"), a=query("SELECT 2"))

    (problem,) = result.problems
    assert isinstance(problem, errors.DuplicateQueryError)
    assert str(problem.location) == "queries/b.sql:1:10"
    assert "queries/a.sql:1:1" in problem.message


def test_names_that_differ_in_a_dash_are_the_same(tmp_path: Path) -> None:
    text = "-- name: get-it()\nSELECT 1;\n-- name: get_it()\nSELECT 2;\n"

    (problem,) = load(tmp_path, q=text).problems

    assert isinstance(problem, errors.DuplicateQueryError)
    assert str(problem.location) == "queries/q.sql:3:10"


def test_same_name_in_two_folders_is_two_queries(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "queries" / folder).mkdir(parents=True)
        (tmp_path / "queries" / folder / "x.sql").write_text(query("SELECT 1"))

    result = load_queries(tmp_path / "queries", root=tmp_path)

    assert result.problems == ()
    assert [source.qualified_name for source in result.sources] == ["a.q", "b.q"]


def test_query_named_like_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "queries" / "q").mkdir(parents=True)
    (tmp_path / "queries" / "q" / "x.sql").write_text("-- name: r()\nSELECT 1")
    (tmp_path / "queries" / "y.sql").write_text(query("SELECT 1"))

    (problem,) = load_queries(tmp_path / "queries", root=tmp_path).problems

    assert isinstance(problem, errors.DuplicateQueryError)
    assert "also a folder" in problem.message


def test_name_of_a_cursor_is_taken(tmp_path: Path) -> None:
    text = query("SELECT 1") + "-- name: q_cursor()\nSELECT 1;\n"

    (problem,) = load(tmp_path, q=text).problems

    assert isinstance(problem, errors.DuplicateQueryError)
    assert "cursor of `q`" in problem.message
    with pytest.raises(aiosql.SQLLoadException):
        aiosql.from_str(text, "psycopg")


def test_name_of_a_cursor_is_free_beside_a_single_row(tmp_path: Path) -> None:
    text = query("SELECT 1", operation="^") + "-- name: q_cursor()\nSELECT 1;\n"

    assert load(tmp_path, q=text).problems == ()


def test_name_of_aiosql_is_taken(tmp_path: Path) -> None:
    text = "-- name: add_query()\nSELECT 1;\n"

    (problem,) = load(tmp_path, q=text).problems

    assert isinstance(problem, errors.DuplicateQueryError)
    with pytest.raises(aiosql.SQLLoadException):
        aiosql.from_str(text, "psycopg")


# What aiosql says is compared with what was read

FILE = """\
-- name: get_it(a)^
-- record_class: Thing
SELECT :a;

-- name: list_them()
-- record_class: Thing
SELECT 1;
"""

LIES: dict[str, Callable[[QuerySource], QuerySource]] = {
    "name": lambda source: replace(source, name="another"),
    "folder": lambda source: replace(source, module=("folder", *source.module)),
    "operation": lambda source: replace(source, operation=Operation.MANY),
    "parameters": lambda source: replace(source, parameters=("b",)),
    "placeholders": lambda source: replace(source, placeholders=()),
    "row class": lambda source: replace(source, record_class="Other"),
}


def test_aiosql_agrees_about_a_file(tmp_path: Path) -> None:
    sources = load(tmp_path, q=FILE).sources

    assert list(aiosql_disagreements(sources)) == []


@pytest.mark.parametrize("lie", LIES)
def test_aiosql_contradicts_a_wrong_reading(lie: str, tmp_path: Path) -> None:
    first, second = load(tmp_path, q=FILE).sources

    (problem,) = aiosql_disagreements([LIES[lie](first), second])

    assert problem.location == first.location
    assert "aiosql" in problem.message


def test_aiosql_contradicts_a_wrong_line(tmp_path: Path) -> None:
    first, second = load(tmp_path, q=FILE).sources
    moved = replace(first.location, line=2)

    problems = list(aiosql_disagreements([replace(first, location=moved), second]))

    assert problems


# The repository's own queries


def test_plain_aiosql_loads_the_queries_of_the_repository() -> None:
    folder = REPOSITORY / "queries"

    loaded = aiosql.from_path(folder, driver_adapter="psycopg")
    result = load_queries(folder, root=REPOSITORY)

    assert result.problems == ()
    assert result.sources
    names = {source.qualified_name for source in result.sources}
    of_aiosql = {name.removesuffix("_cursor") for name in loaded.available_queries}
    assert of_aiosql == names
