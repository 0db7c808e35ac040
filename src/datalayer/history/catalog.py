"""Questions to the catalog about tables that are, or shall be, tracked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg.rows import class_row, dict_row

from datalayer.history.model import TrackedColumn, TrackedTable
from datalayer.history.values import kind_of_type, settings_of_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection
    from psycopg.rows import DictRow

_FIND = "SELECT to_regclass(%s)::oid::bigint"
_FIND_EXACTLY = """
SELECT pg_class.oid::bigint
FROM pg_class
WHERE
    pg_class.oid = to_regclass(format('%%I', %(name)s::text))
    OR pg_class.oid = to_regclass(
        format('%%I.%%I', split_part(%(name)s, '.', 1), substr(
            %(name)s, strpos(%(name)s, '.') + 1
        ))
    )
"""
_NAMES = """
SELECT
    CASE WHEN pg_table_is_visible(oid) THEN '' ELSE relnamespace::regnamespace || '.'
    END || quote_ident(relname) AS name
FROM pg_class
WHERE
    relkind IN ('r', 'p')
    AND NOT relispartition
    AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
ORDER BY name
"""
_TABLE = """
SELECT
    pg_namespace.nspname AS schema,
    pg_class.relname AS name,
    pg_class.relkind::text AS kind,
    pg_class.relispartition AS is_partition,
    coalesce(pg_namespace.nspname = current_schema(), FALSE) AS is_in_path,
    ARRAY(
        SELECT pg_attribute.attname::text
        FROM pg_index
        INNER JOIN pg_attribute ON pg_index.indrelid = pg_attribute.attrelid
        WHERE
            pg_index.indrelid = pg_class.oid
            AND pg_index.indisprimary
            AND pg_attribute.attnum = any(pg_index.indkey)
        ORDER BY array_position(pg_index.indkey::smallint[], pg_attribute.attnum)
    ) AS primary_key,
    ARRAY(
        SELECT DISTINCT pg_attribute.attname::text
        FROM pg_index
        INNER JOIN pg_attribute ON pg_index.indrelid = pg_attribute.attrelid
        WHERE
            pg_index.indrelid = pg_class.oid
            AND pg_index.indisunique
            AND pg_attribute.attnum = any(pg_index.indkey)
    ) AS unique_columns
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
WHERE pg_class.oid = %s
"""
# A domain is what it is over.
_COLUMNS = """
WITH RECURSIVE chain AS (
    SELECT attnum, atttypid AS type
    FROM pg_attribute
    WHERE attrelid = %(table)s AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT chain.attnum, pg_type.typbasetype
    FROM chain
    INNER JOIN pg_type ON chain.type = pg_type.oid
    WHERE pg_type.typtype = 'd'
)
SELECT
    pg_attribute.attname::text AS name,
    format_type(pg_attribute.atttypid, pg_attribute.atttypmod) AS type,
    pg_attribute.attnotnull AS is_not_null,
    pg_attribute.attgenerated = 'v' AS is_virtual,
    root.typname::text AS root_name,
    root.typtype::text AS category,
    root.typnamespace = 'pg_catalog'::regnamespace AS is_builtin,
    coalesce(pg_collation.collisdeterministic, TRUE) AS is_deterministic,
    CASE
        WHEN pg_attribute.attcollation <> declared.typcollation
            THEN format('%%I.%%I', pg_namespace.nspname, pg_collation.collname)
    END AS collation,
    EXISTS (
        SELECT FROM pg_cast
        WHERE pg_cast.castsource = root.oid
            AND pg_cast.casttarget = 'json'::regtype
            AND pg_cast.castmethod = 'f'
            AND root.typnamespace <> 'pg_catalog'::regnamespace
    ) AS casts_to_json
FROM chain
INNER JOIN pg_type AS root ON chain.type = root.oid AND root.typtype <> 'd'
INNER JOIN pg_attribute
    ON pg_attribute.attrelid = %(table)s AND chain.attnum = pg_attribute.attnum
INNER JOIN pg_type AS declared ON pg_attribute.atttypid = declared.oid
LEFT JOIN pg_collation ON pg_attribute.attcollation = pg_collation.oid
LEFT JOIN pg_namespace ON pg_collation.collnamespace = pg_namespace.oid
ORDER BY pg_attribute.attnum
"""
# What a value consists of. What is inside a range is written as text, in JSON too.
_PARTS = """
WITH RECURSIVE part AS (
    SELECT attname::text AS column_name, atttypid AS type, start.in_text, start.as_text
    FROM pg_attribute
    CROSS JOIN (VALUES (TRUE, TRUE), (FALSE, FALSE)) AS start (in_text, as_text)
    WHERE attrelid = %(table)s AND attnum > 0 AND NOT attisdropped
    UNION
    SELECT part.column_name, inner_part.type, inner_part.in_text, part.as_text
    FROM part
    INNER JOIN pg_type ON part.type = pg_type.oid
    CROSS JOIN LATERAL (
        SELECT pg_type.typbasetype AS type, part.in_text
        WHERE pg_type.typtype = 'd'
        UNION ALL
        SELECT pg_type.typelem, part.in_text WHERE pg_type.typcategory = 'A'
        UNION ALL
        SELECT pg_attribute.atttypid, part.in_text
        FROM pg_attribute
        WHERE pg_type.typtype = 'c'
            AND pg_attribute.attrelid = pg_type.typrelid
            AND pg_attribute.attnum > 0
            AND NOT pg_attribute.attisdropped
        UNION ALL
        SELECT pg_range.rngsubtype, TRUE
        FROM pg_range
        WHERE pg_type.oid IN (pg_range.rngtypid, pg_range.rngmultitypid)
    ) AS inner_part
)
SELECT
    part.column_name,
    part.in_text,
    part.as_text,
    pg_type.typname::text AS name,
    pg_type.typtype::text AS category,
    pg_type.typnamespace = 'pg_catalog'::regnamespace AS is_builtin
