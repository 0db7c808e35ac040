"""What PostgreSQL is asked before many calls of an INSERT go as one."""

from __future__ import annotations

from typing import LiteralString

# Each of these makes many rows of one command differ from many commands of a row, or
# from COPY: triggers see other rows than they would, and so do the checks of a key that
# refers to its own table; rules and policies are not for COPY.
IS_PLAIN: LiteralString = """
WITH parts AS (
    SELECT %(table)s::oid AS part
    UNION
    SELECT relid::oid FROM pg_catalog.pg_partition_tree(%(table)s::oid::regclass)
)

SELECT
    NOT EXISTS (
        SELECT FROM pg_catalog.pg_class
        WHERE
            oid IN (SELECT part FROM parts)
            AND (relkind NOT IN ('p', 'r') OR relhasrules OR relrowsecurity)
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger
        WHERE
            tgrelid IN (SELECT part FROM parts)
            AND NOT tgisinternal
            AND tgtype & 4 <> 0
    )
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint
        WHERE
            contype = 'f'
            AND conrelid IN (SELECT part FROM parts)
            AND confrelid IN (SELECT part FROM parts)
    )
"""

#: The quoted name of each column that is written, whether INSERT refuses values for it,
#: and its type with the one below, of a domain.
COLUMNS: LiteralString = """
SELECT
    attribute.attnum::int4,
    pg_catalog.quote_ident(attribute.attname),
    attribute.attidentity = 'a',
    ARRAY[type.oid::int8, type.typbasetype::int8]
FROM pg_catalog.pg_attribute AS attribute
INNER JOIN pg_catalog.pg_type AS type ON attribute.atttypid = type.oid
WHERE attribute.attrelid = %(table)s::oid AND attribute.attnum = ANY (%(numbers)s)
"""

TABLE_NAME: LiteralString = "SELECT %(table)s::oid::regclass::text"

# What reads no table gives each of many rows what it would give it alone.
ARE_HARMLESS: LiteralString = """
SELECT
    coalesce(
        bool_and(
            provolatile = 'i'
            OR oid < 16384
            AND (
                provolatile = 's' AND proname <> 'statement_timestamp'
                OR proname IN (
                    'clock_timestamp',
                    'gen_random_uuid',
                    'nextval',
                    'random',
                    'uuidv4',
                    'uuidv7'
                )
            )
        ),
        TRUE
    )
FROM pg_catalog.pg_proc
WHERE oid = ANY (%(functions)s::oid[])
"""

#: The name of each array type, in the order of the elements' types.
ARRAY_TYPES: LiteralString = """
SELECT CASE WHEN typarray <> 0 THEN pg_catalog.format_type(typarray, NULL) END
FROM unnest(%(types)s::oid[]) WITH ORDINALITY AS given (element, number)
INNER JOIN pg_catalog.pg_type ON given.element = pg_type.oid
ORDER BY number
"""
