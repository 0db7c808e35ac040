"""What is asked of the catalogue to fill tables, and the function that fills them."""

TABLE_NAME = "SELECT %s::oid::regclass::text"

COLUMNS = """
SELECT
    a.attname,
    a.atttypid::bigint,
    format_type(a.atttypid, a.atttypmod),
    NOT (a.attnotnull OR t.typnotnull),
    a.atthasdef OR a.attidentity <> '',
    a.attidentity <> '',
    pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute AS a
INNER JOIN pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE
    a.attrelid = %s::oid
    AND a.attnum > 0
    AND NOT a.attisdropped
    AND a.attgenerated = ''
ORDER BY a.attnum
"""

CONSTRAINTS = """
SELECT
    c.contype::text,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
        INNER JOIN pg_attribute AS a
            ON a.attrelid = c.conrelid AND k.attnum = a.attnum
        ORDER BY k.place
    ),
    coalesce(nullif(pg_partition_root(c.confrelid), 0), c.confrelid)::bigint,
    ARRAY(
        SELECT a.attname::text
        FROM unnest(c.confkey) WITH ORDINALITY AS k (attnum, place)
        INNER JOIN pg_attribute AS a
            ON a.attrelid = c.confrelid AND k.attnum = a.attnum
        ORDER BY k.place
    ),
    pg_get_expr(c.conbin, c.conrelid)
FROM pg_constraint AS c
WHERE
    c.conrelid = %s::oid
    AND c.contype IN ('c', 'f', 'p', 'u')
ORDER BY c.conname
"""

# Those of unique indexes, and those that other tables refer to.
KEY_COLUMNS = """
SELECT a.attname::text
FROM pg_index AS i
INNER JOIN pg_attribute AS a
    ON i.indrelid = a.attrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = %(oid)s::oid AND i.indisunique
UNION
SELECT a.attname::text
FROM pg_constraint AS c
INNER JOIN pg_attribute AS a
    ON c.confrelid = a.attrelid AND a.attnum = ANY(c.confkey)
WHERE c.confrelid = %(oid)s::oid AND c.contype = 'f'
"""

PARTITION_BOUNDS = """
SELECT
    a.attname::text,
    string_agg(pg_get_expr(c.relpartbound, c.oid), ' ' ORDER BY c.relname)
FROM pg_partitioned_table AS p
INNER JOIN pg_inherits AS i ON p.partrelid = i.inhparent
INNER JOIN pg_class AS c ON i.inhrelid = c.oid
INNER JOIN pg_attribute AS a
    ON p.partrelid = a.attrelid AND a.attnum = ANY(p.partattrs)
WHERE p.partrelid = %(oid)s::oid
GROUP BY a.attname
"""

# The relations and functions that an object of the database is made of.
DEPENDENCIES = """
SELECT
    d.refclassid = 'pg_class'::regclass,
    d.refobjid::bigint
FROM pg_depend AS d
WHERE
    d.classid = %s::regclass
    AND d.objid = %s::oid
    AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass)
    -- What is older than every object that a user makes.
    AND d.refobjid >= 16384
"""

RELATION = """
SELECT
    c.relkind::text,
    coalesce(nullif(pg_partition_root(c.oid), 0), c.oid)::bigint,
    n.nspname LIKE 'pg\\_%%' OR n.nspname LIKE '\\_timescaledb%%'
        OR n.nspname = 'information_schema'
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.oid = %s::oid
"""

OWN_FUNCTION = """
SELECT oid::bigint
FROM pg_proc
WHERE pronamespace = pg_my_temp_schema() AND proname = $1
"""

DEFERRED_TRIGGERS = """
SELECT tgfoid::bigint
FROM pg_trigger
WHERE tgrelid = %s::oid AND tgdeferrable AND NOT tgisinternal
"""

NUMBERED_COLUMNS = """
SELECT
    coalesce(nullif(pg_partition_root(a.attrelid), 0), a.attrelid)::bigint,
    a.attnum::int,
    a.attname::text
FROM pg_attribute AS a
WHERE a.attrelid = %s::oid AND a.attnum > 0
"""

IS_EQUALITY = "SELECT o.oprname = '=' FROM pg_operator AS o WHERE o.oid = %s::oid"

VIEW_RULE = """
SELECT r.oid::bigint
FROM pg_rewrite AS r
WHERE r.ev_class = %s::oid AND r.ev_type = '1'
"""

# Of a function in SQL-standard form the catalogue knows what it is made of; of another
# one only its text, in which names of tables and functions may stand.
NAMED_IN_FUNCTION = """
SELECT
    true,
    c.oid::bigint
FROM pg_proc AS p
INNER JOIN pg_class AS c
    ON p.prosrc ~ ('\\m' || regexp_replace(c.relname, '\\W', '.', 'g') || '\\M')
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    p.oid = %(oid)s::oid
    AND c.relkind IN ('r', 'p', 'v', 'm')
    AND c.oid >= 16384
    AND n.nspname !~ '^(pg_|_timescaledb|information_schema)'
UNION
SELECT
    false,
    q.oid::bigint
FROM pg_proc AS p
INNER JOIN pg_proc AS q
    ON p.prosrc ~ ('\\m' || regexp_replace(q.proname, '\\W', '.', 'g') || '\\M')
WHERE
    p.oid = %(oid)s::oid
    AND q.oid >= 16384
    AND q.oid <> p.oid
    AND q.proname NOT IN ('datalayer_attempt', 'datalayer_count')
"""

TYPE_NAMES = """
SELECT format_type(t.oid, NULL)
FROM unnest(%s::oid[]) WITH ORDINALITY AS t (oid, place)
ORDER BY t.place
"""

# Runs statements one by one; what one of them refuses leaves the others alone. Those
# that are not kept are taken back, each before the next one.
ATTEMPT = """
CREATE FUNCTION pg_temp.datalayer_attempt(statements text[], kept boolean)
RETURNS boolean[]
LANGUAGE plpgsql AS $function$
DECLARE
    statement text;
    accepted boolean[] := '{}';
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        BEGIN
            EXECUTE statement;
            IF NOT kept THEN
                RAISE EXCEPTION USING ERRCODE = 'DL001';
            END IF;
            accepted := accepted || true;
        EXCEPTION WHEN SQLSTATE 'DL001' THEN
            accepted := accepted || true;
        WHEN OTHERS THEN
            accepted := accepted || false;
        END;
    END LOOP;
    RETURN accepted;
END
$function$
"""

# How many rows each statement gives or changes; 0 for what is refused.
COUNT = """
CREATE FUNCTION pg_temp.datalayer_count(statements text[])
RETURNS bigint[]
LANGUAGE plpgsql AS $function$
DECLARE
    statement text;
    found bigint;
    counts bigint[] := '{}';
BEGIN
    FOREACH statement IN ARRAY statements LOOP
        found := 0;
        BEGIN
            EXECUTE statement;
            GET DIAGNOSTICS found = ROW_COUNT;
            RAISE EXCEPTION USING ERRCODE = 'DL001';
        EXCEPTION WHEN SQLSTATE 'DL001' THEN
            NULL;
        WHEN OTHERS THEN
            found := 0;
        END;
        counts := counts || found;
    END LOOP;
    RETURN counts;
END
$function$
"""
