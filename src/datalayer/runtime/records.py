"""Composite values as PostgreSQL writes them: `(1,"a b",)`.

https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# A field in quotes, or without any, and what ends it.
_FIELD = re.compile(r'("(?:[^"\\]|""|\\.)*"|[^",()\\]*)([,)])', re.DOTALL)
_ESCAPE = re.compile(r'"(")|\\(.)', re.DOTALL)


def parse_record(text: str) -> list[str | None]:
    """Return the fields of a composite value as text, or None for NULL.

    One NULL and no field at all are written alike, and are one NULL here.
    """
    # PostgreSQL puts what could be mistaken in quotes, and nothing else.
    matches = _FIELD.finditer(text, 1)
    return [_unquoted(match[1]) if match[1] else None for match in matches]


def write_record(fields: Iterable[str | None]) -> str:
    """Return the text of a composite value of fields as text."""
    written = ("" if field is None else quoted(field) for field in fields)
    return f"({','.join(written)})"


def quoted(text: str) -> str:
    """Return a text in quotes, as arrays, composite values and ranges have it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    return _ESCAPE.sub(r"\1\2", token[1:-1])
