"""Classes of the standard library alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    CAT = "cat"
    DOG = "dog"


@dataclass
class Pet:
    name: str
    kind: Kind


@dataclass
class Person:
    name: str
    pets: list[Pet]
