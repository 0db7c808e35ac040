"""The types of PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TypeKind(Enum):
    """The kinds of PostgreSQL types that differ in Python.

    There are no domains among them: they are resolved to their base types.
    """

    BASE = "base"
    ARRAY = "array"
    ENUM = "enum"
    COMPOSITE = "composite"
    RANGE = "range"
    MULTIRANGE = "multirange"
    PSEUDO = "pseudo"


@dataclass(frozen=True, slots=True)
class SqlType:
    """A PostgreSQL type by its catalogue name (`int4`, not `integer`)."""

    name: str
    schema: str = "pg_catalog"
    kind: TypeKind = TypeKind.BASE
    #: The element of an array, the subtype of a range or multirange.
    element: SqlType | None = None
    #: The labels of an enum, in their order.
    labels: tuple[str, ...] = ()
    #: The extension that it belongs to, if any.
    extension: str | None = None
    #: What separates the elements of its arrays.
    delimiter: str = ","
    #: What `[tool.datalayer.types]` says it is in Python.
    setting: str | None = None
    #: The fields of a composite type, or the columns of a table as a type.
    fields: tuple[CompositeField, ...] = ()
    #: The schema and the name of the domain that this is the base type of.
    domain: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CompositeField:
    """A field of a composite type, which can always be NULL.

    Not even a domain that is NOT NULL rules that out: an outer join gives its columns
    NULL, `ROW(x)::t` takes them as they are, and what was stored before `ALTER TYPE …
    ADD ATTRIBUTE` has NULL for the new field.
    """

    name: str
    type: SqlType
