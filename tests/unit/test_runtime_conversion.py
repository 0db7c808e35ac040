"""Values on their way from and to psycopg, without a server."""

from __future__ import annotations

from collections import UserList
from types import MappingProxyType
from typing import Any

import pytest
from psycopg.types.json import Json, Jsonb

from datalayer.runtime import array, int4, json_, jsonb, text_array
from datalayer.runtime.conversion import parse_array
from datalayer.runtime.json import dumps


@pytest.fixture(params=["orjson", "standard library"])
def _encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode with orjson, and as an installation without it does."""
    if request.param != "orjson":
        monkeypatch.setattr("datalayer.runtime.json._orjson_dumps", None)


@pytest.mark.usefixtures("_encoder")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [None, True, 1.5]}, '{"b":1,"a":[null,true,1.5]}'),
        (MappingProxyType({"a": UserList(["é"])}), '{"a":["é"]}'),
        (2**70, str(2**70)),
        ((1, 2), "[1,2]"),
        ("null", '"null"'),
    ],
    ids=["nested", "read-only", "large", "tuple", "null-text"],
)
def test_json_is_written_alike_with_any_encoder(value: object, text: str) -> None:
    assert dumps(value) == text.encode()


@pytest.mark.usefixtures("_encoder")
@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_what_json_lacks_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps(value)


@pytest.mark.usefixtures("_encoder")
def test_an_object_that_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not JSON"):
        dumps({"a": {1}})


def test_none_is_null_and_not_the_json_null() -> None:
    assert json_(None) is None
    assert jsonb(None) is None
    assert array(jsonb, [None]) == [None]


def test_json_parameters_have_their_type() -> None:
    assert isinstance(json_([]), Json)
    assert isinstance(jsonb([]), Jsonb)


def test_the_array_of_none_is_none() -> None:
    assert array(int4, None) is None


def test_an_array_is_text_where_an_element_is() -> None:
    assert array(int4, [1, None, 2**40]) == ["1", None, str(2**40)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{a,b}", ["a", "b"]),
        ('{"a b","c,d","{e}"}', ["a b", "c,d", "{e}"]),
        ('{"\\"","\\\\"}', ['"', "\\"]),
        ('{NULL,"NULL",""}', [None, "NULL", ""]),
        ("{{a,b},{c,NULL}}", [["a", "b"], ["c", None]]),
        ("[2:3]={a,b}", ["a", "b"]),
        ("[0:0][1:1]={{a}}", [["a"]]),
        ('{"line\nbreak"}', ["line\nbreak"]),
    ],
    ids=[
        "empty",
        "plain",
        "quoted",
        "escaped",
        "null",
        "nested",
        "bounds",
        "nested-bounds",
        "line-break",
    ],
)
def test_array_text_is_read(text: str, expected: list[Any]) -> None:
    assert parse_array(text) == expected


def test_a_list_that_psycopg_made_is_kept() -> None:
    assert text_array()(["a", None]) == ["a", None]
