"""What a cursor is for, and who can make one."""

from __future__ import annotations

import base64
import json

import pytest

from datalayer.errors import InvalidCursor, InvalidLimit
from datalayer.runtime import Paging, at_most
from datalayer.runtime.paging import CURSOR_KEY, page_of, read_cursor, write_cursor

PAGING = Paging(
    keys={
        "newest": {"written_at": "timestamptz DESC", "id": "int4"},
        "title": {"title": "text", "id": "int4"},
    },
    limit="row_limit",
)
VALUES = ["'\"\U0001f600", 7]


def write(name: str = "list_notes", paging: Paging = PAGING) -> str:
    return write_cursor(name, paging, VALUES, order="title")


def read(
    cursor: str,
    name: str = "list_notes",
    paging: Paging = PAGING,
    order: str = "title",
) -> list[str]:
    return read_cursor(name, paging, cursor, order=order)


def test_cursor_returns_its_values_as_text() -> None:
    assert read(write()) == list(map(str, VALUES))


def test_cursor_fits_into_an_address() -> None:
    assert not set(write()) - set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


@pytest.mark.parametrize("secret", ["", "a secret"])
def test_change_of_any_byte_is_noticed(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv(CURSOR_KEY, secret)
    cursor = write()
    signed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

    for position in range(len(signed)):
        changed = bytearray(signed)
        changed[position] ^= 1

        with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
            read(base64.urlsafe_b64encode(changed).decode().rstrip("="))


@pytest.mark.parametrize(
    "text", ["", "a", "!", "é", "=", "AAAA", "\0", " ", "[]", "A" * 5000]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
        read(text)


def test_cursor_of_another_query_is_refused() -> None:
    with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
        read(write("list_letters"))


def test_cursor_of_another_order_says_so() -> None:
    with pytest.raises(InvalidCursor, match="of the order `title` of `list_notes`"):
        read(write(), order="newest")


@pytest.mark.parametrize(
    "keys",
    [
        {"title": "text", "id": "int8"},
        {"title": "text", "id": "int4 DESC"},
        {"id": "int4", "title": "text"},
        {"title": "text"},
    ],
    ids=["type", "direction", "order", "number"],
)
def test_cursor_of_other_keys_is_refused(keys: dict[str, str]) -> None:
    later = Paging(keys={"title": keys}, limit="row_limit")

    with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
        read(write(), paging=later)


def test_cursor_outlives_a_new_order() -> None:
    later = Paging(keys={**PAGING.keys, "id": {"id": "int4"}}, limit="row_limit")

    assert read(write(), paging=later) == list(map(str, VALUES))


def test_secret_is_needed_to_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    unsigned = write()
    monkeypatch.setenv(CURSOR_KEY, "new")

    with pytest.raises(InvalidCursor):
        read(unsigned)


def test_cursors_of_an_old_secret_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CURSOR_KEY, "old")
    old = write()
    monkeypatch.setenv(CURSOR_KEY, "new, old")
    both = write()

    assert read(old) == read(both)
    monkeypatch.setenv(CURSOR_KEY, "new")
    assert read(both) == list(map(str, VALUES))
    with pytest.raises(InvalidCursor):
        read(old)


@pytest.mark.parametrize(
    "content",
    [{}, [], ["a"], ["a", 1], ["a", None], ["a", "\0"], ["a", "b", "c"], "ab"],
    ids=str,
)
def test_what_anybody_can_sign_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, content: object
) -> None:
    text = json.dumps(content)
    cursor = _signed(monkeypatch, text)

    with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
        read(cursor)


@pytest.mark.parametrize("text", ["", "nonsense", "[" * 100_000], ids=len)
def test_what_is_no_json_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    cursor = _signed(monkeypatch, text)

    with pytest.raises(InvalidCursor, match="not a cursor of `list_notes`"):
        read(cursor)


def _signed(monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """Return a cursor with a text of its own, as who knows the code could make it."""
    with monkeypatch.context() as patch:
        patch.setattr("datalayer.runtime.paging.json.dumps", _dumps(text))
        return write()


def _dumps(text: str) -> object:
    real = json.dumps

    def dumps(value: object, **options: object) -> str:
        # Values are written compactly, what a cursor is for is not.
        return text if options else real(value)

    return dumps


def test_row_with_a_null_key_has_no_cursor() -> None:
    class Row:
        title = None
        id = 1

    with pytest.raises(InvalidCursor, match="where `title` is NULL"):
        page_of("list_notes", PAGING, [Row(), Row()], limit=1, order="title")


def test_number_above_its_maximum_is_refused() -> None:
    assert at_most(500, "row_limit", 500) == 500
    assert at_most(500, "row_limit", None) is None

    with pytest.raises(InvalidLimit, match="`row_limit` is 501, and at most 500"):
        at_most(500, "row_limit", 501)
