"""Classes that no document can become, and those at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

from document_classes import Named, Point

if TYPE_CHECKING:
    from fractions import Fraction

ItemT = TypeVar("ItemT")


class Plain:
    """Nothing is known about its attributes."""


class Pair(Enum):
    BOTH = (1, 2)


@dataclass
class Lasting:
    took: timedelta


@dataclass
class Hidden:
    part: Fraction


@dataclass
class First:
    name: str


@dataclass
class Second:
    name: str


@dataclass
class Box(Generic[ItemT]):
    item: ItemT


@dataclass
class Looked:
    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("too small")


class Renamed(TypedDict, total=False):
    old: Required[int]
    new: NotRequired[int]


JustNames = list[int | str]

#: Types that are refused, each with what is said about it.
ODD: dict[str, tuple[Any, str]] = {
    "class": (Plain, "`Plain` has no form in JSON"),
    "enum": (Pair, "`Pair` has no form in JSON"),
    "field": (Lasting, "`timedelta` has no form in JSON"),
    "generic": (Box[int], "has no form in JSON"),
    "hidden": (Hidden, "in `Hidden`, name 'Fraction' is not defined"),
    "keys": (dict[int, str], "are not texts"),
    "lookalikes": (First | Second, "look alike in JSON"),
    "set": (set[int], "has no form in JSON"),
    "texts": (str | datetime, "look alike in JSON"),
    "two libraries": (list[Point | Named], "two libraries"),
    "unknown name": (list["Nothing"], "name 'Nothing' is not defined"),  # type: ignore[name-defined]  # noqa: F821
}
