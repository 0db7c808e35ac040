"""What is read out of requests and answers, whatever they hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalayer.domains.conversations import ReceivedRequest, ReceivedResponse
from datalayer.domains.conversations.answers import Tokens, facts_of
from datalayer.domains.conversations.received import (
    address_of,
    check_request,
    check_response,
    short_name,
)
from datalayer.domains.conversations.storable import (
    DEEPEST,
    TOO_DEEP,
    encode_json,
    storable_json,
)
from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.runtime import JsonInput

_KEY = "sk-ant-api03-0123456789abcdef"


_REQUEST = ReceivedRequest(
    request_id=UUID(int=1),
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    train_id="team",
    path="/v1/messages",
)


def tokens(usage: JsonInput) -> Tokens:
    return facts_of(ReceivedResponse(body={"usage": usage})).tokens


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        pytest.param(
            {"input_tokens": 3, "output_tokens": 0}, (3, 0, None, None), id="0"
        ),
        pytest.param({"prompt_tokens": 9}, (9, None, None, None), id="prompt"),
        pytest.param(
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}},
            (5, None, None, 4),
            id="cached",
        ),
        pytest.param(
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 40}},
            (0, None, None, 9),
            id="more cached than asked",
        ),
        pytest.param({"prompt_tokens": "9"}, (None,) * 4, id="text"),
        pytest.param({"input_tokens": -1}, (None,) * 4, id="negative"),
        pytest.param({"input_tokens": True}, (None,) * 4, id="boolean"),
        pytest.param({"input_tokens": 2**31}, (None,) * 4, id="too large"),
        pytest.param([], (None,) * 4, id="no object"),
        pytest.param(None, (None,) * 4, id="null"),
    ],
)
def test_tokens_are_read_out_of_a_usage(
    usage: JsonInput, expected: tuple[int | None, ...]
) -> None:
    assert tokens(usage) == Tokens(*expected)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"type": "error", "error": {"type": "overloaded", "message": "Busy"}},
            "overloaded: Busy",
        ),
        ({"error": {"message": "No\0"}}, "No\\x00"),
        ({"error": "gone"}, "gone"),
        ({"error": {"code": 7}}, '{"code": 7}'),
        ({"error": None}, None),
        ("error", None),
    ],
)
def test_an_error_is_read_out_of_a_body(body: JsonInput, error: str | None) -> None:
    assert facts_of(ReceivedResponse(body=body)).error == error


@pytest.mark.parametrize(
    ("body", "calls"),
    [
        ({"content": [{"type": "tool_use"}, {"type": "text"}, "a", None]}, 1),
        ({"content": []}, 0),
        ({"content": "text"}, 0),
        ({"choices": [{"message": {"tool_calls": [{}, {"function": 3}]}}, 4]}, 2),
        (
            {
                "choices": [
                    {"message": {"tool_calls": [{"function": {"arguments": "{"}}]}}
                ]
            },
            1,
        ),
        ({"choices": "x"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_calls_are_counted_in_a_body(body: JsonInput, calls: int | None) -> None:
    assert facts_of(ReceivedResponse(body=body)).tool_call_count == calls


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab\0\ud800é"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\0\ud800"), inner),
    max_leaves=20,
)


@given(body=_JSON)
def test_any_json_becomes_what_jsonb_can_hold(body: JsonInput) -> None:
    facts_of(ReceivedResponse(body=body))

    text = encode_json(body)

    if body is None:
        assert text is None
        return
    assert text is not None
    assert json.loads(text) == storable_json(body)
    assert "\0" not in text.replace("\\\\u0000", "")
    text.encode()


@given(body=st.recursive(st.text("ab"), st.lists, max_leaves=5))
def test_what_jsonb_can_hold_stays_as_it_is(body: JsonInput) -> None:
    assert json.loads(encode_json(body) or "null") == body
    assert storable_json(body) == body


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 300, 900])
def test_json_is_cut_where_it_is_nested_too_deeply(depth: int) -> None:
    deep: JsonInput = 1
    for _ in range(depth):
        deep = [deep]

    text = encode_json(deep)

    assert text is not None
    assert (TOO_DEEP in text) is (depth > DEEPEST)
    assert text.count("[") == min(depth, DEEPEST) + (depth > DEEPEST)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"train_id": ""}, id="no train"),
        pytest.param({"train_id": "a\0"}, id="unstorable train"),
        pytest.param({"train_id": "\U0001f600" * 300}, id="long train"),
        pytest.param({"account_id": "a" * 300}, id="long account"),
        pytest.param({"api_key_hash": _KEY}, id="key for its hash"),
    ],
)
def test_a_wrong_request_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_request(replace(_REQUEST, **wrong))  # type: ignore[arg-type]  # texts

    assert _KEY not in str(refused.value)


@pytest.mark.parametrize(
    "wrong", [{"duration_ms": -1}, {"input_tokens": 2**31}, {"status": -1}]
)
def test_a_wrong_response_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidArgument):
        check_response(ReceivedResponse(**wrong))  # type: ignore[arg-type]  # one of its counts


def test_times_have_a_zone() -> None:
    naive = datetime.fromisoformat("2026-01-01T00:00:00")

    with pytest.raises(NaiveTime):
        check_request(replace(_REQUEST, timestamp=naive))
    with pytest.raises(NaiveTime):
        check_response(ReceivedResponse(completed_at=naive))


def test_an_address_may_be_text() -> None:
    assert str(address_of(replace(_REQUEST, ip_address="fe80::1%eth0"))) == "fe80::1"
    assert address_of(_REQUEST) is None
    with pytest.raises(InvalidArgument):
        address_of(replace(_REQUEST, ip_address="localhost"))


def test_a_name_is_cut_to_what_an_index_can_hold() -> None:
    assert short_name("m" * 300) == "m" * 200
    assert short_name("") is None
    assert short_name("a\0") == "a\\x00"
