"""Which PostgreSQL type an OID stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalayer.model import SqlType, TypeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

# `typarray` tells a true array from the fixed vectors (`int2vector`), which only
# look like one.
_TYPE = """
SELECT
    t.typname,
    n.nspname,
    t.typtype::text,
    t.typbasetype,
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
WHERE t.oid = %s
"""

_OID = """
SELECT t.oid
FROM pg_type AS t
INNER JOIN pg_namespace AS n ON t.typnamespace = n.oid
WHERE n.nspname = %s AND t.typname = %s
"""

_KINDS = {
    "b": TypeKind.BASE,
    "c": TypeKind.COMPOSITE,
    "d": TypeKind.DOMAIN,
    "e": TypeKind.ENUM,
    "m": TypeKind.MULTIRANGE,
    "p": TypeKind.PSEUDO,
    "r": TypeKind.RANGE,
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A type and, for a domain, the OID of the type below it."""

    type: SqlType
    base: int


class TypeCatalog:
    """The types of one database, each asked for once."""

    def __init__(
        self, connection: Connection[Any], settings: Mapping[str, str] | None = None
    ) -> None:
        """Remember whom to ask, and what `[tool.datalayer.types]` says."""
        self._connection = connection
        self._settings = settings or {}
        self._entries: dict[int, _Entry] = {}

    def find(self, oid: int) -> SqlType:
        """Return the type of an OID; a domain counts as its base type."""
        entry = self._entry(oid)
        return self.find(entry.base) if entry.base else entry.type

    def named(self, schema: str, name: str) -> SqlType | None:
        """Return a type by its name, a domain as such; None if there is none."""
        row = self._connection.execute(_OID, (schema, name)).fetchone()
        return None if row is None else self._entry(row[0]).type

    def _entry(self, oid: int) -> _Entry:
        if oid not in self._entries:
            self._entries[oid] = self._read(oid)
        return self._entries[oid]

    def _read(self, oid: int) -> _Entry:
        row = self._connection.execute(_TYPE, (oid,)).fetchone()
        if row is None:
            return _Entry(SqlType("unknown", kind=TypeKind.PSEUDO), base=0)
        name, schema, letter, base, inner, labels, extension, delimiter = row
        kind = _KINDS[letter]
        # `record[]` and `cstring[]` are pseudo-types, too.
        if inner and kind in (TypeKind.BASE, TypeKind.PSEUDO):
            kind = TypeKind.ARRAY
        element = self._entry(inner).type if inner else None
        found = SqlType(
            name=name,
            schema=schema,
            kind=kind,
            element=element,
            labels=tuple(labels),
            extension=extension,
            delimiter=delimiter,
            setting=self._settings.get(f"{schema}.{name}"),
        )
        return _Entry(found, base)
