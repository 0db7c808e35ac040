"""What the header of a query says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from datalayer.location import Location


Literal: TypeAlias = str | int | float | bool | None


class Operation(StrEnum):
    """What a query returns; the values are the suffixes of aiosql."""

    MANY = ""
    ONE = "^"
    VALUE = "$"
    AFFECTED = "!"
    RETURNING = "<!"
    MANY_PARAMETERS = "*!"
    SCRIPT = "#"


@dataclass(frozen=True, slots=True)
class ParameterDirective:
    """`-- @param name = default` or `-- @param name null | not null`."""

    name: str
    location: Location
    has_default: bool = False
    default: Literal = None
    nullable: bool | None = None
    #: `-- @param name[] null | not null`: what the elements of an array may be.
    elements_nullable: bool | None = None
    #: `-- @param name max 500`, and where it says so.
    maximum: int | None = None
    maximum_location: Location | None = None


@dataclass(frozen=True, slots=True)
class ColumnDirective:
    """`-- @column name null | not null`, or `name[]` for the elements of an array."""

    name: str
    location: Location
    nullable: bool | None = None
    elements_nullable: bool | None = None


@dataclass(frozen=True, slots=True)
class TypeDirective:
    """`-- @type name python.dotted.Type` for a json column or parameter."""

    name: str
    dotted: str
    location: Location
    #: `-- @type name[] …`: what the elements of an array are.
    of_elements: bool = False
    #: `-- @type … validated`: compared with the type also where nothing is made.
    validated: bool = False


@dataclass(frozen=True, slots=True)
class RaisesDirective:
    """`-- @raises constraint ClassName`: what a violation is called in Python."""

    constraint: str
    class_name: str
    location: Location


@dataclass(frozen=True, slots=True)
class MapDirective:
    """`-- @map key` or `-- @map key = value`: the rows, or values, by a column."""

    name: str
    location: Location
    #: What is looked up by the key, where that is not the whole row.
    value: str | None = None
    value_location: Location | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """`-- @allow rule: reason`: a finding that the author looked at."""

    rule: str
    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class OrderDirective:
    """`-- @order name = created_at DESC, id`: an order that may be asked for."""

    name: str
    sql: str
    location: Location


@dataclass(frozen=True, slots=True)
class PageDirective:
    """`-- @page created_at DESC, id`, or `-- @page` for the order as written."""

    sql: str | None
    location: Location
