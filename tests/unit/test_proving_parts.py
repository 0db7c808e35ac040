"""What the proof compares, tries and prints, without a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType

import pytest
from psycopg.types.range import Range

from datalayer.proving.annotations import accepts_none, mismatches
from datalayer.proving.candidates import array_of, constants_in, matching
from datalayer.proving.sql_text import call_statement, quote_literal, quote_name
from datalayer.runtime import JsonValue, NoRow

NOON = datetime(2024, 2, 29, 12)
Key = NewType("Key", int)


class Mood(StrEnum):
    HAPPY = "happy"


@dataclass
class Home:
    street: str
    number: int | None


@dataclass
class Person:
    name: str
    home: Home | None
    tags: list[str | None]
    data: JsonValue


PERSON = Person("a", Home("b", None), ["c", None], {"d": [None]})


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, int),
        (1, Key),
        (None, int | None),
        (NOON, datetime),
        (Mood.HAPPY, Mood),
        ([[1], None], list[list[int] | None]),
        ((1, "a"), tuple[object, ...]),
        (Range(1, None), Range[int]),
        (None, JsonValue),
        (NoRow.NO_ROW, int | NoRow),
        (PERSON, Person),
        ([PERSON], list[Person]),
    ],
    ids=repr,
)
def test_what_is_declared_fits(value: object, hint: Any) -> None:  # noqa: ANN401 - an annotation
    assert list(mismatches(value, hint)) == []


@pytest.mark.parametrize(
    ("value", "hint", "where", "kind"),
    [
        (None, int, "", "null"),
        (True, int, "", "type"),
        (1, float, "", "type"),
        (NOON, date, "", "type"),
        ("happy", Mood, "", "type"),
        ([1, None], list[int], "[]", "null"),
        ([1, None], list[int] | None, "[]", "null"),
        (Range("a", None), Range[int], "[]", "type"),
        (Person("a", Home("b", None), [], None), None, "", "type"),
        (Person("a", Home(None, 1), [], None), Person, "home.street", "null"),  # type: ignore[arg-type]  # the lie
        ([Person("a", None, [1], None)], list[Person], "[].tags[]", "type"),  # type: ignore[list-item]  # the lie
    ],
    ids=repr,
)
def test_what_is_not_declared_is_named(
    value: object,
    hint: Any,  # noqa: ANN401 - an annotation
    where: str,
    kind: str,
) -> None:
    (found,) = mismatches(value, hint)

    assert (found.where, found.kind) == (where, kind)


def test_none_is_accepted_where_it_is_declared() -> None:
    assert accepts_none(int | None)
    assert not accepts_none(int)


def test_constants_are_unquoted() -> None:
    assert constants_in("a IN ('it''s', 'b') AND c > 1.5") == ("it's", "b", "1.5")


def test_a_regular_expression_gives_two_texts() -> None:
    first, second = matching("^[a-z]{3}-[0-9]$")

    assert first != second
    assert matching("a") == ()


def test_arrays_are_quoted() -> None:
    assert array_of(['a"b', None, "\\"]) == '{"a\\"b",NULL,"\\\\"}'


def test_names_and_values_are_quoted() -> None:
    assert quote_name("user") == '"user"'
    assert quote_name('A"b') == '"A""b"'
    assert quote_name("plain_1") == "plain_1"
    assert quote_literal("it's") == "'it''s'"
    assert quote_literal(None) == "NULL"


def test_a_statement_is_prepared_with_its_arguments() -> None:
    assert call_statement("SELECT 1", ()) == "SELECT 1;"
    assert call_statement("SELECT $1::int", ("1",)) == (
        "PREPARE proof AS\nSELECT $1::int;\nEXECUTE proof ('1');"
    )
    assert call_statement("CALL p($1, $2)", ("a", None)) == "CALL p('a', NULL);"
