"""Classes that authors could name in `@type`, and values of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal, NewType, NotRequired, TypeAlias, TypedDict
from uuid import UUID

import msgspec
import pydantic
from hypothesis import strategies as st

from datalayer.runtime import JsonValue

UserId = NewType("UserId", int)


class Mood(Enum):
    SAD = 1
    HAPPY = "happy"
    NONE = None


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Price:
    amount: Decimal
    currency: Literal["EUR", "CHF"] = "EUR"


@dataclass
class Note:
    kind: Literal["note"]
    text: str


@dataclass
class Call:
    kind: Literal["call", "video"]
    minutes: float


@dataclass(kw_only=True)
class Report:
    """Everything that a dataclass can have."""

    author: UserId
    title: str | None
    moment: datetime.datetime
    day: datetime.date
    time: datetime.time
    key: UUID
    price: Price
    mood: Mood
    colours: dict[Colour, bool]
    entries: list[Note | Call]
    pair: tuple[int, str | None]
    ratios: tuple[float, ...]
    either: int | str | list[bool] | None
    anything: JsonValue
    prices: Mapping[str, Price | None]
    tags: Sequence[str] = ()
    parts: list[Report] = field(default_factory=list)


class Meta(TypedDict):
    author: str
    tags: NotRequired[list[str]]


class Moved(TypedDict, total=False):
    at: datetime.datetime
    to: Price


class Point(msgspec.Struct):
    x: int
    y: float | None = None
    at: datetime.datetime | None = None
    amount: Decimal = Decimal(0)
    label: bytes = b""


class Named(pydantic.BaseModel):
    name: str = pydantic.Field(alias="Name")
    at: datetime.datetime | None = None
    amount: Decimal = Decimal(0)
    colours: dict[Colour, int] = {}
    took: datetime.timedelta = datetime.timedelta()

    @pydantic.computed_field  # type: ignore[prop-decorator]  # as its manual says
    @property
    def length(self) -> int:
        """Return something that cannot be read again."""
        return len(self.name)


class Strict(pydantic.BaseModel, strict=True, extra="forbid"):
    key: UUID
    days: list[datetime.date]


@dataclass
class Both:
    """A dataclass of the standard library with classes of both libraries."""

    point: Point
    named: Named | None


Reports: TypeAlias = list[Report]
Points: TypeAlias = "dict[str, Point | None]"
Tree: TypeAlias = dict[str, "Tree"] | int

# PostgreSQL has no NUL in texts, UTF-8 no lone surrogates.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
_ZONES = st.integers(-15 * 60, 15 * 60).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
_NAIVE = st.datetimes()
MOMENTS = _NAIVE | st.datetimes(timezones=_ZONES)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_DECIMALS = st.decimals(allow_nan=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)
PRICES = st.builds(Price, _DECIMALS, st.sampled_from(["EUR", "CHF"]))
_ENTRIES = st.builds(Note, st.just("note"), TEXT) | st.builds(
    Call, st.sampled_from(["call", "video"]), _FLOATS
)


def _reports(parts: st.SearchStrategy[list[Report]]) -> st.SearchStrategy[Report]:
    return st.builds(
        Report,
        author=st.integers().map(UserId),
        title=st.none() | TEXT,
        moment=MOMENTS,
        day=st.dates(),
        time=st.times(),
        key=st.uuids(),
        price=PRICES,
        mood=st.sampled_from(Mood),
        colours=st.dictionaries(st.sampled_from(Colour), st.booleans()),
        entries=st.lists(_ENTRIES, max_size=3),
        pair=st.tuples(st.integers(), st.none() | TEXT),
        ratios=st.lists(_FLOATS, max_size=3).map(tuple),
        either=st.none() | st.integers() | TEXT | st.lists(st.booleans(), max_size=2),
        anything=_JSON,
        prices=st.dictionaries(TEXT, st.none() | PRICES, max_size=2),
        tags=st.lists(TEXT, max_size=2),
        parts=parts,
    )


REPORTS = _reports(st.lists(_reports(st.just([])), max_size=1))
_META: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"author": TEXT}, optional={"tags": st.lists(TEXT, max_size=2)}
)
_MOVED: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional={"at": MOMENTS, "to": PRICES}
)
_OF_LIBRARIES = st.datetimes(timezones=_ZONES) | st.none()
POINTS = st.builds(
    Point,
    x=st.integers(-(2**70), 2**70),
    y=st.none() | _FLOATS,
    at=_OF_LIBRARIES,
    amount=_DECIMALS,
    label=st.binary(max_size=5),
)
NAMED = st.builds(
    Named,
    Name=TEXT,
    at=_OF_LIBRARIES,
    amount=st.decimals(allow_nan=False, allow_infinity=False),
    colours=st.dictionaries(st.sampled_from(Colour), st.integers()),
    took=st.timedeltas(datetime.timedelta(), datetime.timedelta(9999)),
)
_STRICT = st.builds(Strict, key=st.uuids(), days=st.lists(st.dates(), max_size=2))
_TREES: st.SearchStrategy[Any] = st.recursive(
    st.integers(), lambda inner: st.dictionaries(TEXT, inner, max_size=2), max_leaves=4
)

#: For each name in this module, values that are no JSON null.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "Both": st.builds(Both, POINTS, st.none() | NAMED),
    "Colour": st.sampled_from(Colour),
    "Meta": _META,
    "Moved": _MOVED,
    "Named": NAMED,
    "Point": POINTS,
    "Points": st.dictionaries(TEXT, st.none() | POINTS, max_size=2),
    "Report": REPORTS,
    "Reports": st.lists(REPORTS, max_size=2),
    "Strict": _STRICT,
    "Tree": _TREES,
}
