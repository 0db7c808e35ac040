"""The questions to PostgreSQL's catalogue that nullability and row counts need."""

from __future__ import annotations

from typing import LiteralString

# The commands of triggers that fire FOR EACH ROW (1), BEFORE (2) or INSTEAD OF (64);
# disabled ones count: enabling them again is no change of the schema. That of
# TimescaleDB which guards a hypertable raises an error or nothing: it drops no row.
RELATION: LiteralString = """
WITH RECURSIVE family AS (
    SELECT %(oid)s::oid AS member
    UNION
    SELECT inhrelid
    FROM pg_catalog.pg_inherits
    INNER JOIN family ON inhparent = member
)
SELECT
    relkind::text,
    (SELECT count(*) > 1 FROM family),
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS part
        INNER JOIN family ON part.oid = member
        WHERE part.relkind = 'f'
    ),
    (
        SELECT coalesce(string_agg(rule.ev_type::text, ''), '')
        FROM pg_catalog.pg_rewrite AS rule
        WHERE rule.ev_class = relation.oid AND rule.rulename <> '_RETURN'
    ),
    coalesce((
        SELECT bit_or(tgtype)::int
        FROM pg_catalog.pg_trigger
        INNER JOIN family ON tgrelid = member
        WHERE
            NOT tgisinternal
            AND tgtype & 1 = 1
            AND tgtype & 66 <> 0
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_proc
                INNER JOIN pg_catalog.pg_depend
                    ON
                        classid = 'pg_catalog.pg_proc'::regclass
                        AND objid = pg_proc.oid
                        AND deptype = 'e'
                INNER JOIN pg_catalog.pg_extension ON pg_extension.oid = refobjid
                WHERE
                    pg_proc.oid = tgfoid
                    AND proname = 'insert_blocker'
                    AND extname = 'timescaledb'
            )
    ), 0),
    relrowsecurity
FROM pg_catalog.pg_class AS relation
WHERE relation.oid = %(oid)s
"""

COLUMNS: LiteralString = """
WITH RECURSIVE family AS (
    SELECT %(oid)s::oid AS member
    UNION
    SELECT inhrelid
    FROM pg_catalog.pg_inherits
    INNER JOIN family ON inhparent = member
),
proven AS (
    SELECT
        attrelid,
        attname,
        attnotnull AND relkind <> 'f' AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_constraint
            WHERE
                conrelid = attrelid
                AND contype = 'n'
                AND conkey = ARRAY[attnum]
                AND NOT convalidated
        ) AS holds
    FROM pg_catalog.pg_attribute
    INNER JOIN family ON attrelid = member
    INNER JOIN pg_catalog.pg_class AS relation ON relation.oid = attrelid
    WHERE attnum > 0 AND NOT attisdropped
)
SELECT
    own.attnum,
    own.atttypid,
    bool_or(proven.holds) FILTER (WHERE proven.attrelid = own.attrelid),
    bool_and(proven.holds),
    own.attnotnull,
    own.attgenerated <> '',
    adbin::text
FROM pg_catalog.pg_attribute AS own
INNER JOIN proven ON proven.attname = own.attname
LEFT JOIN pg_catalog.pg_attrdef ON adrelid = own.attrelid AND adnum = own.attnum
WHERE own.attrelid = %(oid)s AND own.attnum > 0 AND NOT own.attisdropped
GROUP BY own.attnum, own.atttypid, own.attnotnull, own.attgenerated, adbin::text
"""

CHECKS: LiteralString = """
SELECT conbin::text, connoinherit
FROM pg_catalog.pg_constraint
WHERE conrelid = %(oid)s AND contype = 'c' AND convalidated
"""

CHECKS_18: LiteralString = """
SELECT conbin::text, connoinherit
FROM pg_catalog.pg_constraint
WHERE conrelid = %(oid)s AND contype = 'c' AND convalidated AND conenforced
"""

# Only what is checked at once: no deferrable constraint. Number 0 is an expression.
KEYS: LiteralString = """
SELECT
    (
        SELECT array_agg(key ORDER BY position)
        FROM unnest(indkey::int2[]) WITH ORDINALITY AS k(key, position)
        WHERE position <= indnkeyatts
    ),
    (
        SELECT array_agg(
            coalesce((
                SELECT string_agg(amopopr::text, ' ')
                FROM pg_catalog.pg_amop
                INNER JOIN pg_catalog.pg_opclass ON opcfamily = amopfamily
                WHERE pg_opclass.oid = class AND amopstrategy = 3
            ), '')
            ORDER BY position
        )
        FROM unnest(indclass::oid[]) WITH ORDINALITY AS c(class, position)
        WHERE position <= indnkeyatts
    ),
    indcollation::oid[]::int8[],
    indexprs::text,
    indpred::text,
    indnullsnotdistinct
FROM pg_catalog.pg_index
WHERE
    indrelid = %(oid)s
    AND indisunique
    AND indisvalid
    AND indimmediate
    AND NOT indisexclusion
"""

