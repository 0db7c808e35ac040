"""Bodies and texts as PostgreSQL can hold them, whatever a client sent.

jsonb and text hold neither NUL nor lone surrogates, and JSON has no NaN. Such
a character becomes the text of its escape: six characters, such as `\\u0000`. A float
that is no number becomes its name as text, an integer of thousands of digits its
hexadecimal digits as text, and what is nested too deeply a mark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from datalayer.runtime.json import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime import JsonInput, JsonValue

#: What stands for whatever is nested more deeply than `DEEPEST`.
TOO_DEEP = "[nested too deeply]"

#: Python and PostgreSQL both read JSON that is nested so deeply, with room to spare.
DEEPEST = 200

#: Python refuses to read integers of more than 4,300 digits.
_MOST_BITS = 14_000

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def encode_json(value: JsonInput | None) -> str | None:
    """Return the JSON text of a value that jsonb can hold; None stays None."""
    if value is None:
        return None
    try:
        encoded = dumps(value)
    except (ValueError, RecursionError):
        # NaN, a lone surrogate, an integer of too many digits, or far too deep.
        return dumps(storable_json(value)).decode()
    # The text of an escape looks the same here, and goes through unharmed.
    if b"\\u0000" in encoded or _is_deep(value):
        return dumps(storable_json(value)).decode()
    return encoded.decode()


def storable_json(value: JsonInput, *, depth: int = 0) -> JsonValue:
    """Return a value with what jsonb cannot hold replaced, and all else as it is."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _name_of(value)
    if isinstance(value, int) or value is None:
        return value if value is None else _storable_integer(value)
    if depth == DEEPEST:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {
            storable_text(str(name)): storable_json(item, depth=depth + 1)
            for name, item in value.items()
        }
    return [storable_json(item, depth=depth + 1) for item in value]


def storable_text(text: str) -> str:
    """Return a text with NUL and lone surrogates replaced by their escapes."""
    return _UNSTORABLE.sub(_escape, text)


def unstorable_character(text: str) -> str | None:
    """Return the name of the first character that PostgreSQL cannot hold, if any."""
    found = _UNSTORABLE.search(text)
    if found is None:
        return None
    return "NUL" if found[0] == "\0" else "a lone surrogate"


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _storable_integer(value: int) -> JsonValue:
    return hex(value) if value.bit_length() > _MOST_BITS else value


def _name_of(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _is_deep(value: JsonInput) -> bool:
    """Tell whether a value is nested more deeply than `DEEPEST`."""
    level: list[JsonInput] = [value]
    for _ in range(DEEPEST + 1):
        level = [item for each in level for item in _items(each)]
        if not level:
            return False
    return True


def _items(value: JsonInput) -> Iterator[JsonInput]:
    """Yield the arrays and objects of an array or object."""
    items = value.values() if isinstance(value, Mapping) else value
    if isinstance(items, str) or not isinstance(items, Iterable):
        return
    for item in items:
        if isinstance(item, Mapping | list | tuple):
            yield item
