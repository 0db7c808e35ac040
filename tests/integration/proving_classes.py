"""Classes that queries of the proven projects name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypedDict

import msgspec
import pydantic


@dataclass
class Profile:
    colour: str
    since: datetime | None
    friends: list[Profile]


class Model(pydantic.BaseModel):
    colour: str
    since: datetime | None = None


class Struct(msgspec.Struct):
    colour: str
    size: int = 0


class Meta(TypedDict):
    colour: str


Profiles: TypeAlias = "dict[str, Profile | None]"
