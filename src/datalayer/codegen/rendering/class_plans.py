"""What the classes of a generated module consist of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.codegen.rendering.defaults import Default
    from datalayer.codegen.rendering.typemap import PythonType


@dataclass(frozen=True, slots=True)
class Field:
    """An attribute of a row, or a parameter."""

    #: Its name in SQL and in Python.
    source_name: str
    name: str
    type: PythonType
    default: Default | None = None


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A dataclass: a row, a part of one, or one parameter set of a `*!` query."""

    name: str
    fields: tuple[Field, ...]
    #: The names of the queries whose rows, or parameter sets, it is.
    queries: tuple[str, ...]
    takes_parameters: bool = False
    #: The names of the queries in whose rows it is nested.
    nested_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NestPlan:
    """A class and the columns of its objects, with the objects in them."""

    class_name: str
    fields: tuple[int | NestPlan, ...]
    key: tuple[int, ...] | None = None
    present: int | None = None
    many: bool = False
