"""The values of hstore, which are dictionaries of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping

# PostgreSQL quotes every key, and every value that is not NULL.
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PAIR = re.compile(rf"{_QUOTED}=>(?:NULL|{_QUOTED})", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def hstore(value: Mapping[str, str | None] | None) -> str | None:
    """Return an hstore parameter, as text."""
    if value is None:
        return None
    return ",".join(
        f"{_quoted(key)}=>{'NULL' if text is None else _quoted(text)}"
        for key, text in value.items()
    )


def hstore_value(value: str | Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a dictionary of what psycopg returns.

    That is text, or a dictionary where hstore was registered on the connection.
    """
    if isinstance(value, Mapping):
        return dict(value)
    pairs = (match.groups() for match in _PAIR.finditer(str(value)))
    return {
        _ESCAPE.sub(r"\1", key): None if text is None else _ESCAPE.sub(r"\1", text)
        for key, text in pairs
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
