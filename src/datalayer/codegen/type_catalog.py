"""Which PostgreSQL type an OID stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.rows import tuple_row

from datalayer.model import CompositeField, SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Objects below this OID belong to PostgreSQL itself (`FirstNormalObjectId`).
FIRST_USER_OID = 16384

# `typarray` tells a true array from the fixed vectors (`int2vector`), which only
# look like one.
_TYPE = """
SELECT
    t.typname,
    n.nspname,
    t.typtype::text,
    t.typbasetype,
    t.typrelid,
    coalesce(
        (SELECT e.oid FROM pg_type AS e WHERE e.oid = t.typelem AND e.typarray = t.oid),
        (
            SELECT r.rngsubtype FROM pg_range AS r
            WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
        ),
        0
    ),
    ARRAY(
        SELECT l.enumlabel::text FROM pg_enum AS l
        WHERE l.enumtypid = t.oid
        ORDER BY l.enumsortorder
    ),
    (
        SELECT e.extname FROM pg_depend AS d
        INNER JOIN pg_extension AS e ON d.refobjid = e.oid
        WHERE
            d.classid = 'pg_type'::regclass
            AND d.objid = t.oid
            AND d.refclassid = 'pg_extension'::regclass
            AND d.deptype = 'e'
    ),
    t.typdelim::text
FROM pg_type AS t
INNER JOIN pg_namespace AS n ON t.typnamespace = n.oid
WHERE t.oid = %(oid)s
"""

_OID = """
SELECT t.oid
FROM pg_type AS t
INNER JOIN pg_namespace AS n ON t.typnamespace = n.oid
WHERE n.nspname = %(schema)s AND t.typname = %(name)s
"""

# The columns of a table in their order, without the dropped ones.
_FIELDS = """
SELECT
    a.attname,
    a.atttypid
FROM pg_attribute AS a
WHERE a.attrelid = %(relation)s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

_KINDS = {
    "b": TypeKind.BASE,
    "c": TypeKind.COMPOSITE,
    "e": TypeKind.ENUM,
    "m": TypeKind.MULTIRANGE,
    "p": TypeKind.PSEUDO,
    "r": TypeKind.RANGE,
}


def catalogue_rows(
    connection: psycopg.Connection[Any],
    question: LiteralString,
    values: Mapping[str, object],
) -> list[tuple[Any, ...]]:
    """Return the rows of a question with `%(name)s`, whatever the connection's cursors.

    Nothing is prepared: it could collide with a prepared statement of the user.
    """
    with psycopg.Cursor(connection, row_factory=tuple_row) as cursor:
        return cursor.execute(question, values, prepare=False).fetchall()


class TypeCatalog:
    """The types of one database, each asked for once."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Remember whom to ask, and what `[tool.datalayer.types]` says."""
        self._connection = connection
        self._settings = settings or {}
        self._types: dict[int, SqlType] = {}

    def find(self, oid: int) -> SqlType:
        """Return the type of an OID; a domain is its base type that knows it."""
        if oid not in self._types:
            self._types[oid] = self._read(oid)
        return self._types[oid]

    def domain_or(self, oid: int, domain: int) -> SqlType:
        """Return the type of an OID, that of a domain if it is its base type.

        PostgreSQL describes a column of a domain by the type below it.
        """
        described = self.find(oid)
        found = self.find(domain) if domain else described
        return (
            found if replace(found, domain=described.domain) == described else described
        )

    def named(self, schema: str, name: str) -> SqlType | None:
        """Return a type by its name; None if there is none."""
        values = {"schema": schema, "name": name}
        rows = catalogue_rows(self._connection, _OID, values)
        return self.find(rows[0][0]) if rows else None

    def _read(self, oid: int) -> SqlType:
        rows = catalogue_rows(self._connection, _TYPE, {"oid": oid})
        if not rows:
            return SqlType("unknown", kind=TypeKind.PSEUDO)
        (
            (name, schema, letter, base, relation, inner, labels, extension, delimiter),
        ) = rows
        if base:
            return replace(self.find(base), domain=(schema, name))
        kind = _KINDS[letter]
        # `record[]` and `cstring[]` are pseudo-types, too.
        if inner and kind in (TypeKind.BASE, TypeKind.PSEUDO):
            kind = TypeKind.ARRAY
        return SqlType(
            name=name,
            schema=schema,
            kind=kind,
            element=self.find(inner) if inner else None,
            labels=tuple(labels),
            extension=extension,
            delimiter=delimiter,
            setting=self._settings.get(f"{schema}.{name}"),
            fields=self._fields(relation) if relation else (),
        )

    def _fields(self, relation: int) -> tuple[CompositeField, ...]:
        # No type is a part of itself: PostgreSQL refuses it, also through arrays.
        rows = catalogue_rows(self._connection, _FIELDS, {"relation": relation})
        return tuple(CompositeField(name, self.find(oid)) for name, oid in rows)
