"""Lines of traffic logs: how they are cut, and what is wrong with bad ones."""

from __future__ import annotations

import io
import json

import pytest

from datalayer.domains.conversations.importing import (
    Defaults,
    LineProblem,
    TrafficRecord,
    parse_line,
)
from datalayer.domains.conversations.importing.batches import Batch, read_batches
from datalayer.domains.conversations.importing.lines import read_lines

TRAIN = Defaults(train_id="red")
REQUEST = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
RESPONSE = {
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [{"type": "text", "text": "hi"}],
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
LINE = {
    "timestamp": "2026-05-04T03:02:01Z",
    "request": REQUEST,
    "response": RESPONSE,
}


def encode(**changes: object) -> bytes:
    return json.dumps({**LINE, **changes}).encode()


def parse(content: bytes) -> TrafficRecord:
    return parse_line(content, TRAIN)


def batches(content: bytes, **options: int) -> list[Batch]:
    lines = read_lines(io.BytesIO(content), longest=options.pop("longest", 1000))
    return list(read_batches(lines, TRAIN, batch_size=options.pop("batch_size", 10)))


def reasons(content: bytes, **options: int) -> list[tuple[int, str]]:
    return [
        (bad.number, bad.reason)
        for batch in batches(content, **options)
        for bad in batch.bad
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"{", "not JSON: expecting property name", id="invalid"),
        pytest.param(b"hello", "not JSON: expecting value at 0", id="words"),
        pytest.param(b"[]", "the line is a list, not an object", id="list"),
        pytest.param(b"null", "the line is null, not an object", id="null"),
        pytest.param(b"{} {}", "not JSON: extra data at 3", id="two objects"),
        pytest.param(b'{"a": "\x00"}', "not JSON: invalid control", id="nul byte"),
        pytest.param(b'{"a": "\\u0000"}', "a text holds a NUL", id="escaped nul"),
        pytest.param(b'{"a": "\\ud800"}', "a text holds a lone", id="lone surrogate"),
        pytest.param(
            b'{"\\udc00": 1}', "a text holds a lone", id="surrogate in a name"
        ),
        pytest.param(b'{"a": "\xff"}', "not UTF-8: byte 7", id="not utf-8"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', "not UTF-8", id="encoded surrogate"),
        pytest.param(b'{"a": NaN}', "not JSON: NaN is not a number", id="nan"),
        pytest.param(b'{"a": 1e999}', "not JSON: 1e999 is too large", id="huge number"),
        pytest.param(b"[" * 5000, "nested too deeply", id="deep"),
        pytest.param(b"{}", "no `request`", id="empty object"),
    ],
)
def test_what_is_no_line_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(LineProblem) as caught:
        parse(content)

    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request": 5}, "`request` is a number, not an object"),
        ({"request": "{"}, "`request`: not JSON: expecting property name"),
        ({"request": {}}, "`messages` of the request is missing, not a list"),
        ({"request": {"messages": "x"}}, "`messages` of the request is text"),
        ({"request": {"messages": [[]]}}, "`messages[0]` is a list, not an object"),
        ({"request": {"messages": [{}]}}, "`messages[0].role` is null, not text"),
        (
            {"request": {"messages": [{"role": "user", "content": 5}]}},
            "`messages[0].content` is a number, not a list",
        ),
        (
            {"request": {"messages": [{"role": "user", "content": [5]}]}},
            "`messages[0].content` holds a number, not an object",
        ),
        ({"response": {**RESPONSE, "content": {}}}, "`response.content` is an object"),
        ({"response": {**RESPONSE, "usage": []}}, "`usage` is a list, not an object"),
        (
            {"response": {**RESPONSE, "usage": {"input_tokens": -1}}},
            "`input_tokens` is -1, not from 0 to 2147483647",
        ),
        (
            {"response": {**RESPONSE, "usage": {"output_tokens": "9"}}},
            "`output_tokens` is text, not a number",
        ),
        ({"response": [5]}, "an event of the stream is a number, not an object"),
        ({"response": [{"type": "ping"}]}, "the stream has no `message_start`"),
        ({"headers": 5}, "`headers` is a number, not an object"),
        ({"headers": [["a"]]}, "`headers` holds a list, not a name and a value"),
        ({"status": 7}, "`status` is 7, which is no status of HTTP"),
        ({"duration_ms": 2**31}, "`duration_ms` is 2147483648, not from 0"),
        ({"duration": "soon"}, "`duration` is no duration: 'soon'"),
        ({"timestamp": None}, "no `timestamp`"),
        ({"timestamp": "yesterday"}, "`timestamp` is no time: 'yesterday'"),
        ({"timestamp": True}, "`timestamp` is a boolean, not a time"),
        ({"timestamp": 10**30}, "`timestamp` is no time"),
        ({"train": 5}, "`train` is a number, not text"),
        ({"train": "x" * 201}, "`train` has 201 characters, not 200"),
        ({"id": {}}, "`id` is an object, not text"),
        ({"ip": "here"}, "`ip` is no address: 'here'"),
        ({"api_key_hash": "sk-1"}, "`api_key_hash` is not a SHA-256"),
        ({"path": "x" * 2001}, "`path` has 2001 characters, not 2000"),
    ],
)
def test_wrong_member_is_named(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(LineProblem) as caught:
        parse(encode(**changes))

    assert caught.value.reason.startswith(reason)


def test_line_without_a_train_needs_one_for_the_file() -> None:
    with pytest.raises(LineProblem, match="no `train`"):
        parse_line(encode(), Defaults())

    assert parse_line(encode(train="blue"), Defaults()).train_id == "blue"
    assert parse_line(encode(train="blue"), TRAIN).train_id == "blue"


def test_bad_lines_are_numbered_and_the_others_kept() -> None:
    content = b"\n".join([encode(), b"{", encode(id="b"), b"", b"[]", encode(id="c")])

    found = batches(content + b"\n")

    assert [(line.number) for line, _ in found[0].records] == [1, 3, 6]
    assert [bad.number for bad in found[0].bad] == [2, 5]
    assert [bad.content for bad in found[0].bad] == [b"{", b"[]"]


def test_lines_end_in_either_way_and_may_be_blank() -> None:
    content = b"\r\n" + encode() + b"\r\n \n\n" + encode(id="b") + b"\n"

    (batch,) = batches(content)

    assert [line.number for line, _ in batch.records] == [2, 5]
    assert batch.bad == []
    assert (batch.end, batch.line_number) == (len(content), 5)


def test_byte_order_mark_is_passed_over() -> None:
    (batch,) = batches(b"\xef\xbb\xbf" + encode() + b"\n")

    assert len(batch.records) == 1


@pytest.mark.parametrize("rest", [b"\n", b"", b"\n" + encode() + b"\n"])
def test_long_line_is_bad_and_bounds_what_is_read(rest: bytes) -> None:
    long = encode(note="x" * 3_000_000)

    found = batches(encode(id="a") + b"\n" + long + rest, longest=1000)

    bad = [bad for batch in found for bad in batch.bad]
    assert [(line.number, line.reason) for line in bad] == [
        (2, "longer than a line may be")
        if rest
        else (
            2,
            "the file ends in the middle of the line (longer than a line may be)",
        )
    ]
    assert bad[0].content == b""
    assert sum(len(batch.records) for batch in found) == (2 if len(rest) > 1 else 1)


def test_line_of_the_greatest_length_is_good() -> None:
    line = encode()

    assert reasons(line + b"\n", longest=len(line)) == []
    assert reasons(line + b"\n", longest=len(line) - 1) == [
        (1, "longer than a line may be")
    ]


def test_truncated_last_line_is_before_the_end_of_no_batch() -> None:
    whole = encode() + b"\n"

    (batch,) = batches(whole + encode(id="b")[:-9])

    assert [bad.number for bad in batch.bad] == [2]
    assert batch.bad[0].reason.startswith("the file ends in the middle of the line")
    assert (batch.end, batch.line_number) == (len(whole), 1)


def test_last_line_needs_no_end() -> None:
    content = encode() + b"\n" + encode(id="b")

    (batch,) = batches(content)

    assert (len(batch.records), batch.end) == (2, len(content))


def test_batches_follow_each_other() -> None:
    content = b"".join(encode(id=str(number)) + b"\n" for number in range(7))

    found = batches(content, batch_size=3)

    assert [batch.lines for batch in found] == [3, 3, 1]
    assert [batch.begin for batch in found[1:]] == [batch.end for batch in found[:-1]]
    assert (found[0].begin, found[-1].end) == (0, len(content))
    assert content[: found[0].end].endswith(found[0].tail)


def test_ids_depend_on_the_line_or_its_own_id() -> None:
    given = "5b0d6d1c-3c63-5c0a-9d5c-6f0c3f8b7a51"

    assert parse(encode()).request_id == parse(encode() + b"\r").request_id
    assert parse(encode()).request_id != parse(encode(status=200)).request_id
    assert parse(encode(id="x")).request_id == parse(encode(id="x", a=1)).request_id
    assert str(parse(encode(id=given)).request_id) == given
    assert (
        parse(encode(id="x")).request_id != parse(encode(id="x", train="b")).request_id
    )
