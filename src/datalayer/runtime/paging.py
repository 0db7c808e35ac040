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
from datalayer.runtime.json import JsonValue
from datalayer.runtime.parameters import int8

ItemT = TypeVar("ItemT")

#: The environment variable that holds the secrets that sign cursors, with commas
#: between them: the first one signs, and all are accepted.
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

    #: The attributes of a row that a cursor holds, for each order by its name; each
    #: with the type and the direction that a cursor is bound to.
    keys: Mapping[str, Mapping[str, str]]
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
        keys = read_cursor(name, paging, cursor, order=order)
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
    if None in keys:
        # Only an author's word can have said that it never is.
        attribute = list(paging.keys[order])[keys.index(None)]
        raise InvalidCursor(
            f"no cursor of `{name}` begins where `{attribute}` is NULL",
            help="order by a column that is never NULL",
        )
    return Page(items, write_cursor(name, paging, keys, order=order))


def write_cursor(
    name: str, paging: Paging, values: Sequence[object], *, order: str
) -> str:
    """Return a cursor behind the row with some key values."""
    text = json.dumps([*map(str, values)], separators=(",", ":")).encode()
    signed = _signature(_signing_keys()[0], _bound(name, paging, order), text) + text
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def read_cursor(name: str, paging: Paging, cursor: str, *, order: str) -> list[str]:
    """Return the key values of a cursor, as text.

    Raises `InvalidCursor` when it was changed, or made for another query or order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        signed = base64.b64decode(padded, altchars=b"-_", validate=True)
    except ValueError:
        raise _invalid(name) from None
    own = next(
        (each for each in paging.keys if _fits(name, paging, each, signed)), None
    )
    if own is None:
        raise _invalid(name)
    if own != order:
        raise InvalidCursor(
            f"the cursor is of the order `{own}` of `{name}`, not `{order}`",
            help="ask for the first page of the other order, without a cursor",
        )
    return _values(name, signed[_SIGNATURE_LENGTH:], len(paging.keys[order]))


def _values(name: str, text: bytes, length: int) -> list[str]:
    # Without a secret anybody can sign anything.
    try:
        values: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid(name) from None
    if not (isinstance(values, list) and len(values) == length):
        raise _invalid(name)
    found = [value for value in values if isinstance(value, str) and "\0" not in value]
    if len(found) != length:
        raise _invalid(name)
    return found


def _fits(name: str, paging: Paging, order: str, signed: bytes) -> bool:
    """Tell whether a cursor was made for an order, with any of the secrets."""
    signature, text = signed[:_SIGNATURE_LENGTH], signed[_SIGNATURE_LENGTH:]
    bound = _bound(name, paging, order)
    return any(
        hmac.compare_digest(signature, _signature(secret, bound, text))
        for secret in _signing_keys()
    )


def _signing_keys() -> list[bytes]:
    """Return the secrets, of which the first one signs.

    An empty one finds accidents, not malice.
    """
    texts = os.environ.get(CURSOR_KEY, "").split(",")
    return [text.strip().encode() for text in texts if text.strip()] or [b""]


def _bound(name: str, paging: Paging, order: str) -> bytes:
    """Return what a cursor is for: a query, an order, and the keys of that."""
    return json.dumps([name, order, *paging.keys[order].items()]).encode()


def _signature(secret: bytes, bound: bytes, text: bytes) -> bytes:
    digest = hmac.new(secret, bound + b"\0" + text, hashlib.sha256).digest()
    return digest[:_SIGNATURE_LENGTH]


def _invalid(name: str) -> InvalidCursor:
    return InvalidCursor(
        f"this is not a cursor of `{name}`",
        help="pass `next` of a page unchanged, or nothing for the first page",
    )
