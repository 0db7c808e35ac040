"""A broken version of a query, and how to break it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from operations_clock import ClockSteps

if TYPE_CHECKING:
    import pytest
    from psycopg import Connection

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
        text = query.sql
        for old, new in changes:
            assert old in text, f"{constant} has no {old!r}"
            text = text.replace(old, new)
        monkeypatch.setattr(module, constant, dataclasses.replace(query, sql=text))

    return apply
