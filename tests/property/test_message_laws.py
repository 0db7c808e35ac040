"""Messages have one hash in all the ways to send them, and others have another."""

from __future__ import annotations

from random import Random

import pytest
from conversation_worlds import STEPS, Step, build_world, render
from hypothesis import given, settings
from hypothesis import strategies as st

from datalayer.domains.conversations.hashing import (
    encode,
    hash_messages,
    hash_prefixes,
    normal_message,
    normal_text,
)
from datalayer.domains.conversations.nodes import Reading, read_request, read_response
from datalayer.runtime import JsonInput

# What JSON has, and what only a decoder that is not strict lets through.
_CHARACTERS = st.characters(exclude_categories=())
_TEXTS = st.text(_CHARACTERS, max_size=8)
_VALUES: st.SearchStrategy[JsonInput] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "s1:a", "[0:", "n;", "text", "image"])
    | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)
_TYPES = st.sampled_from(
    ["text", "image", "tool_use", "tool_result", "thinking", "", None, 1, ["text"]]
)
_MEMBERS = ["text", "id", "tool_use_id", "content", "source", "input", "name", "x"]
_BLOCKS: st.SearchStrategy[JsonInput] = st.builds(
    lambda kind, members: {"type": kind, **members},
    _TYPES,
    st.dictionaries(st.sampled_from(_MEMBERS), _VALUES, max_size=4),
)
#: Bodies as no honest client sends them.
_BODIES: st.SearchStrategy[JsonInput] = _VALUES | st.fixed_dictionaries(
    {
        "messages": _VALUES
        | st.lists(
            _VALUES
            | st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant"]) | _VALUES,
                    "content": _VALUES | st.lists(_BLOCKS | _VALUES, max_size=4),
                }
            ),
            max_size=6,
        ),
        "system": _VALUES | st.lists(_BLOCKS, max_size=2),
    }
)


@given(steps=STEPS, seeds=st.tuples(st.integers(), st.integers(), st.integers()))
@settings(max_examples=50)
def test_all_ways_to_send_a_request_are_read_alike(
    steps: list[Step], seeds: tuple[int, int, int]
) -> None:
    asked = build_world(steps, Random(seeds[0]))

    for one in asked:
        readings = [read_request(render(one, Random(seed))) for seed in seeds]
        assert len({_without_texts(reading) for reading in readings}) == 1


@given(one=_VALUES, other=_VALUES)
@settings(max_examples=150)
def test_other_values_are_other_bytes(one: JsonInput, other: JsonInput) -> None:
    assert (encode(one) == encode(other)) == (_plain(one) == _plain(other))


@given(values=st.lists(_VALUES, max_size=4), other=st.lists(_VALUES, max_size=4))
def test_other_lists_have_other_hashes(
    values: list[JsonInput], other: list[JsonInput]
) -> None:
    normal = [[*map(normal_message, some)] for some in (values, other)]
    same = _plain(normal[0]) == _plain(normal[1])

    assert (hash_messages(values) == hash_messages(other)) == same


@given(body=_BODIES)
@settings(max_examples=150)
def test_no_body_is_an_error(body: JsonInput) -> None:
    reading = read_request(body)
    read_response(body)

    assert (reading.current_hash is None) == (reading.message_count == 0)


@given(body=_BODIES)
def test_prefixes_have_the_hashes_of_lists(body: JsonInput) -> None:
    messages = body.get("messages") if isinstance(body, dict) else None
    listed = messages if isinstance(messages, list) else []

    assert hash_prefixes(listed, (2, 0, 4)) == [
        hash_messages(listed[: max(len(listed) - dropped, 0)]) for dropped in (2, 0, 4)
    ]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (" a\r\nb ", "a\nb"),
        ("a<system-reminder>b</system-reminder>c", "ac"),
        ("<system-reminder>a", "<system-reminder>a"),
        ("a</system-reminder>b", "a</system-reminder>b"),
        ("<system-reminder>a\n</system-reminder>\n", ""),
        ("<system-reminder>" * 100_000, "<system-reminder>" * 100_000),
    ],
    ids=["lines", "inside", "open", "closed", "alone", "many"],
)
def test_reminders_are_removed_when_they_are_closed(sent: str, read: str) -> None:
    assert normal_text(sent) == read


def _without_texts(reading: Reading) -> tuple[object, ...]:
    return (
        reading.message_count,
        reading.current_hash,
        reading.parent_hash,
        reading.grandparent_hash,
        reading.system_hash,
        reading.parent_reply,
        reading.grandparent_reply,
        reading.prompts,
        reading.summaries,
    )


def _plain(value: JsonInput) -> object:
    """Return a value that equals another one's if JSON cannot tell the two apart."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, (int, float)):
        return ("number", value)
    if isinstance(value, dict):
        return ("object", {name: _plain(one) for name, one in value.items()})
    assert isinstance(value, (list, tuple))
    return ("array", [_plain(one) for one in value])
