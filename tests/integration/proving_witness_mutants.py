"""Broken versions of the search for rows of which a query returns something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from datalayer.proving import witness


@dataclass(frozen=True, slots=True)
class WitnessMutant:
    """What is replaced by what, and the query for which nothing is then found."""

    name: str
    attribute: str
    replacement: object
    missed: str


def _believed(session: Any, target: Any, world: Any, random: Any) -> Any:  # noqa: ANN401 - as the original
    return witness._rows(session, target, world, random)


def _uncounted(session: Any, target: Any, calls: Any) -> list[int]:  # noqa: ANN401 - as the original
    return [0] * len(calls)


WITNESS_MUTANTS = [
    WitnessMutant("counts_nothing", "_count", _uncounted, "full_halls"),
    WitnessMutant("makes_few_rows", "_SIZES", (1,) * 16, "full_halls"),
    WitnessMutant("believes_all", "_consistent_rows", _believed, "couples"),
    WitnessMutant("forgets_constants", "_BY_CHANCE", 99, "constants_at_once"),
    WitnessMutant("calls_nothing", "is_callable", lambda *_: False, "belongings"),
]
