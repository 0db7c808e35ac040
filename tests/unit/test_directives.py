"""The `-- @` lines of a header."""

from __future__ import annotations

import pytest

from datalayer import errors
from datalayer.codegen.reading.query_files import FileQueries, read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.location import Location
from datalayer.model import (
    Allowance,
    ColumnDirective,
    Literal,
    ParameterDirective,
    QuerySource,
    TypeDirective,
)


def read(*lines: str, operation: str = "") -> FileQueries:
    header = "".join(f"{line}\n" for line in lines)
    text = f"-- name: q(a, row_limit){operation}\n{header}SELECT :a, :row_limit\n"
    return read_query_file(SourceText("q.sql", text), ("q",))


def read_one(*lines: str) -> QuerySource:
    found = read(*lines)
    assert [str(problem) for problem in found.problems] == []
    return found.queries[0]


DEFAULTS: dict[str, Literal] = {
    "100": 100,
    "-1": -1,
    "+1": 1,
    "1.5": 1.5,
    "-.5e1": -5.0,
    "'it''s'": "it's",
    "''": "",
    "'a b = c'": "a b = c",
    "TRUE": True,
    "false": False,
    "NULL": None,
}


@pytest.mark.parametrize("written", DEFAULTS)
def test_default_is_a_literal_of_sql(written: str) -> None:
    source = read_one(f"-- @param a = {written}")

    (directive,) = source.parameter_directives
    assert directive.has_default
    assert directive.default == DEFAULTS[written]
    assert type(directive.default) is type(DEFAULTS[written])
    assert directive.nullable is None


@pytest.mark.parametrize(
    ("text", "nullable", "elements"),
    [
        ("a null", True, None),
        ("a NOT NULL", False, None),
        ("a[] null", None, True),
        ("a[] not null", None, False),
        ("a [] not  null", None, False),
    ],
)
def test_parameter_may_or_may_not_be_null(
    text: str, nullable: bool | None, elements: bool | None
) -> None:
    source = read_one(f"-- @param {text}")

    assert source.parameter_directives == (
        ParameterDirective(
            "a",
            Location("q.sql", 2, 11),
            nullable=nullable,
            elements_nullable=elements,
        ),
    )


def test_column_may_or_may_not_be_null() -> None:
    source = read_one(
        "--@column x null", "-- @column tags[] not null", '-- @column "a ""b" null'
    )

    assert source.column_directives == (
        ColumnDirective("x", Location("q.sql", 2, 11), nullable=True),
        ColumnDirective("tags", Location("q.sql", 3, 12), elements_nullable=False),
        ColumnDirective('a "b', Location("q.sql", 4, 12), nullable=True),
    )


def test_type_of_a_column() -> None:
    source = read_one("-- @type document app.documents.Document")

    assert source.type_directives == (
        TypeDirective("document", "app.documents.Document", Location("q.sql", 2, 10)),
    )


def test_type_of_the_elements_of_an_array() -> None:
    source = read_one("-- @type entries[] app.Entry validated")

    assert source.type_directives == (
        TypeDirective(
            "entries", "app.Entry", Location("q.sql", 2, 10), True, validated=True
        ),
    )


def test_lines_about_one_name_are_one_directive() -> None:
    source = read_one(
        "-- @param a = NULL",
        "-- @param row_limit = 10",
        "-- @param a null",
        "-- @param a[] not null",
        "-- @column x not null",
        "-- @column x[] null",
    )

    assert source.parameter_directives == (
        ParameterDirective(
            "a",
            Location("q.sql", 2, 11),
            has_default=True,
            default=None,
            nullable=True,
            elements_nullable=False,
        ),
        ParameterDirective(
            "row_limit", Location("q.sql", 3, 11), has_default=True, default=10
        ),
    )
    assert source.column_directives == (
        ColumnDirective(
            "x", Location("q.sql", 6, 12), nullable=False, elements_nullable=True
        ),
    )


def test_directives_are_no_documentation() -> None:
    source = read_one("-- Return it.", "-- @param a null", "-- Really.")

    assert source.documentation == "Return it.\nReally."


def test_allowance_has_a_rule_and_a_reason() -> None:
    source = read_one("-- @allow not-understood: SHOW has one column: its value")

    assert source.allowances == (
        Allowance(
            "not-understood",
            "SHOW has one column: its value",
            Location("q.sql", 2, 11),
        ),
    )


