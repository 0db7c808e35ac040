"""Ways to get documents wrong, each of which a law must notice."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from types import ModuleType
from typing import Any

from datalayer.runtime import json_values
from datalayer.runtime.documents import building, scalars, unions
from datalayer.runtime.documents.nodes import Node, build_list


@dataclass(frozen=True, slots=True)
class Mutant:
    """Something put in the place of a part, and a class whose values go wrong by it."""

    name: str
    module: ModuleType
    attribute: str
    replacement: object
    noticed: str


def _without_aliases(value: Any) -> object:  # noqa: ANN401 - a model
    found: object = value.model_dump(mode="json")
    return found


def _without_nothing(value: Any) -> object:  # noqa: ANN401 - of any class
    if not dataclasses.is_dataclass(value):
        return json_values._of_standard_class(value)
    known = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return {name: each for name, each in known.items() if each is not None}


def _first_member(members: list[unions.Member]) -> Node:
    return members[0].node


def _conversions(
    kind: type, convert: Callable[[Any], object]
) -> dict[type, Callable[[Any], object]]:
    return {**json_values._CONVERSIONS, kind: convert}


def _seconds(value: datetime.datetime) -> str:
    return value.isoformat(timespec="seconds")


def _scalars(kind: type, make: Callable[[Any], object]) -> dict[type, Node]:
    known = scalars.SCALARS[kind]
    return {
        **scalars.SCALARS,
        kind: Node(known.expected, known.kinds, make, plain=False),
    }


MUTANTS = [
    Mutant("aliases", json_values, "_of_model", _without_aliases, "Named"),
    Mutant(
        "decimals as floats",
        building,
        "SCALARS",
        _scalars(Decimal, lambda value: Decimal(float(str(value)))),
        "Report",
    ),
    Mutant(
        "enum by name",
        json_values,
        "_CONVERSIONS",
        _conversions(Enum, lambda member: member.name),
        "Report",
    ),
    Mutant("first member", unions, "_tagged_node", _first_member, "Report"),
    Mutant("list for a tuple", building, "build_endless_tuple", build_list, "Report"),
    Mutant("no fields of None", json_values, "plain", _without_nothing, "Report"),
    Mutant(
        "no microseconds",
        json_values,
        "_CONVERSIONS",
        _conversions(datetime.date, _seconds),
        "Moved",
    ),
    Mutant(
        "no time zone",
        building,
        "SCALARS",
        _scalars(
            datetime.datetime,
            lambda value: datetime.datetime.fromisoformat(str(value)).replace(
                tzinfo=None
            ),
        ),
        "Moved",
    ),
]
