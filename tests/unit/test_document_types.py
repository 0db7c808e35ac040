"""Classes for documents have names of their own, and are shared by row classes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.codegen.rendering.module_plan import plan_module
from datalayer.json_shapes import JsonField, JsonShape, array_of, object_of, scalar
from datalayer.location import Location
from datalayer.model import Column, Operation, QueryShape, QuerySource, SqlType

JSONB = SqlType("jsonb")
CARD = object_of((JsonField("id", scalar("int")),))


def query(
    name: str, *documents: JsonShape | None, record_class: str | None = None
) -> QueryShape:
    place = Location("queries/file.sql", len(name), 1)
    source = QuerySource(
        ("file",),
        name,
        Operation.MANY,
        "SELECT",
        place,
        place,
        (),
        (),
        record_class=record_class,
    )
    columns = (
        Column(f"card_{number}", JSONB, nullable=False, document=document)
        for number, document in enumerate(documents)
    )
    return QueryShape(source, columns=tuple(columns))


def fields(*shapes: QueryShape) -> dict[str, list[str]]:
    """Return the annotations of each row class."""
    plan, problems = plan_module(("file",), shapes, {})
    assert problems == []
    return {
        each.name: [str(field.type) for field in each.fields] for each in plan.classes
    }


def test_a_class_is_named_after_the_query_and_the_column() -> None:
    assert fields(query("list_cards", CARD, array_of(CARD))) == {
        "ListCardsRow": ["ListCardsCard0", "list[ListCardsCard1Item]"]
    }


def test_queries_of_one_row_class_share_what_they_have_in_common() -> None:
    more = object_of((*(CARD.fields or ()), JsonField("title", scalar("str"))))
    first = query("list_cards", CARD, record_class="Card")
    second = query("list_titles", more, record_class="Card")

    plan, problems = plan_module(("file",), [first, second], {})

    assert problems == []
    (document,) = plan.documents
    assert [(key.name, str(key.type)) for key in document.keys] == [
        ("id", "int"),
        ("title", "NotRequired[str]"),
    ]


def test_what_one_query_of_a_row_class_does_not_know_is_not_known() -> None:
    first = query("list_cards", CARD, record_class="Card")
    second = query("list_others", None, record_class="Card")

    assert fields(first, second) == {"Card": ["JsonValue"]}


def test_a_name_that_is_taken_is_a_located_problem() -> None:
    first = query("list_cards", CARD, record_class="A")
    second = query("list_others", None, record_class="ACard0")

    _, problems = plan_module(("file",), [first, second], {})

    assert ["`ACard0`" in problem.message for problem in problems] == [True]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (JsonShape(), "JsonValue"),
        (array_of(JsonShape()), "list[JsonValue]"),
        (object_of(()), "dict[str, JsonValue]"),
        (scalar("null"), "None"),
        (scalar("null", "str", "float", "int"), "int | float | str | None"),
    ],
    ids=["never", "empty_array", "empty_object", "null", "union"],
)
def test_a_shape_has_a_type(document: JsonShape, expected: str) -> None:
    assert fields(query("list_cards", document)) == {"ListCardsRow": [expected]}


def test_the_author_knows_better() -> None:
    shape = query("list_cards", None)
    (column,) = shape.columns
    said = replace(shape, columns=(replace(column, python_type="app.Card"),))

    assert fields(said) == {"ListCardsRow": ["Card"]}
