"""Names and defaults that cannot be Python are reported where they stand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from datalayer.codegen.rendering.renderer import render_modules
from datalayer.errors import (
    ColumnNameError,
    DefaultError,
    NameClash,
    ProblemsFound,
    RecordClassConflict,
)
from datalayer.location import Location
from datalayer.model import (
    Column,
    Operation,
    Parameter,
    ParameterDirective,
    QueryShape,
    QuerySource,
    SqlType,
    TypeKind,
)

INT = SqlType("int4")
TEXT = SqlType("text")


def query(name: str, line: int = 1, **changes: Any) -> QueryShape:  # noqa: ANN401 - of any field
    source = QuerySource(
        module=("shop", "item"),
        name=name,
        operation=Operation.MANY,
        sql="SELECT 1",
        location=Location("queries/shop/item.sql", line, 10),
        sql_location=Location("queries/shop/item.sql", line),
        parameters=(),
        placeholders=(),
        file_text="-- name: item\n" * 9,
    )
    own = {field.name for field in dataclasses.fields(QuerySource)}
    source = dataclasses.replace(
        source, **{key: value for key, value in changes.items() if key in own}
    )
    columns = changes.get("columns", (Column("id", INT, nullable=False),))
    return QueryShape(source, columns=columns)


def problem(*queries: QueryShape) -> Any:  # noqa: ANN401 - of the class it is tested for
    with pytest.raises(ProblemsFound) as caught:
        render_modules(queries, "shop.queries")
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("columns", "difference"),
    [
        ((Column("id", TEXT, nullable=False),), "column `id` is `str`, not `int`"),
        ((Column("id", INT, nullable=True),), "column `id` is `int | None`, not `int`"),
        ((Column("key", INT, nullable=False),), "it has a column `key`"),
        ((), "it has no column `id`"),
    ],
    ids=["type", "null", "more", "fewer"],
)
def test_a_shared_class_that_differs_shows_how(
    columns: tuple[Column, ...], difference: str
) -> None:
    first = query("list_items", record_class="Item")
    second = query("get_item", 4, record_class="Item", columns=columns)

    found = problem(first, second)

    assert isinstance(found, RecordClassConflict)
    assert found.location.line == 4
    expected = f"`Item` is not what it is for `list_items`: {difference}"
    assert found.message == expected


def test_a_shared_class_in_another_order_differs() -> None:
    columns = (Column("a", INT, nullable=False), Column("b", INT, nullable=False))
    first = query("list_items", record_class="Item", columns=columns)
    second = query("get_item", 4, record_class="Item", columns=columns[::-1])

    assert "column `b` stands where `a` does" in problem(first, second).message


@pytest.mark.parametrize("name", ["?column?", "my col", "1st", "__init__", "__x", ""])
def test_a_column_that_is_no_attribute_needs_a_name(name: str) -> None:
    found = problem(query("list_items", columns=(Column(name, INT, nullable=False),)))

    assert isinstance(found, ColumnNameError)
    assert f"column `{name}` of `list_items`" in found.message
    assert found.help == "add `AS name` to it"


@pytest.mark.parametrize(
    "names", [("id", "id"), ("class", "class_")], ids=["equal", "keyword"]
)
def test_columns_of_one_name_are_reported(names: tuple[str, str]) -> None:
    columns = tuple(Column(name, INT, nullable=False) for name in names)

    found = problem(query("list_items", columns=columns))

    assert isinstance(found, ColumnNameError)
    assert "has two columns" in found.message


def test_a_value_needs_no_column_name() -> None:
    column = Column("?column?", INT, nullable=False)

    modules = render_modules(
        [query("get_it", operation=Operation.VALUE, columns=(column,))], "shop.queries"
    )

    assert "shop/item.py" in modules


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (query("item"), query("other", 4, record_class="item")),
        (query("import"), query("import_", 4)),
    ],
    ids=["class-and-function", "keyword"],
)
def test_two_things_of_one_name_are_reported(
    first: QueryShape, second: QueryShape
) -> None:
    found = problem(first, second)

    assert isinstance(found, NameClash)
    assert f"`{first.source.name}` in line 1 has taken" in found.message


@pytest.mark.parametrize(
    "module", [("aio", "item"), ("enums",), ("shop", "__init__")], ids=lambda m: m[-1]
)
def test_a_path_that_is_ours_is_reported(module: tuple[str, ...]) -> None:
    assert isinstance(problem(query("list_items", module=module)), NameClash)


def test_a_file_and_a_folder_of_one_name_are_reported() -> None:
    inner = query("list_items")
    outer = query("list_shops", module=("shop",))

    assert "`shop` is a file and a folder" in problem(inner, outer).message


MOOD = SqlType("mood", "public", TypeKind.ENUM, labels=("happy", "sad"))


@pytest.mark.parametrize(
    ("type_", "default", "reason"),
    [
        (INT, "5", "write a whole number without quotes"),
        (INT, True, "write a whole number without quotes"),
        (INT, 1.5, "write a whole number without quotes"),
        (INT, 2**31, "write a number from -2147483648 to 2147483647"),
        (SqlType("oid"), -1, "write a number from 0 to 4294967295"),
        (SqlType("bool"), 1, "write `true` or `false`"),
        (SqlType("float8"), "x", "write a number without quotes"),
        (SqlType("numeric"), "x", "write a number"),
        (TEXT, 5, "write a string in quotes"),
        (SqlType("date"), "tomorrow", "write `'2026-01-31'`"),
        (SqlType("timestamp"), 5, "write `'2026-01-31 12:00:00'`"),
        (SqlType("jsonb"), "{", "write JSON, a string with both kinds of quotes"),
        (SqlType("jsonb"), "{}", "an object or array cannot be a default"),
        (SqlType("uuid"), "x", "'x' cannot be the default of this type"),
        (SqlType("_int4", kind=TypeKind.ARRAY, element=INT), "{}", "only have"),
        (MOOD, "angry", "the labels of `mood` are `happy`, `sad`"),
        (INT, None, "the parameter is not nullable"),
    ],
    ids=str,
)
def test_a_default_that_does_not_fit_is_located(
    type_: SqlType, default: str | int | float | None, reason: str
) -> None:
    said = ParameterDirective(
        "x", Location("queries/shop/item.sql", 3, 4), has_default=True, default=default
    )
    shape = query("list_items", parameter_directives=(said,))
    parameter = Parameter("x", type_, nullable=False, has_default=True, default=default)

    found = problem(dataclasses.replace(shape, parameters=(parameter,)))

    assert isinstance(found, DefaultError)
    assert found.location.line == 3
    assert reason in (found.help or "")


def test_all_problems_are_reported_at_once() -> None:
    wrong = (Column("?column?", INT, nullable=False),)

    with pytest.raises(ProblemsFound) as caught:
        render_modules(
            [query("a", columns=wrong), query("b", 5, columns=wrong)], "shop.queries"
        )

    assert [each.location.line for each in caught.value.problems] == [1, 5]