VIEW: LiteralString = """
SELECT ev_action::text
FROM pg_catalog.pg_rewrite
WHERE ev_class = %(oid)s AND rulename = '_RETURN' AND ev_type = '1'
"""

# A domain over a domain is NOT NULL when any of them is.
TYPE: LiteralString = """
WITH RECURSIVE chain AS (
    SELECT oid, typtype, typnotnull, typbasetype, typinput, typsubscript
    FROM pg_catalog.pg_type
    WHERE oid = %(oid)s
    UNION ALL
    SELECT
        t.oid, t.typtype, t.typnotnull, t.typbasetype, t.typinput, t.typsubscript
    FROM pg_catalog.pg_type AS t
    INNER JOIN chain ON t.oid = chain.typbasetype
)
SELECT
    (SELECT typtype::text FROM chain WHERE oid = %(oid)s),
    bool_or(typtype = 'd' AND typnotnull),
    (SELECT oid::int8 FROM chain WHERE typtype <> 'd'),
    (SELECT typinput::oid::int8 FROM chain WHERE typtype <> 'd'),
    (
        SELECT typsubscript = 'pg_catalog.array_subscript_handler'::regproc
        FROM chain
        WHERE typtype <> 'd'
    )
FROM chain
HAVING count(*) > 0
"""

LABELS: LiteralString = """
SELECT oid::int8
FROM pg_catalog.pg_enum
WHERE enumtypid = %(oid)s
ORDER BY enumsortorder
"""

COLLATION: LiteralString = """
SELECT collisdeterministic FROM pg_catalog.pg_collation WHERE oid = %(oid)s
"""

JSON_CAST: LiteralString = """
SELECT 1
FROM pg_catalog.pg_cast
INNER JOIN pg_catalog.pg_type AS t ON t.oid = castsource
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE
    n.nspname = %(schema)s
    AND t.typname = %(name)s
    AND casttarget = 'json'::regtype
    AND castmethod = 'f'
"""

# What holds in every snapshot: no constraint that is deferrable, not validated or not
# enforced, that is about periods, whose triggers are disabled, or under a collation in
# which different texts are equal; nor what a key of a partitioned table means for its
# partitions. The last column: which triggers could make PostgreSQL's own commands skip
# a row that they have to change to keep the key.
REFERENCES: LiteralString = """
SELECT
    confrelid::int8,
    conkey::int2[],
    confkey::int2[],
    ARRAY(
        SELECT concat_ws(' ', pg_operator.oid, nullif(pg_operator.oprcom, 0))
        FROM unnest(conpfeqop) WITH ORDINALITY AS o(operator, position)
        INNER JOIN pg_catalog.pg_operator ON pg_operator.oid = operator
        ORDER BY position
    ),
    CASE WHEN confdeltype = 'c' THEN 8 ELSE 0 END
    | CASE WHEN confdeltype IN ('n', 'd') THEN 16 ELSE 0 END
    | CASE WHEN confupdtype IN ('c', 'n', 'd') THEN 16 ELSE 0 END
FROM pg_catalog.pg_constraint AS reference
WHERE
    conrelid = %(oid)s
    AND contype = 'f'
    AND convalidated
    AND NOT condeferrable
    AND (
        conparentid = 0
        OR NOT (SELECT relispartition FROM pg_catalog.pg_class WHERE oid = confrelid)
    )
    AND coalesce(to_jsonb(reference) ->> 'conenforced', 'true') = 'true'
    AND coalesce(to_jsonb(reference) ->> 'conperiod', 'false') = 'false'
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_trigger
        WHERE tgconstraint = reference.oid AND tgenabled NOT IN ('O', 'A')
    )
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute
        INNER JOIN pg_catalog.pg_collation ON pg_collation.oid = attcollation
        WHERE
            NOT collisdeterministic
            AND (
                (attrelid = conrelid AND attnum = ANY(conkey))
                OR (attrelid = confrelid AND attnum = ANY(confkey))
            )
    )
"""
