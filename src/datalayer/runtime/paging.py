"""Pages of a list, and the cursors that continue it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from datalayer.errors import InvalidCursor, InvalidLimit
from datalayer.runtime.parameters import int8

ItemT = TypeVar("ItemT")

#: The environment variable that holds the key with which cursors are signed.
CURSOR_KEY = "DATALAYER_CURSOR_KEY"
_SIGNATURE_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some rows of a list, and how to get those behind them."""

    items: list[ItemT]
    #: The cursor of the next page; None behind the last row.
    next: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """How the pages of a query are made."""

    #: The attributes of a row that a cursor holds, for each order by its name.
    keys: Mapping[str, tuple[str, ...]]
    #: The parameter of LIMIT.
    limit: str


def page_values(
    name: str,
    paging: Paging,
    values: Mapping[str, object],
    *,
    limit: int,
    cursor: str | None,
    order: str,
) -> dict[str, object]:
    """Return the values of a statement that reads a page and one row more."""
    if limit < 1:
        raise InvalidLimit(
            f"a page of `{name}` with {limit} rows",
            help=f"pass a `{paging.limit}` of 1 or more",
        )
    found = {**values, paging.limit: int8(limit + 1)}
    if cursor is not None:
        length = len(paging.keys.get(order, ()))
        keys = read_cursor(name, order, cursor, length)
        found |= {f"cursor_{number}": key for number, key in enumerate(keys, 1)}
    return found


def page_of(
    name: str, paging: Paging, rows: list[ItemT], *, limit: int, order: str
) -> Page[ItemT]:
    """Return a page of rows, of which one more than the limit was read."""
    items = rows[:limit]
    if len(rows) <= limit:
        return Page(items, None)
    keys = [getattr(items[-1], attribute) for attribute in paging.keys[order]]
    return Page(items, write_cursor(name, order, keys))


def write_cursor(name: str, order: str, values: Sequence[object]) -> str:
    """Return a cursor behind the row with some key values."""
    text = json.dumps([order, *map(str, values)], separators=(",", ":")).encode()
    signed = _signature(name, text) + text
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def read_cursor(name: str, order: str, cursor: str, length: int) -> list[str]:
    """Return the key values of a cursor, as text.

    Raises `InvalidCursor` when it was changed, or made for another query or order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signed = base64.b64decode(padded, altchars=b"-_", validate=True)
    except ValueError:
        raise _invalid(name) from None
    signature, text = signed[:_SIGNATURE_LENGTH], signed[_SIGNATURE_LENGTH:]
    if not hmac.compare_digest(signature, _signature(name, text)):
        raise _invalid(name)
    own, *values = json.loads(text)
    if own != order or len(values) != length:
        raise InvalidCursor(
            f"the cursor is of the order `{own}` of `{name}`, not `{order}`",
            help="ask for the first page of the other order, without a cursor",
        )
    return [str(value) for value in values]


def _signature(name: str, text: bytes) -> bytes:
    # Without a key of its own a cursor is safe from accidents, not from malice.
    key = os.environ.get(CURSOR_KEY, "").encode()
    digest = hmac.new(key, name.encode() + b"\0" + text, hashlib.sha256).digest()
    return digest[:_SIGNATURE_LENGTH]


def _invalid(name: str) -> InvalidCursor:
    return InvalidCursor(
        f"this is not a cursor of `{name}`",
        help="pass `next` of a page unchanged, or nothing for the first page",
    )
