"""Types that the author of the queries vouches for; not generated."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, NotRequired, TypeAlias, TypedDict

import msgspec
import pydantic


@dataclass(frozen=True, slots=True)
class Profile:
    """A dataclass of the standard library."""

    name: str
    since: datetime
    friends: list["Profile"] = field(default_factory=list["Profile"])


class Address(TypedDict):
    """What json.loads makes as it is."""

    city: str
    street: NotRequired[str]


class Settings(pydantic.BaseModel):
    """A model of pydantic."""

    colour: Literal["light", "dark"] = "light"


class Visit(msgspec.Struct):
    """A struct of msgspec."""

    at: datetime
    page: str = "/"


@dataclass
class Order:
    """A part of an alias."""

    amount: Decimal


Orders: TypeAlias = dict[str, Order | None]
