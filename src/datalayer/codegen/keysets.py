"""The SQL that finds the rows behind those of a page.

Keyset paging: https://use-the-index-luke.com/no-offset tells why.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.model import SortKey

#: The argument that continues a list.
CURSOR = "cursor"
#: The first of the values that it holds.
FIRST_KEY = f"{CURSOR}_1"


def key_parameters(keys: Sequence[SortKey]) -> list[str]:
    """Return the names of the values that a cursor holds."""
    return [f"{CURSOR}_{number}" for number, _ in enumerate(keys, 1)]


def behind(keys: Sequence[SortKey]) -> str:
    """Return the condition of the rows behind a cursor; `%(name)s` are its values.

    Keys of one direction are compared as a row; otherwise the first ones of one
    direction stand alone as well, so that an index can begin there.
    """
    names = [_quoted(key.name) for key in keys]
    values = [f"%({name})s" for name in key_parameters(keys)]
    sign = "<" if keys[0].descending else ">"
    length = len(
        list(takewhile(lambda key: key.descending == keys[0].descending, keys))
    )
    if length == len(keys):
        return f"{_row(names)} {sign} {_row(values)}"
    bound = f"{_row(names[:length])} {sign}= {_row(values[:length])}"
    return f"{bound}\n    AND ({_lexical(keys, names, values)})"


def _row(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"({', '.join(items)})"


def equal(keys: Sequence[SortKey]) -> str:
    """Return the condition of the rows that a cursor cannot tell apart."""
    names = [_quoted(key.name) for key in keys]
    values = [f"%({name})s" for name in key_parameters(keys)]
    return " AND ".join(f"{n} = {v}" for n, v in zip(names, values, strict=True))


def order_by(keys: Sequence[SortKey]) -> str:
    """Return the list of an ORDER BY."""
    return ", ".join(map(_sorted_by, keys))


def bound_as(key: SortKey, type_name: str) -> str:
    """Return what a cursor is bound to of a key: its type and its direction."""
    return f"{type_name}{' DESC' if key.descending else ''}"


def _sorted_by(key: SortKey) -> str:
    direction = " DESC" if key.descending else ""
    # No key is NULL, yet an index serves only the placement that it has.
    nulls = f" NULLS {key.nulls}" if key.nulls else ""
    return f"{_quoted(key.name)}{direction}{nulls}"


def _lexical(
    keys: Sequence[SortKey], names: Sequence[str], values: Sequence[str]
) -> str:
    sign = "<" if keys[0].descending else ">"
    first = f"{names[0]} {sign} {values[0]}"
    if len(keys) == 1:
        return first
    rest = _lexical(keys[1:], names[1:], values[1:])
    inner = f"({rest})" if len(keys) > 2 else rest
    return f"{first}\n        OR {names[0]} = {values[0]} AND {inner}"


def _quoted(name: str) -> str:
    # Always in quotes: which words are reserved differs between versions.
    return '"' + name.replace('"', '""') + '"'
