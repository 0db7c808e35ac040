"""How the bytes of a JSON or TOML file become a JSON document."""

from __future__ import annotations

import datetime
import json
import math
import tomllib
from typing import TypeAlias

Json: TypeAlias = (
    "bool | int | float | str | list[Json] | dict[str, Json] | None"  # recursive
)


class NotADocument(Exception):
    """The bytes are not a document; the text says why, in a few words."""


def read_document(content: bytes, path: str) -> Json:
    """Parse TOML if the path says so, else JSON; raise `NotADocument` if it is not."""
    language = "TOML" if path.endswith(".toml") else "JSON"
    try:
        text = content.decode("utf-8-sig")
        value = tomllib.loads(text) if language == "TOML" else _read_json(text)
        document = _as_json(value)
        # A lone half of a surrogate pair can be written in JSON, but not stored.
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise NotADocument(f"not {language}: nested too deeply") from None
    except UnicodeError:
        raise NotADocument("not UTF-8") from None
    except ValueError as error:
        raise NotADocument(f"not {language}: {_first_line(error)}") from error
    return document


def canonical(document: Json) -> str:
    """Return the one text that equal documents share; `1`, `1.0` and `true` differ."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _read_json(text: str) -> object:
    value: object = json.loads(text, parse_constant=_refuse_constant)
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(f"`{name}` is not a number")


def _as_json(value: object) -> Json:
    """Spell out what TOML knows and JSON does not: dates and times become text."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`{value}` is not a number")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a parser returned {type(value).__name__}")


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
