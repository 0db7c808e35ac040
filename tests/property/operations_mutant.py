"""A broken version of a query, and how to break it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from operations_clock import ClockSteps

from datalayer.runtime import Part, Query, VariedQuery
from datalayer.runtime.varied import Piece

if TYPE_CHECKING:
    import pytest
    from psycopg import Connection

    AnyQuery = Query[Any] | VariedQuery[Any]
    Apply = Callable[[pytest.MonkeyPatch, Connection[Any]], None]


@dataclass(frozen=True)
class Mutant:
    """A broken version, and what the machine that finds it says about it."""

    name: str
    machine: type[ClockSteps]
    apply: Apply
    #: A regular expression that matches the error.
    noticed_as: str


def change_sql(module: ModuleType, constant: str, *changes: tuple[str, str]) -> Apply:
    """Change the text of a query everywhere a piece of it stands."""

    def apply(monkeypatch: pytest.MonkeyPatch, _: Connection[Any]) -> None:
        query = getattr(module, constant)
        for change in changes:
            query = changed_query(query, *change)
        monkeypatch.setattr(module, constant, query)

    return apply


def changed_query(query: AnyQuery, old: str, new: str) -> AnyQuery:
    """Return a query with other text everywhere a piece of it stands."""
    assert any(old in text for text in _texts(query)), f"{query.name} has no {old!r}"
    if isinstance(query, Query):
        text: Any = query.sql.replace(old, new)
        return dataclasses.replace(query, sql=text)
    pieces = tuple(_changed_piece(piece, old, new) for piece in query.sql)
    # What was made of the pieces before is not what becomes of them now.
    return dataclasses.replace(query, sql=pieces, _made={})


def _changed_piece(piece: Piece, old: str, new: str) -> Any:  # noqa: ANN401 (a literal)
    if isinstance(piece, Part):
        return dataclasses.replace(piece, sql=_changed_piece(piece.sql, old, new))
    return piece.replace(old, new) if isinstance(piece, str) else piece


def _texts(query: AnyQuery) -> list[str]:
    if isinstance(query, Query):
        return [query.sql]
    found = (piece.sql if isinstance(piece, Part) else piece for piece in query.sql)
    return [text for text in found if isinstance(text, str)]
