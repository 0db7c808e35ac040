"""What changed between two values of a field, told as briefly as it can be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from datalayer.dashboard.formatting import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime.json import JsonValue

#: Longer values are folded.
LONG_TEXT = 120

#: A field tells so many differences at most, and looks so deep for them.
MOST_DIFFERENCES = 40
_DEEPEST = 8

_DIGEST_KEYS = {"digest", "size", "type"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value as text: `kind` is `absent`, `null`, `digest`, `text` or `json`."""

    kind: str
    text: str

    @property
    def is_long(self) -> bool:
        """Return whether the text is better folded."""
        return len(self.text) > LONG_TEXT or "\n" in self.text


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in a field that has another value now; no path is the whole field."""

    path: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field with the places in it that differ."""

    field: str
    differences: tuple[Difference, ...]
    #: How many there are; only the first ones are kept.
    count: int

    @property
    def hidden(self) -> int:
        """Return how many differences are not told."""
        return self.count - len(self.differences)


def compare_field(field: str, old: JsonValue, new: JsonValue) -> FieldChange:
    """Return what differs in a field, key by key where both values are objects."""
    old_json, new_json = _unwrap(old), _unwrap(new)
    differences: list[Difference] = []
    if _is_plain(old_json) and _is_plain(new_json):
        differences = list(_walk((), old_json, new_json))
    if not differences:
        differences = [Difference("", recorded_value(old), recorded_value(new))]
    return FieldChange(field, tuple(differences[:MOST_DIFFERENCES]), len(differences))


def recorded_value(recorded: JsonValue) -> Value:
    """Return a value of `old_values` or `new_values` as text."""
    if recorded is None:
        return Value("null", "NULL")
    if _is_digest(recorded):
        digest = str(recorded["digest"]).removeprefix("md5:")
        length = recorded["size"]
        bytes_ = size(length) if isinstance(length, int) else str(length)
        return Value("digest", f"{recorded['type']}, {bytes_}, md5 {digest[:8]}…")
    return json_value(_unwrap(recorded))


def json_value(value: JsonValue) -> Value:
    """Return a value of JSON as text: a string as it is, the rest as JSON."""
    if isinstance(value, str):
        return Value("text", value)
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= LONG_TEXT:
        return Value("json", flat)
    return Value("json", json.dumps(value, ensure_ascii=False, indent=2))


_ABSENT = Value("absent", "absent")


def _walk(
    path: tuple[str, ...], old: dict[str, JsonValue], new: dict[str, JsonValue]
) -> Iterator[Difference]:
    for key in [*old, *(key for key in new if key not in old)]:
        place = (*path, key)
        if key not in new:
            yield Difference(".".join(place), json_value(old[key]), _ABSENT)
        elif key not in old:
            yield Difference(".".join(place), _ABSENT, json_value(new[key]))
        else:
            yield from _compare(place, old[key], new[key])


def _compare(
    place: tuple[str, ...], old: JsonValue, new: JsonValue
) -> Iterator[Difference]:
    if len(place) < _DEEPEST and _is_plain(old) and _is_plain(new):
        yield from _walk(place, old, new)
    elif _text(old) != _text(new):
        yield Difference(".".join(place), json_value(old), json_value(new))


def _text(value: JsonValue) -> str:
    # Python takes 1, 1.0 and True for equal.
    return json.dumps(value, sort_keys=True)


def _unwrap(recorded: JsonValue) -> JsonValue:
    """Return what `_jsonb_history_value` wrapped: the null of JSON, mostly."""
    if isinstance(recorded, dict) and set(recorded) == {"$json"}:
        return recorded["$json"]
    return recorded


def _is_plain(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict) and bool(value) and not _is_digest(value)


def _is_digest(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict) and set(value) == _DIGEST_KEYS
