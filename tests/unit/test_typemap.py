"""PostgreSQL types as annotations, and the page that lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datalayer.codegen.rendering.typemap import (
    TYPES,
    dotted,
    optional,
    parameter_type,
    parts,
    python_type,
    result_type,
    union,
)
from datalayer.model import SqlType, TypeKind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "types.md"
INT = SqlType("int4")
INTS = SqlType("_int4", kind=TypeKind.ARRAY, element=INT)
MOOD = SqlType("mood", "public", TypeKind.ENUM, labels=("happy",))
MOODS = SqlType("_mood", "public", TypeKind.ARRAY, MOOD)
ENUMS = {("public", "mood"): ("app.queries.enums", "Mood")}


def test_types_are_sorted() -> None:
    assert list(TYPES) == sorted(TYPES)


def test_the_page_lists_each_type_with_its_python_type() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| (.+?) \|", PAGE.read_text(), re.MULTILINE)
    listed = {
        name: row for names, row in rows for name in re.findall(r"`(\w+)`", names)
    }

    assert set(TYPES) <= set(listed)
    for name, mapping in TYPES.items():
        assert f"`{mapping.result}`" in listed[name]
        assert f"`{mapping.parameter}`" in listed[name]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (INT, "int"),
        (INTS, "list[int | None]"),
        (MOOD, "Mood"),
        (MOODS, "list[Mood | None]"),
        (SqlType("citext", "public"), "str"),
        # A type of somebody else that is only called like one of PostgreSQL's.
        (SqlType("int4", "public"), "str"),
        (SqlType("point_3d", "public", TypeKind.COMPOSITE), "str"),
        (SqlType("no_such_type"), "str"),
        (SqlType("void", kind=TypeKind.PSEUDO), "str"),
        (SqlType("floats", "public", TypeKind.RANGE, SqlType("float8")), "str"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_type_is_spelled_as_expected(type_: SqlType, expected: str) -> None:
    assert str(python_type(type_, ENUMS)) == expected


def test_null_makes_a_union() -> None:
    assert str(result_type(INT, {}, nullable=True)) == "int | None"


def test_elements_of_results_and_parameters_differ() -> None:
    assert str(result_type(INTS, {})) == "list[int | None]"
    assert str(result_type(INTS, {}, elements_nullable=False)) == "list[int]"
    assert str(parameter_type(INTS, {})) == "list[int]"
    assert str(parameter_type(INTS, {}, elements_nullable=True)) == "list[int | None]"


def test_json_differs_between_rows_and_parameters() -> None:
    json = SqlType("jsonb")

    assert str(result_type(json, {})) == "JsonValue"
    assert str(parameter_type(json, {})) == "JsonInput"
    assert str(result_type(json, {}, python_type="app.types.Meta")) == "Meta"


def test_none_is_the_last_of_a_union_and_there_once() -> None:
    number = python_type(INT)
    text = python_type(SqlType("text"))

    assert str(union(optional(optional(number)), text)) == "int | str | None"


def test_the_parts_of_a_type_are_what_must_be_imported() -> None:
    found = parts(optional(python_type(MOODS, ENUMS)))

    assert [(part.module, part.name) for part in found] == [
        ("builtins", "list"),
        ("app.queries.enums", "Mood"),
        ("builtins", "None"),
        ("builtins", "None"),
    ]


def test_a_bare_name_is_built_in() -> None:
    found = dotted("dict")

    assert found is not None
    assert (found.module, found.name) == ("builtins", "dict")
