"""From the bytes of a line to an object that PostgreSQL can store as jsonb."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from datalayer.domains.conversations.importing.problems import LineProblem, kind_of

if TYPE_CHECKING:
    from datalayer.runtime import JsonValue

try:
    import orjson
except ImportError:  # pragma: no cover - as in the thin install
    _fast_loads = None
else:
    _fast_loads = orjson.loads

#: An object of JSON.
JsonObject: TypeAlias = "dict[str, JsonValue]"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# An even number of backslashes before it: an escape, not a text about one.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# orjson makes a float of an integer beyond 64 bits.
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 19
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_object(content: bytes) -> JsonObject:
    """Return the object that a line holds; raise `LineProblem` when it holds none."""
    value = decode(content.removeprefix(_BYTE_ORDER_MARK))
    if not isinstance(value, dict):
        raise LineProblem(f"the line is {kind_of(value)}, not an object")
    return value


def decode(content: bytes) -> JsonValue:
    """Return the value of a JSON text; raise `LineProblem` for what jsonb refuses."""
    if b"\\u0000" in content and _ESCAPED_NUL.search(content):
        raise LineProblem("a text holds a NUL character, which jsonb cannot store")
    if _fast_loads is not None and not _has_long_number(content):
        try:
            value: JsonValue = _fast_loads(content)
        except ValueError:
            return _decode_slowly(content)
        return value
    return _decode_slowly(content)


def _has_long_number(content: bytes) -> bool:
    # A regular expression would take longer than all of the decoding.
    return _LONG_NUMBER in content.translate(_DIGITS_TO_ZEROS)


def _decode_slowly(content: bytes) -> JsonValue:
    """Decode with the standard library, whose messages tell the place."""
    try:
        text = content.decode()
        value: JsonValue = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite
        )
        # The escapes of both halves of a pair are one character by now.
        if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
            raise LineProblem("a text holds a lone surrogate, which is no character")
    except UnicodeDecodeError as error:
        raise LineProblem(f"not UTF-8: byte {error.start} is wrong") from error
    except json.JSONDecodeError as error:
        raise LineProblem(f"not JSON: {error.msg.lower()} at {error.pos}") from error
    except RecursionError as error:
        raise LineProblem("nested too deeply") from error
    except ValueError as error:
        raise LineProblem(f"not JSON: {error}") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:40]} is too large for a number")
    return number
