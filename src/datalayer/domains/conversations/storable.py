"""Text and JSON with what no column can hold replaced, so that all else is kept.

NUL and lone surrogates become their escapes, such as `\\x00` and `\\ud800`. A float
that is no number becomes its name as text, an integer of thousands of digits its
hexadecimal digits as text, and what is nested more than 200 deep becomes `TOO_DEEP`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from datalayer.domains.arguments import storable_text
from datalayer.runtime.json import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime import JsonInput

#: What stands for whatever is nested more deeply than `DEEPEST`.
TOO_DEEP = "[nested too deeply]"

#: Python and PostgreSQL both read JSON that is nested so deeply, with room to spare.
DEEPEST = 200

# Python refuses to read integers of more than 4,300 digits.
_MOST_BITS = 14_000


def storable_json(value: JsonInput, *, depth: int = 0) -> JsonInput:
    """Return JSON with what jsonb cannot hold replaced, and all else as it is."""
    if isinstance(value, str):
        return storable_text(value)
    if value is None or isinstance(value, (int, float)):
        return _storable_number(value)
    if depth == DEEPEST:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {
            storable_text(name): storable_json(member, depth=depth + 1)
            for name, member in value.items()
        }
    return [storable_json(element, depth=depth + 1) for element in value]


def encode_json(value: JsonInput | None) -> str | None:
    """Return the text of JSON that jsonb can hold; None stays None."""
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


def _storable_number(value: int | float | None) -> JsonInput:
    if isinstance(value, int):
        return hex(value) if value.bit_length() > _MOST_BITS else value
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _is_deep(value: JsonInput) -> bool:
    """Tell whether JSON is nested more deeply than `DEEPEST`."""
    level: list[JsonInput] = [value]
    for _ in range(DEEPEST):
        level = [item for each in level for item in _containers_in(each)]
        if not level:
            return False
    return True


def _containers_in(value: JsonInput) -> Iterator[JsonInput]:
    """Yield the arrays and objects of an array or object."""
    items = value.values() if isinstance(value, Mapping) else value
    if isinstance(items, str) or not isinstance(items, Iterable):
        return
    for item in items:
        if isinstance(item, (Mapping, list, tuple)):
            yield item
