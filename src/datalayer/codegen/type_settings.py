"""Whether `[tool.datalayer.types]` fits the types of a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.codegen.rendering.typemap import STR, find_mapping
from datalayer.codegen.type_catalog import TypeCatalog
from datalayer.errors import ConfigurationError
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from datalayer.model import SqlType

_TABLE = "`[tool.datalayer.types]`"
_KINDS = {
    TypeKind.ARRAY: "an array",
    TypeKind.COMPOSITE: "a composite type",
    TypeKind.ENUM: "an enum",
    TypeKind.MULTIRANGE: "a multirange",
    TypeKind.PSEUDO: "a pseudo-type",
    TypeKind.RANGE: "a range",
}


def check_settings(connection: Connection[Any], settings: Mapping[str, str]) -> None:
    """Raise `ConfigurationError` for a setting that could do nothing."""
    catalog = TypeCatalog(connection)
    for name in settings:
        type_ = catalog.named(*name.split(".", 1))
        if type_ is None:
            raise ConfigurationError(
                f"{_TABLE} names `{name}`, which the database does not have",
                help="do the migrations create it, and in that schema?",
            )
        _check(name, type_)


def _check(name: str, type_: SqlType) -> None:
    if type_.domain is not None or type_.kind is not TypeKind.BASE:
        kind = "a domain" if type_.domain is not None else _KINDS[type_.kind]
        raise ConfigurationError(
            f"{_TABLE} names `{name}`, which is {kind}",
            help="remove it: only base types are set, as what they are everywhere",
        )
    known = find_mapping(type_)
    if known is not None and known.result != STR:
        raise ConfigurationError(
            f"{_TABLE} names `{name}`, which is `{known.result}` already",
            help="remove it, and convert the values in the query or in Python",
        )
