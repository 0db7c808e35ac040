"""JSON as Python values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from psycopg.types.json import Json, Jsonb

from datalayer.runtime.json_values import plain

try:
    import orjson
except ImportError:  # pragma: no cover - as in the thin install
    _orjson_dumps = None
else:
    _orjson_dumps = orjson.dumps

#: `OPT_PASSTHROUGH_DATACLASS` and `OPT_PASSTHROUGH_DATETIME` of orjson: both encoders
#: leave those to the same function.
_PASSED_ON = 1 << 11 | 1 << 9

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


def loads(text: bytes, *, exact: bool = False) -> object:
    """Return the value of JSON text, with a Decimal for each fraction if `exact`."""
    # Not by orjson, which makes a float of an integer beyond 64 bits.
    value: object = json.loads(text, parse_float=Decimal if exact else None)
    return value


def dumps(value: Any) -> bytes:  # noqa: ANN401 - as psycopg declares it
    """Return a value as JSON text, with orjson when it is installed.

    Raises `ValueError` for a NaN or an infinity, which JSON does not have.
    """
    if _orjson_dumps is not None:
        try:
            encoded = _orjson_dumps(value, plain, _PASSED_ON)
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
        default=plain,
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