FROM part
INNER JOIN pg_type ON part.type = pg_type.oid
WHERE pg_type.typcategory <> 'A'
"""
_TRIGGERS = """
SELECT
    tgname::text AS name,
    tgenabled::text AS enabled,
    tgtype AS type,
    tgfoid::bigint AS function,
    (SELECT proname::text FROM pg_proc WHERE pg_proc.oid = tgfoid) AS function_name,
    tgqual IS NOT NULL AS has_condition,
    tgattr::text <> '' AS has_columns,
    tgdeferrable AS is_deferrable
FROM pg_trigger
WHERE tgrelid = %s AND NOT tgisinternal
ORDER BY tgname
"""
_TAKEN = """
SELECT name
FROM unnest(%(relations)s::text[]) AS relation (name)
WHERE EXISTS (
    SELECT FROM pg_class
    WHERE
        relname = relation.name
        AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
)
UNION ALL
SELECT %(function)s || '()'
WHERE EXISTS (
    SELECT FROM pg_proc
    WHERE
        proname = %(function)s
        AND pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)
        AND pronargs = 0
)
UNION ALL
SELECT tgname
FROM pg_trigger
WHERE tgrelid = %(table)s AND tgname = any(%(triggers)s)
"""

_BEFORE, _ROW = 2, 1


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A relation as the catalog has it."""

    table: TrackedTable
    oid: int
    #: `pg_class.relkind`.
    kind: str
    is_partition: bool


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of a table."""

    name: str
    #: `pg_trigger.tgenabled`: O, D, R or A.
    enabled: str
    type: int
    function: int
    function_name: str
    #: Whether it has WHEN, and whether it is for an UPDATE OF some columns.
    has_condition: bool
    has_columns: bool
    is_deferrable: bool

    @property
    def is_after_row(self) -> bool:
        """Tell whether it fires after each row, as those of history do."""
        return bool(self.type & _ROW) and not self.type & _BEFORE


def find_table(connection: Connection, name: str) -> int | None:
    """Return the object identifier of a relation; letter case may be meant as it is."""
    try:
        with connection.transaction():
            row = connection.execute(_FIND, (name,)).fetchone()
    except psycopg.Error:
        # Not a name by the rules of SQL, such as `My Shop.item` or `a.b.c.d`.
        row = None
    if row is None or row[0] is None:
        row = connection.execute(_FIND_EXACTLY, {"name": name}).fetchone()
    return None if row is None else int(row[0])


def list_tables(connection: Connection) -> list[str]:
    """Return the names of the tables there are, as SQL."""
    return [str(row[0]) for row in connection.execute(_NAMES).fetchall()]


def read_table(connection: Connection, oid: int) -> FoundTable:
    """Return a relation with its columns; types are named by the session's path."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_TABLE, (oid,)).fetchone()
        assert found is not None  # it has just been found
        columns = cursor.execute(_COLUMNS, {"table": oid}).fetchall()
        parts = cursor.execute(_PARTS, {"table": oid}).fetchall()
    table = TrackedTable(
        schema=found["schema"],
        name=found["name"],
        columns=tuple(_column(row, parts) for row in columns),
        primary_key=tuple(found["primary_key"]),
        unique_columns=frozenset(found["unique_columns"]),
        is_in_path=found["is_in_path"],
        is_partitioned=found["kind"] == "p",
    )
    return FoundTable(table, oid, found["kind"], found["is_partition"])


def read_triggers(connection: Connection, oid: int) -> list[Trigger]:
    """Return the triggers of a relation that people made, in the order of firing."""
    with connection.cursor(row_factory=class_row(Trigger)) as cursor:
        return cursor.execute(_TRIGGERS, (oid,)).fetchall()


def taken_names(
    connection: Connection,
    *,
    schema: str,
    table: int,
    relations: Iterable[str],
    triggers: Iterable[str],
    function: str,
) -> list[str]:
    """Return which names something has already."""
    values = {
        "schema": schema,
        "table": table,
        "relations": list(relations),
        "triggers": list(triggers),
        "function": function,
    }
    return [str(row[0]) for row in connection.execute(_TAKEN, values).fetchall()]


def _column(row: DictRow, parts: list[DictRow]) -> TrackedColumn:
    root, is_builtin = row["root_name"], row["is_builtin"]
    kind = kind_of_type(
        root,
        category=row["category"],
        is_builtin=is_builtin,
        is_deterministic=row["is_deterministic"],
        casts_to_json=row["casts_to_json"],
    )
    return TrackedColumn(
        name=row["name"],
        type=row["type"],
        kind=kind,
        is_text=is_builtin and root in ("text", "varchar"),
        is_not_null=row["is_not_null"],
        is_virtual=row["is_virtual"],
        collation=row["collation"],
        json_settings=_settings(parts, row["name"], as_text=False),
        text_settings=_settings(parts, row["name"], as_text=True),
    )


def _settings(parts: list[DictRow], column: str, *, as_text: bool) -> frozenset[str]:
    found: set[str] = set()
    for part in parts:
        if part["column_name"] == column and part["as_text"] is as_text:
            found |= settings_of_type(
                part["name"],
                category=part["category"],
                is_builtin=part["is_builtin"],
                in_text=part["in_text"],
            )
    return frozenset(found)
