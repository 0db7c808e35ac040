"""JSON as Python values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from psycopg.types.json import Json, Jsonb

try:
    import orjson
except ImportError:  # pragma: no cover - as in the thin install
    _orjson_dumps = None
else:
    _orjson_dumps = orjson.dumps

#: What json and jsonb columns become; a JSON null is None.
JsonValue: TypeAlias = (
    dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
)
#: What json and jsonb parameters take.
JsonInput: TypeAlias = (
    Mapping[str, "JsonInput"] | Sequence["JsonInput"] | str | int | float | bool | None
)


def json_(value: object) -> Json | None:
    """Return a json parameter; None is SQL NULL."""
    return None if value is None else Json(value, dumps=dumps)


def jsonb(value: object) -> Jsonb | None:
    """Return a jsonb parameter; None is SQL NULL."""
    return None if value is None else Jsonb(value, dumps=dumps)


def dumps(value: Any) -> bytes:  # noqa: ANN401 - as psycopg declares it
    """Return a value as JSON text, with orjson when it is installed.

    Raises `ValueError` for a NaN or an infinity, which JSON does not have.
    """
    if _orjson_dumps is not None:
        try:
            encoded = _orjson_dumps(value, default=_plain)
        except TypeError:
            # An integer beyond 64 bits, a key that is no string, a lone surrogate.
            return _standard_dumps(value)
        # orjson writes null for a NaN.
        if b"null" not in encoded:
            return encoded
    return _standard_dumps(value)


def _standard_dumps(value: Any) -> bytes:  # noqa: ANN401 - as psycopg declares it
    return json.dumps(
        value,
        allow_nan=False,
        default=_plain,
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever json does not know
    # `isinstance` would make pyright forget that the value is Any.
    if issubclass(type(value), Mapping):
        return dict(value)
    if issubclass(type(value), Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
