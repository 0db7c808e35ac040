"""Canonical JSON and RFC 6902, without a database."""

from __future__ import annotations

import copy
import json
import sys

import pytest
from artifacts_model import DoesNotApply, Json, apply_operations, same_json
from artifacts_strategies import DOCUMENTS, SCALARS, VALUES, nearly, operation_on
from hypothesis import given, settings
from hypothesis import strategies as st

from datalayer.domains.artifacts import content_id, parse_json, patching, to_canonical
from datalayer.domains.artifacts.errors import (
    InvalidDocument,
    PatchFailed,
    PatchLibraryMissing,
)

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def shuffled(value: Json) -> Json:
    """The same document with its members in another order."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    if isinstance(value, list):
        return [shuffled(element) for element in value]
    return value


# Canonical form.


@given(ANY_JSON)
def test_the_canonical_form_reads_back_the_same(value: Json) -> None:
    content = to_canonical(value)

    assert repr(shuffled(parse_json(content))) == repr(
        shuffled(json.loads(json.dumps(value, sort_keys=True)))
    )
    assert to_canonical(parse_json(content)) == content


@given(ANY_JSON)
def test_equal_documents_have_equal_bytes(value: Json) -> None:
    assert to_canonical(shuffled(value)) == to_canonical(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1, 1.0, True]}, '{"a":[1,1.0,true],"b":1}'),
        (
            {"é": "\u2028/\x7f", "\U0001f600": "\x00"},
            '{"é":"\u2028/\x7f","😀":"\\u0000"}',
        ),
        ({"\uffff": 1, "\U00010000": 2}, '{"\uffff":1,"\U00010000":2}'),
        ((1, (2,)), "[1,[2]]"),
        (10**40, "1" + "0" * 40),
        ([1e22, 1e-7, 5e-324, -0.0, 0.1], "[1e+22,1e-07,5e-324,-0.0,0.1]"),
    ],
)
def test_the_canonical_form(value: Json, text: str) -> None:
    assert to_canonical(value) == text.encode()


def test_numbers_and_booleans_stay_different() -> None:
    forms = {
        to_canonical([value]) for value in (1, 1.0, True, "1", 0, 0.0, False, None)
    }

    assert len(forms) == 8


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("inf")],
        {"a": {"b": -float("inf")}},
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {None: 1},
        b"bytes",
        {1, 2},
        object(),
        10**5000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_does_not_have_is_refused(value: Json) -> None:
    with pytest.raises(InvalidDocument):
        to_canonical(value)


def test_a_document_nested_too_deeply_is_refused() -> None:
    value: Json = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(InvalidDocument, match="too deeply"):
        to_canonical(value)
    with pytest.raises(InvalidDocument, match="too deeply"):
        parse_json(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'{"a":1,"a":1}',
        b'{"x":{"a":1,"\\u0061":2}}',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[1,]",
        b"9" * 5000,
    ],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidDocument):
        parse_json(content)


def test_the_id_of_content_is_its_hash() -> None:
    assert content_id(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


# Patches.


@settings(deadline=None, max_examples=300)
@given(st.data(), DOCUMENTS)
def test_patches_do_what_the_model_does(data: st.DataObject, document: Json) -> None:
    operations = data.draw(st.lists(operation_on(document), max_size=3))
    before = copy.deepcopy((document, operations))
    try:
        expected = apply_operations(document, operations)
    except DoesNotApply:
        with pytest.raises(PatchFailed):
            patching.apply_patch(document, operations)
    else:
        found = patching.apply_patch(document, operations)
        assert to_canonical(found) == to_canonical(expected)

    assert repr((document, operations)) == repr(before), "law 7: nothing is changed"


@settings(deadline=None, derandomize=True)
@given(st.data(), SCALARS)
def test_a_test_passes_for_what_is_equal_in_json(
    data: st.DataObject, value: Json
) -> None:
    other = data.draw(nearly(value))
    operations: Json = [{"op": "test", "path": "/0", "value": other}]

    if same_json(value, other):
        assert patching.apply_patch([value], operations) == [value]
    else:
        with pytest.raises(PatchFailed, match="another value"):
            patching.apply_patch([value], operations)


def test_the_comparison_with_the_model_notices_one_for_true(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patching, "_same", lambda left, right: left == right)

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_a_test_passes_for_what_is_equal_in_json()


@given(VALUES)
def test_a_test_of_itself_passes(value: Json) -> None:
    operations: Json = [{"op": "test", "path": "/v", "value": value}]

    assert patching.apply_patch({"v": value}, operations) == {"v": value}


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        # A path through what holds nothing.
        ({"s": "abc"}, {"op": "test", "path": "/s/0", "value": "a"}),
        ({"s": "abc"}, {"op": "copy", "from": "/s/0", "path": "/t"}),
        ({"s": "abc"}, {"op": "add", "path": "/s/0", "value": 1}),
        ({"s": "abc"}, {"op": "remove", "path": "/s/0"}),
        ({"n": 1}, {"op": "add", "path": "/n/x", "value": 1}),
        ({"n": None}, {"op": "replace", "path": "/n/x", "value": 1}),
        ({}, {"op": "add", "path": "/a/b", "value": 1}),
        # Indexes.
        ({"l": [1, 2]}, {"op": "test", "path": "/l/00", "value": 1}),
        ({"l": [1, 2]}, {"op": "test", "path": "/l/01", "value": 2}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/-1"}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/1\n"}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/\uff11"}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/1e0"}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/"}),
        ({"l": [1, 2]}, {"op": "remove", "path": "/l/-"}),
        ({"l": [1, 2]}, {"op": "replace", "path": "/l/-", "value": 1}),
        ({"l": [1, 2]}, {"op": "test", "path": "/l/-", "value": 2}),
        ({"l": [1, 2]}, {"op": "move", "from": "/l/-", "path": "/m"}),
        ({"l": [1, 2]}, {"op": "add", "path": "/l/-/x", "value": 1}),
        ({"l": [1, 2]}, {"op": "add", "path": "/l/3", "value": 1}),
        ({"l": [1, 2]}, {"op": "replace", "path": "/l/2", "value": 1}),
        ({"l": [1, 2]}, {"op": "move", "from": "/l/0", "path": "/l/2"}),
        # What is not there.
        ({}, {"op": "remove", "path": "/a"}),
        ({}, {"op": "replace", "path": "/a", "value": 1}),
        ({}, {"op": "test", "path": "/a", "value": None}),
        ({}, {"op": "copy", "from": "/a", "path": "/b"}),
        ({}, {"op": "move", "from": "/a", "path": "/a"}),
        ({"a": 1}, {"op": "remove", "path": ""}),
        ({"a": {}}, {"op": "move", "from": "/a", "path": "/a/b"}),
        ({"a": {}}, {"op": "move", "from": "", "path": "/a"}),
        # Values of another kind.
        ({"v": 1}, {"op": "test", "path": "/v", "value": True}),
        ({"v": False}, {"op": "test", "path": "/v", "value": 0}),
        ({"v": [1, {"x": 1}]}, {"op": "test", "path": "/v", "value": [1, {"x": True}]}),
        ({"v": "1"}, {"op": "test", "path": "/v", "value": 1}),
        # Malformed operations.
        ({}, {"op": "add", "path": "a", "value": 1}),
        ({}, {"op": "add", "path": "/a~", "value": 1}),
        ({}, {"op": "add", "path": "/a~2", "value": 1}),
        ({}, {"op": "add", "path": "/a"}),
        ({}, {"op": "add", "value": 1}),
        ({}, {"op": "add", "path": None, "value": 1}),
        ({}, {"op": "add", "path": 0, "value": 1}),
        ({}, {"op": "copy", "path": "/a"}),
        ({}, {"op": "test", "path": ""}),
        ({}, {"op": "append", "path": "/a", "value": "x"}),
        ({}, {"op": ["add"], "path": "/a", "value": 1}),
        ({}, {"path": "/a", "value": 1}),
        ({}, "add"),
        ({}, None),
    ],
    ids=lambda value: json.dumps(value) if "op" in str(value) else None,
)
def test_what_does_not_fit_is_refused(document: Json, operation: Json) -> None:
    fits: Json = {"op": "add", "path": "/new", "value": [1]}
    before = copy.deepcopy(document)

    with pytest.raises(PatchFailed) as caught:
        patching.apply_patch(document, [fits, operation])

    assert caught.value.index == 1
    assert document == before


@pytest.mark.parametrize(
    ("document", "operations", "expected"),
    [
        ([], [{"op": "add", "path": "", "value": {}}], {}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": None}], None),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": ""}], 1),
        ({"a": [1]}, [{"op": "copy", "from": "", "path": "/b"}], None),
        ({"": 1}, [{"op": "move", "from": "/", "path": "/~0~1"}], {"~/": 1}),
        ({"-": 1}, [{"op": "remove", "path": "/-"}], {}),
        ({"01": 1}, [{"op": "replace", "path": "/01", "value": 2}], {"01": 2}),
        ([1, 2], [{"op": "add", "path": "/2", "value": 3}], [1, 2, 3]),
        ([1, 2], [{"op": "add", "path": "/-", "value": 3}], [1, 2, 3]),
        ([1, 2], [{"op": "move", "from": "/0", "path": "/1"}], [2, 1]),
        ([1, 2], [{"op": "move", "from": "/0", "path": "/-"}], [2, 1]),
        ([1], [{"op": "test", "path": "/0", "value": 1.0}], [1]),
        ([1], [{"op": "test", "path": "/0", "value": 1, "note": "x"}], [1]),
        ([], [], []),
    ],
)
def test_what_fits_is_applied(
    document: Json, operations: list[Json], expected: Json
) -> None:
    if operations and operations[0]["op"] == "copy":
        expected = {"a": [1], "b": {"a": [1]}}

    assert patching.apply_patch(document, operations) == expected


def test_the_parts_of_a_document_are_never_shared() -> None:
    value: Json = {"list": []}
    operations: Json = [
        {"op": "add", "path": "/one", "value": value},
        {"op": "copy", "from": "/one", "path": "/two"},
        {"op": "add", "path": "/one/list/-", "value": 1},
    ]

    found = patching.apply_patch({}, operations)

    assert found == {"one": {"list": [1]}, "two": {"list": []}}
    assert value == {"list": []}


def test_a_patch_is_an_array() -> None:
    with pytest.raises(PatchFailed, match="array"):
        patching.apply_patch({}, {"op": "remove", "path": ""})


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonpatch", None)

    with pytest.raises(PatchLibraryMissing, match=r"datalayer\[artifacts\]"):
        patching.apply_patch({}, [])
