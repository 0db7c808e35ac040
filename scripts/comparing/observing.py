"""What a result says against what was concluded about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg

from datalayer.model import Inference

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NULL_ELEMENT = re.compile(r"[{,]NULL[,}]")


def contradictions(cursor: psycopg.Cursor[Any], inference: Inference) -> Iterator[str]:
    """Yield each conclusion that a result refutes."""
    result = cursor.pgresult
    if result is None or not cursor.description:
        return
    if result.nfields != len(inference.columns):
        yield f"{len(inference.columns)} columns concluded, {result.nfields} came"
        return
    for index, column in enumerate(inference.columns):
        values = [result.get_value(row, index) for row in range(result.ntuples)]
        name = cursor.description[index].name
        if not column.nullable and None in values:
            yield f"column {index + 1}, `{name}`, is NULL"
        if not column.elements_nullable and any(map(_holds_null, values)):
            yield f"column {index + 1}, `{name}`, holds a NULL element"
    rows = inference.row_count
    if rows.at_most_one and result.ntuples > 1:
        yield f"{result.ntuples} rows instead of at most one"
    if rows.at_least_one and result.ntuples < 1:
        yield "no row instead of at least one"


def _holds_null(value: bytes | None) -> bool:
    if value is None or not value.startswith((b"{", b"[")):
        return False
    return bool(_NULL_ELEMENT.search(_QUOTED.sub("", value.decode(errors="replace"))))
