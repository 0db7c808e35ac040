"""Text and JSON with what no column can hold replaced by escapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.runtime import JsonInput


def storable_text(text: str) -> str:
    """Return a text with NUL and lone surrogates replaced by escapes."""
    whole = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole.replace("\0", "\\x00")


def storable_json(value: JsonInput) -> JsonInput:
    """Return JSON with NUL and lone surrogates in its texts replaced by escapes."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {
            storable_text(name): storable_json(member) for name, member in value.items()
        }
    if isinstance(value, Sequence):
        return [storable_json(element) for element in value]
    return value
