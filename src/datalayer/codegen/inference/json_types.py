"""What JSON makes of the values of each PostgreSQL type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.json_shapes import (
    ANYTHING,
    NULL,
    JsonField,
    JsonShape,
    array_of,
    joined,
    mapping_of,
    object_of,
    scalar,
)
from datalayer.model import SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalayer.codegen.catalog import Catalog

TEXT = scalar("str")
#: A number with a point, or without one when it is whole.
NUMBER = scalar("float", "int")
#: JSON has neither NaN nor infinity, which become texts.
ANY_NUMBER = scalar("float", "int", "str")

#: The types of `pg_catalog` that are no text in JSON.
_BUILT_IN: Mapping[str, JsonShape] = {
    "bool": scalar("bool"),
    "float4": ANY_NUMBER,
    "float8": ANY_NUMBER,
    "int2": scalar("int"),
    # These are vectors of a kind that is an array to JSON alone.
    "int2vector": ANYTHING,
    "int4": scalar("int"),
    "int8": scalar("int"),
    "json": ANYTHING,
    "jsonb": ANYTHING,
    "numeric": ANY_NUMBER,
    "oidvector": ANYTHING,
}
_JSON = frozenset({"json", "jsonb"})


def is_json(type_: SqlType) -> bool:
    """Return whether the values of a type are documents."""
    return type_.schema == "pg_catalog" and type_.name in _JSON


def type_shape(type_: SqlType, catalog: Catalog) -> JsonShape:
    """Return what a value of a type that is not NULL can be in a document."""
    if type_.kind is TypeKind.ARRAY and type_.element is not None:
        return array_of(nullable_shape(type_.element, catalog))
    if type_.kind is TypeKind.COMPOSITE:
        return object_of(
            tuple(
                JsonField(field.name, nullable_shape(field.type, catalog))
                for field in type_.fields
            )
        )
    if type_.kind is TypeKind.PSEUDO:
        return TEXT if type_.name == "unknown" else ANYTHING
    if type_.schema == "pg_catalog":
        return _BUILT_IN.get(type_.name, TEXT)
    if type_.extension == "hstore":
        return mapping_of(joined(TEXT, NULL))
    # PostgreSQL asks the casts of types that it did not bring itself.
    return ANYTHING if catalog.has_json_cast(type_.schema, type_.name) else TEXT


def nullable_shape(type_: SqlType, catalog: Catalog) -> JsonShape:
    """Return what a value of a type can be, of which nothing else is known."""
    return joined(type_shape(type_, catalog), NULL)
