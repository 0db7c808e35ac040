"""What a database holds: tables with their columns, sequences, hourly relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import class_row, scalar_row

if TYPE_CHECKING:
    import psycopg

# Kept by each database for itself: what was applied, what is looked after.
_OWN = (
    "backfill_progress",
    "datalayer_late_hour",
    "datalayer_migration",
    "datalayer_partitioned",
    "datalayer_rollup",
    "datalayer_rollup_source",
    "datalayer_unsettled_hours",
)
_TABLES = """\
SELECT
    pg_class.relname AS name,
    array_agg(pg_attribute.attname::text ORDER BY pg_attribute.attname) AS columns,
    array_agg(
        format_type(pg_attribute.atttypid, pg_attribute.atttypmod)
        ORDER BY pg_attribute.attname
    ) AS types
FROM pg_catalog.pg_class
INNER JOIN pg_catalog.pg_attribute ON pg_attribute.attrelid = pg_class.oid
WHERE
    pg_class.relnamespace = %(schema)s::regnamespace
    AND pg_class.relkind IN ('r', 'p')
    AND NOT pg_class.relispartition
    AND pg_class.relname <> ALL(%(own)s)
    AND pg_attribute.attnum > 0
    AND NOT pg_attribute.attisdropped
    AND pg_attribute.attgenerated = ''
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_depend
        WHERE
            pg_depend.classid = 'pg_class'::regclass
            AND pg_depend.objid = pg_class.oid
            AND pg_depend.deptype = 'e'
    )
GROUP BY pg_class.oid, pg_class.relname
ORDER BY pg_class.relname
"""
_SEQUENCES = """\
SELECT relname::text
FROM pg_catalog.pg_class
WHERE relnamespace = %s::regnamespace AND relkind = 'S'
ORDER BY relname
"""
_HYPERTABLES = """\
SELECT hypertable_name::text
FROM timescaledb_information.hypertables
WHERE hypertable_schema = %s
"""
_AGGREGATES = """\
SELECT
    view_name::text AS name,
    hypertable_name::text AS raw,
    format(
        '%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name
    ) AS stored
FROM timescaledb_information.continuous_aggregates
WHERE view_schema = %s
ORDER BY view_name
"""
_ROLLUPS = sql.SQL("""\
SELECT
    datalayer_rollup.name,
    pg_class.relname::text AS raw,
    format('%%I.%%I', %s::text, datalayer_rollup.name || '_stored') AS stored
FROM {schema}.datalayer_rollup
INNER JOIN {schema}.datalayer_rollup_source USING (source)
INNER JOIN pg_class ON pg_class.oid = datalayer_rollup_source.relation
ORDER BY datalayer_rollup.name
""")


@dataclass(frozen=True, slots=True)
class Table:
    """A table, be it partitioned, a hypertable or neither; columns by name."""

    name: str
    columns: list[str]
    types: list[str]


@dataclass(frozen=True, slots=True)
class Relation:
    """An hourly relation, the table it counts, and where its stored hours are."""

    name: str
    raw: str
    stored: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is to move in one schema."""

    schema: str
    profile: str
    tables: dict[str, Table]
    sequences: list[str]
    hypertables: frozenset[str]
    relations: dict[str, Relation]


@dataclass(frozen=True, slots=True)
class Side:
    """The database that is left, or the one that is moved to."""

    connection: psycopg.Connection
    inventory: Inventory

    def name(self, relation: str) -> sql.Identifier:
        """Return the qualified name of a table, a view or a sequence."""
        return sql.Identifier(self.inventory.schema, relation)


def take_inventory(
    connection: psycopg.Connection, schema: str, profile: str
) -> Inventory:
    """Read what a schema holds."""
    relations = _relations(connection, schema, profile)
    stored = [f"{name}_stored" for name in relations]
    values = {"schema": schema, "own": [*_OWN, *stored]}
    with connection.cursor(row_factory=class_row(Table)) as cursor:
        tables = cursor.execute(_TABLES, values).fetchall()
    return Inventory(
        schema=schema,
        profile=profile,
        tables={table.name: table for table in tables},
        sequences=_names(connection, _SEQUENCES, schema),
        hypertables=frozenset(
            _names(connection, _HYPERTABLES, schema) if profile != "native" else ()
        ),
        relations=relations,
    )


def _relations(
    connection: psycopg.Connection, schema: str, profile: str
) -> dict[str, Relation]:
    with connection.cursor(row_factory=class_row(Relation)) as cursor:
        if profile != "native":
            found = cursor.execute(_AGGREGATES, (schema,)).fetchall()
        elif _has_rollups(connection, schema):
            question = _ROLLUPS.format(schema=sql.Identifier(schema))
            found = cursor.execute(question, (schema,)).fetchall()
        else:
            found = []
    return {relation.name: relation for relation in found}


def _has_rollups(connection: psycopg.Connection, schema: str) -> bool:
    with connection.cursor(row_factory=scalar_row) as cursor:
        question = "SELECT to_regclass(format('%%I.datalayer_rollup', %s::text))"
        return cursor.execute(question, (schema,)).fetchone() is not None


def _names(connection: psycopg.Connection, question: str, schema: str) -> list[str]:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(question.encode(), (schema,)).fetchall()
