"""PostgreSQL types as annotations."""

from __future__ import annotations

import pytest

from datalayer.codegen.rendering.typemap import (
    EXTENSION_TYPES,
    TYPES,
    TypeClass,
    dotted,
    optional,
    parameter_type,
    parts,
    python_type,
    result_type,
    union,
)
from datalayer.codegen.rendering.unknown_types import unknown_types
from datalayer.model import SqlType, TypeKind

INT = SqlType("int4")
INTS = SqlType("_int4", kind=TypeKind.ARRAY, element=INT)
MOOD = SqlType("mood", "public", TypeKind.ENUM, labels=("happy",))
MOODS = SqlType("_mood", "public", TypeKind.ARRAY, MOOD)
POINT = SqlType("point_3d", "public", TypeKind.COMPOSITE)
POINTS = SqlType("_point_3d", "public", TypeKind.ARRAY, POINT)
EMAIL = SqlType("text", domain=("public", "email"))
CLASSES = {
    ("public", "email"): TypeClass("app.queries.domains", "Email"),
    ("public", "mood"): TypeClass("app.queries.enums", "Mood"),
    ("public", "point_3d"): TypeClass(
        "app.queries.composites", "Point3d", "POINT3D_FORM"
    ),
}


def test_types_are_sorted() -> None:
    assert list(TYPES) == sorted(TYPES)
    assert list(EXTENSION_TYPES) == sorted(EXTENSION_TYPES)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (INT, "int"),
        (INTS, "list[int | None]"),
        (MOOD, "Mood"),
        (MOODS, "list[Mood | None]"),
        (SqlType("citext", "public", extension="citext"), "str"),
        (SqlType("hstore", "public", extension="hstore"), "dict[str, str | None]"),
        (SqlType("geometry", "public", setting="app.types.Shape"), "Shape"),
        (SqlType("uint8", "public", extension="uint", setting="int"), "int"),
        (POINT, "Point3d"),
        (POINTS, "list[Point3d | None]"),
        (EMAIL, "Email"),
        # A domain that has no type of its own is its base type.
        (SqlType("int4", domain=("public", "positive")), "int"),
        (
            SqlType("_lists", "public", TypeKind.ARRAY, INTS),
            "list[list[int | None] | None]",
        ),
        (SqlType("void", kind=TypeKind.PSEUDO), "str"),
        (
            SqlType("floats", "public", TypeKind.RANGE, SqlType("float8")),
            "Range[float]",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_type_is_spelled_as_expected(type_: SqlType, expected: str) -> None:
    assert str(python_type(type_, CLASSES)) == expected


@pytest.mark.parametrize(
    "type_",
    [
        # A type of somebody else that is only called like one of PostgreSQL's.
        SqlType("int4", "public"),
        SqlType("hstore", "public"),
        SqlType("hstore", "public", extension="kvstore"),
        SqlType("no_such_type"),
        SqlType("trigger", kind=TypeKind.PSEUDO),
        SqlType("_int4", "public", TypeKind.ARRAY, SqlType("int4", "public")),
        SqlType("steps", "public", TypeKind.RANGE, SqlType("int4", "public")),
    ],
    ids=lambda type_: f"{type_.schema}.{type_.name}-{type_.extension}",
)
def test_a_type_that_no_table_has_is_unknown(type_: SqlType) -> None:
    (unknown,) = unknown_types(type_)

    assert unknown in (type_, type_.element)


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
    found = parts(optional(python_type(MOODS, CLASSES)))

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
