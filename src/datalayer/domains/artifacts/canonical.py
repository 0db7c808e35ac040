"""The canonical form of a JSON document, in which equal documents have equal bytes.

Members sorted by the code points of their names, no white space, UTF-8 with escapes
only where JSON demands them. Integers keep all their digits, other numbers are the
shortest text that reads back as the same double: `1`, `1.0` and `true` stay different.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from datalayer.domains.artifacts.errors import InvalidDocument

if TYPE_CHECKING:
    from datalayer.runtime import JsonInput, JsonValue


def to_canonical(value: JsonInput) -> bytes:
    """Return the canonical form of a value.

    Raises `InvalidDocument` for what JSON does not have: a NaN, an infinity, a lone
    surrogate, a name that is not a string, an object of another class.
    """
    try:
        text = json.dumps(
            _plain(value, "the document"),
            allow_nan=False,
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )
        return text.encode()
    except RecursionError as error:
        raise InvalidDocument("the document is nested too deeply") from error
    except UnicodeEncodeError as error:
        raise InvalidDocument("a string holds a lone surrogate") from error
    except ValueError as error:
        # An integer of more digits than Python converts.
        raise InvalidDocument(f"the document has no JSON form: {error}") from error


def parse_json(content: bytes) -> JsonValue:
    """Return the value of a JSON text.

    Raises `InvalidDocument` when it is none, when an object has two members of one
    name, or when a number is too large for a double.
    """
    try:
        value: JsonValue = json.loads(
            content.decode(),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise InvalidDocument("the document is nested too deeply") from error
    except ValueError as error:
        raise InvalidDocument(f"the content is not JSON: {error}") from error
    return value


def content_id(content: bytes) -> str:
    """Return the id of content: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _plain(value: object, place: str) -> JsonValue:
    """Copy a value into dicts and lists, refusing what JSON does not have."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidDocument(f"{place} holds {value}, which JSON does not have")
        return value
    if isinstance(value, Mapping):
        return {
            _name(name, place): _plain(member, place) for name, member in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(element, place) for element in value]
    raise InvalidDocument(f"{place} holds a {type(value).__name__}, which is not JSON")


def _name(name: object, place: str) -> str:
    if isinstance(name, str):
        return name
    raise InvalidDocument(f"{place} has the name {name!r}, which is not a string")


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has two members `{twice}`")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large for a number")
    return number
