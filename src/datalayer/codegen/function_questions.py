"""The questions to PostgreSQL's catalogue about functions and aggregates."""

from __future__ import annotations

from typing import LiteralString

FUNCTION: LiteralString = """
SELECT
    proname::text,
    ARRAY(
        SELECT typname::text
        FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(type, position)
        INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.type
        ORDER BY position
    ),
    nspname::text,
    proisstrict,
    provolatile::text,
    proretset
FROM pg_catalog.pg_proc
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
WHERE pg_proc.oid = %(oid)s
"""

DEFAULTS: LiteralString = """
SELECT proargdefaults::text
FROM pg_catalog.pg_proc
WHERE pg_proc.oid = %(oid)s
"""

# What a call takes and gives. A type that depends on the call (`anyelement`) is that of
# an argument, or that of its elements or of its arrays; `types` are those of the call.
# The columns are those that OUT parameters or RETURNS TABLE declare, those of the
# composite type that is returned (with 0 for each that was dropped), or the one that
# is. `void` returns nothing.
BODY: LiteralString = """
WITH written AS (
    SELECT
        a.position,
        a.name,
        a.type,
        coalesce(a.mode, 'i') AS mode,
        coalesce(a.mode, 'i') IN ('i', 'b', 'v') AS taken
    FROM
        pg_catalog.pg_proc,
        unnest(
            coalesce(proallargtypes, proargtypes::oid[]), proargmodes, proargnames
        ) WITH ORDINALITY AS a(type, mode, name, position)
    WHERE pg_proc.oid = %(oid)s
),
placed AS (
    SELECT *, count(*) FILTER (WHERE taken) OVER (ORDER BY position)::int AS place
    FROM written
),
given AS (
    SELECT
        placed.type AS declared,
        pg_type.oid AS type,
        nullif(pg_type.typelem, 0) AS element,
        nullif(pg_type.typarray, 0) AS list
    FROM placed
    INNER JOIN pg_catalog.pg_type ON pg_type.oid = (%(types)s::int8[])[place]
    WHERE taken
),
known AS (
    SELECT declared, type FROM given
    UNION
    SELECT 'anyelement'::regtype, element
    FROM given
    WHERE declared = 'anyarray'::regtype
    UNION
    SELECT 'anyarray'::regtype, list
    FROM given
    WHERE declared = 'anyelement'::regtype
),
resolved AS (
    SELECT
        placed.*,
        CASE
            WHEN pg_type.typtype <> 'p' THEN pg_type.oid::int8
            ELSE (
                SELECT min(known.type::int8)
                FROM known
                WHERE known.declared = placed.type
                HAVING count(*) = 1
            )
        END AS found
    FROM placed
    INNER JOIN pg_catalog.pg_type ON pg_type.oid = placed.type
),
returned AS (
    SELECT
        typrelid,
        typtype,
        CASE
            WHEN typtype <> 'p' OR typname = 'record' THEN prorettype::int8
            ELSE (
                SELECT min(known.type::int8)
                FROM known
                WHERE known.declared = prorettype
                HAVING count(*) = 1
            )
        END AS found
    FROM pg_catalog.pg_proc
    INNER JOIN pg_catalog.pg_type ON pg_type.oid = prorettype
    WHERE pg_proc.oid = %(oid)s
)
SELECT
    prosqlbody::text,
    (
        -- What goes in, without its modes and defaults.
        SELECT string_agg(
            concat_ws(
                ' ', nullif(quote_ident(name), '""'), format_type(found::oid, NULL)
            ),
            ', ' ORDER BY position
        )
        FROM resolved
        WHERE taken
    ),
    prosrc,
    (
        SELECT substring(setting FROM '^search_path=(.*)$')
        FROM unnest(proconfig) AS setting
        WHERE setting LIKE 'search_path=%%'
    ),
    CASE
        WHEN 't' = ANY(proargmodes) OR 'o' = ANY(proargmodes) OR 'b' = ANY(proargmodes)
            THEN ARRAY(
                SELECT found
                FROM resolved
                WHERE mode IN ('t', 'o', 'b')
                ORDER BY position
            )
        WHEN returned.typtype = 'c'
            THEN ARRAY(
                SELECT atttypid
                FROM pg_catalog.pg_attribute
                WHERE attrelid = returned.typrelid AND attnum > 0
                ORDER BY attnum
            )::int8[]
        ELSE ARRAY[returned.found]
    END,
    returned.found
FROM pg_catalog.pg_proc
INNER JOIN pg_catalog.pg_language AS language ON language.oid = prolang
CROSS JOIN returned
WHERE
    pg_proc.oid = %(oid)s
    AND lanname = 'sql'
    AND prokind = 'f'
    AND returned.found IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM resolved
        LEFT JOIN pg_catalog.pg_type ON pg_type.oid = found
        WHERE found IS NULL OR typtype = 'p'
    )
"""

# Only those whose state can be followed: no ordered sets, no final function that takes
# more than the state, no way back in a moving window.
AGGREGATE: LiteralString = """
SELECT
    aggtransfn::oid::int8,
    aggfinalfn::oid::int8,
    aggcombinefn::oid::int8,
    aggtranstype::int8,
    agginitval IS NOT NULL
FROM pg_catalog.pg_aggregate
WHERE
    aggfnoid = %(oid)s::regproc
    AND aggkind = 'n'
    AND NOT aggfinalextra
    AND aggmtransfn = 0
    AND aggtranstype <> 'internal'::regtype
"""