FAULTS = {
    "unknown": (("-- @frobnicate a",), "2:1", "the directives are `@allow`"),
    "misspelt": (("-- @parm a null",), "2:1", "did you mean `@param`?"),
    "capitals": (("-- @Column a null",), "2:1", "did you mean `@column`?"),
    "no word": (("-- @",), "2:1", "the directives are"),
    "no name": (("-- @param",), "2:10", "`@param` names nothing"),
    "unknown parameter": (("-- @param b null",), "2:11", "the parameters are `a`"),
    "misspelt parameter": (
        ("-- @param row_limt = 1",),
        "2:11",
        "did you mean `row_limit`?",
    ),
    "parameter in quotes": (('-- @param "a" null',), "2:11", "no parameter"),
    "name of a column": (("-- @column 1x null",), "2:12", "`1x` is not a name"),
    "nothing said": (("-- @param a",), "2:12", "`null` or `not null` is missing"),
    "half said": (("-- @column x not",), "2:17", "`null` or `not null` is missing"),
    "something else said": (("-- @column x maybe",), "2:14", "`maybe` where `null`"),
    "too much said": (("-- @column x null null",), "2:19", "`null` after"),
    "default of a column": (("-- @column x = 1",), "2:14", "`=` where `null`"),
    "default of elements": (("-- @param a[] = 1",), "2:15", "has no default"),
    "no default": (("-- @param a =",), "2:14", "no default after `=`"),
    "default in words": (("-- @param a = now()",), "2:15", "`now()` is not a default"),
    "default in double quotes": (('-- @param a = "x"',), "2:15", "is not a default"),
    "default too large": (("-- @param a = 1e999",), "2:15", "is not a default"),
    "default that never ends": (("-- @param a = 'x",), "2:16", "`x` after"),
    "two defaults in a line": (("-- @param a = 1 2",), "2:17", "`2` after"),
    "default and null in a line": (("-- @param a = 1 null",), "2:17", "`null` after"),
    "no type": (("-- @type x",), "2:11", "no type after the name"),
    "plain type": (("-- @type x dict",), "2:12", "`package.module.Type`"),
    "type with arguments": (("-- @type x a.B[int]",), "2:15", "`[` after the name"),
    "array of a type": (("-- @type x a.B[]",), "2:15", "in your module"),
    "no type of elements": (("-- @type x[]",), "2:13", "no type after the name"),
    "unknown word": (("-- @type x a.B valid",), "2:16", "`valid` after"),
    "validated alone": (("-- @type x validated",), "2:12", "`package.module.Type`"),
    "after validated": (("-- @type x a.B validated c",), "2:26", "`c` after"),
    "types of both": (("-- @type x a.B", "-- @type x[] a.B"), "3:10", "contradicts"),
    "validated too late": (
        ("-- @type x a.B", "-- @type x a.B validated"),
        "3:10",
        "contradicts line 2",
    ),
    "keyword in a type": (("-- @type x a.class.B",), "2:12", "is not the dotted"),
    "two types in a line": (("-- @type x a.B c.D",), "2:16", "`c.D` after"),
    "repeated": (("-- @param a null", "-- @param a null"), "3:11", "repeats line 2"),
    "repeated default": (
        ("-- @param a = 1", "-- @param a = 1"),
        "3:11",
        "repeats line 2",
    ),
    "contradiction": (
        ("-- @column x null", "-- @column x not null"),
        "3:12",
        "contradicts line 2",
    ),
    "contradictory types": (
        ("-- @type x a.B", "-- @type x a.C"),
        "3:10",
        "contradicts line 2",
    ),
    "null default, not null": (
        ("-- @param a = NULL", "-- @param a not null"),
        "3:11",
        "its default is NULL",
    ),
    "not null, null default": (
        ("-- @param a not null", "-- @param a = NULL"),
        "3:11",
        "its default is NULL",
    ),
    "unknown rule": (
        ("-- @allow uncertain-row-cont: why",),
        "2:11",
        "did you mean `uncertain-row-count`?",
    ),
    "rule of another world": (
        ("-- @allow zzz: why",),
        "2:11",
        "the rules are `",
    ),
    "rule without a reason": (
        ("-- @allow not-understood:",),
        "2:26",
        "`-- @allow rule: reason`",
    ),
    "no rule": (("-- @allow",), "2:10", "`-- @allow rule: reason`"),
    "rule allowed twice": (
        ("-- @allow not-understood: a", "-- @allow not-understood: b"),
        "3:11",
        "contradicts line 2",
    ),
    "below the header": (("", "-- @param a null"), "3:1", "move it up"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_directive_is_told_where_it_is_wrong(fault: str) -> None:
    lines, place, text = FAULTS[fault]

    (problem,) = read(*lines).problems

    assert isinstance(problem, errors.DirectiveError)
    assert str(problem.location) == f"q.sql:{place}"
    assert text in f"{problem.message} {problem.help}"
    assert problem.help
    assert "^" in problem.excerpt


def test_column_of_a_query_without_columns() -> None:
    (problem,) = read("-- @column x null", operation="!").problems

    assert isinstance(problem, errors.DirectiveError)
    assert str(problem.location) == "q.sql:2:1"


def test_directive_of_a_script() -> None:
    text = "-- name: q#\n-- @type x a.B\nSELECT 1;\n"

    (problem,) = read_query_file(SourceText("q.sql", text), ("q",)).problems

    assert isinstance(problem, errors.DirectiveError)


def test_parameter_of_a_query_without_parameters() -> None:
    text = "-- name: q()\n-- @param x null\nSELECT 1;\n"

    (problem,) = read_query_file(SourceText("q.sql", text), ("q",)).problems

    assert problem.help == "the header declares no parameters: remove the directive"


def test_other_comments_with_an_at_sign_may_stand_in_a_statement() -> None:
    text = "-- name: q()\nSELECT 1 -- @ home\n-- @todo later\n, 2\n"

    assert read_query_file(SourceText("q.sql", text), ("q",)).problems == ()
