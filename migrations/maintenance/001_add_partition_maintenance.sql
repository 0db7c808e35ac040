-- Keep tables that are partitioned by time: partitions ahead of time, old ones dropped.
-- Locks: creates new relations only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

CREATE TABLE datalayer_partitioned (
    relation regclass NOT NULL,
    time_column name NOT NULL,
    step interval NOT NULL,
    ahead integer NOT NULL DEFAULT 3,
    retain interval,
    dropped_before timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT datalayer_partitioned_pkey PRIMARY KEY (relation),
    -- Months differ in length, and no partition may be empty.
    CONSTRAINT datalayer_partitioned_step_is_fixed CHECK (
        step > '0' AND extract(YEAR FROM step) = 0 AND extract(MONTH FROM step) = 0
    ),
    CONSTRAINT datalayer_partitioned_ahead_not_negative CHECK (ahead >= 0),
    CONSTRAINT datalayer_partitioned_retain_is_positive CHECK (retain > '0')
);
COMMENT ON TABLE datalayer_partitioned IS
'Tables with RANGE partitions of one length, which datalayer_maintain() looks after.';
COMMENT ON COLUMN datalayer_partitioned.ahead IS
'How many partitions to have ready after the present one.';
COMMENT ON COLUMN datalayer_partitioned.retain IS
'How long rows are kept; NULL keeps them for ever.';
COMMENT ON COLUMN datalayer_partitioned.dropped_before IS
'Partitions up to here were dropped.';

-- The lower bound of the partition that a moment belongs to. Mondays begin weeks.
CREATE FUNCTION datalayer_partition_start(step interval, moment timestamptz)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin(step, moment, timestamptz '2001-01-01 00:00:00+00');

CREATE FUNCTION datalayer_default_partition(parent regclass) RETURNS regclass
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT nullif(partdefid, 0)::regclass
    FROM pg_partitioned_table
    WHERE partrelid = parent;
END;

-- The partitions with both bounds, in the order of time.
CREATE FUNCTION datalayer_list_partitions(parent regclass)
RETURNS TABLE (partition regclass, since timestamptz, until timestamptz)
LANGUAGE sql STABLE
SET timezone = 'UTC'
SET datestyle = 'ISO'
BEGIN ATOMIC
    SELECT
        bounded.partition,
        bounded.bounds[1]::timestamptz AS since,
        bounded.bounds[2]::timestamptz AS until
    FROM (
        SELECT
            pg_inherits.inhrelid::regclass AS partition,
            regexp_match(
                pg_get_expr(pg_class.relpartbound, pg_class.oid),
                $$FROM \('([^']+)'\) TO \('([^']+)'\)$$
            ) AS bounds
        FROM pg_inherits
        INNER JOIN pg_class ON pg_inherits.inhrelid = pg_class.oid
        WHERE pg_inherits.inhparent = parent
    ) AS bounded
    WHERE bounded.bounds IS NOT NULL
    ORDER BY since;
END;

-- Make a partition as closed as its parent: rows are reached through the parent only,
-- and what refuses TRUNCATE there, where triggers are not inherited, refuses it here.
CREATE FUNCTION datalayer_protect_partition(parent regclass, partition regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    grantee text;
    statement_trigger record;
BEGIN
    FOR grantee IN
        SELECT DISTINCT CASE privilege.grantee
            WHEN 0 THEN 'PUBLIC' ELSE privilege.grantee::regrole::text
        END
        FROM pg_class, aclexplode(pg_class.relacl) AS privilege
        WHERE pg_class.oid = datalayer_protect_partition.partition
            AND privilege.grantee <> pg_class.relowner
    LOOP
        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', partition, grantee);
    END LOOP;
    FOR statement_trigger IN
        SELECT
            pg_trigger.tgname AS name,
            regexp_replace(
                pg_get_triggerdef(pg_trigger.oid),
                ' ON .+? FOR EACH STATEMENT ',
                format(' ON %s FOR EACH STATEMENT ', partition)
            ) AS definition
        FROM pg_trigger
        WHERE pg_trigger.tgrelid = parent
            AND NOT pg_trigger.tgisinternal
            -- BEFORE (2) TRUNCATE (32), for each statement (not 1).
            AND pg_trigger.tgtype & 35 = 34
            AND NOT EXISTS (
                SELECT FROM pg_trigger AS existing
                WHERE existing.tgrelid = datalayer_protect_partition.partition
                    AND existing.tgname = pg_trigger.tgname
            )
    LOOP
        EXECUTE statement_trigger.definition;
        EXECUTE format(
            'ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', partition, statement_trigger.name
        );
    END LOOP;
END
$function$;

-- Create a table with rows of the parent's form, and give it to the parent.
-- Locks: SHARE UPDATE EXCLUSIVE on the parent, ACCESS EXCLUSIVE on its default partition.
CREATE FUNCTION datalayer_add_partition(
    parent regclass,
    since timestamptz,
    until timestamptz,
    rows_from regclass DEFAULT NULL
)
RETURNS regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET datestyle = 'ISO'
AS $function$
DECLARE
    time_column name := (
        SELECT datalayer_partitioned.time_column
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    partition_name text := (
        SELECT format(
            '%I.%I',
            pg_class.relnamespace::regnamespace,
            pg_class.relname || to_char(since AT TIME ZONE 'UTC', '"_y"YYYY"m"MM"d"DD')
            || CASE
                WHEN since = datalayer_partition_start('1 day', since) THEN ''
                ELSE to_char(since AT TIME ZONE 'UTC', '"t"HH24MISS')
            END
        )
        FROM pg_class
        WHERE pg_class.oid = parent
    );
BEGIN
    EXECUTE format(
        'CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
        'INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)',
        partition_name, parent
    );
    IF rows_from IS NOT NULL THEN
        EXECUTE format(
            'WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %I < $2 RETURNING *) '
            'INSERT INTO %s SELECT * FROM moved',
            rows_from, time_column, time_column, partition_name
        ) USING since, until;
    END IF;
    EXECUTE format(
        'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        parent, partition_name, since, until
    );
    PERFORM datalayer_protect_partition(parent, partition_name::regclass);
    RETURN partition_name::regclass;
END
$function$;

-- Where the rows that wait in the default partition belong, oldest first.
CREATE FUNCTION datalayer_waiting_partitions(parent regclass, batch integer)
RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    kept datalayer_partitioned := (
        SELECT datalayer_partitioned
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    waiting regclass := datalayer_default_partition(parent);
BEGIN
    IF waiting IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT DISTINCT datalayer_partition_start($1, %I) AS since FROM %s '
        'WHERE isfinite(%I) ORDER BY since LIMIT $2',
        kept.time_column, waiting, kept.time_column
    ) USING kept.step, batch;
END
$function$;

-- Move rows that wait in the default partition to partitions of their own. Detached, so
-- that no trigger takes the move for a change; the lock keeps everybody out meanwhile.
-- Locks: ACCESS EXCLUSIVE on the table.
CREATE FUNCTION datalayer_empty_default_partition(parent regclass, starts timestamptz[])
RETURNS SETOF regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    step interval := (
        SELECT datalayer_partitioned.step
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    waiting regclass := datalayer_default_partition(parent);
    since timestamptz;
BEGIN
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, waiting);
    FOREACH since IN ARRAY starts LOOP
        RETURN NEXT datalayer_add_partition(parent, since, since + step, waiting);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', parent, waiting);
    PERFORM datalayer_protect_partition(parent, waiting);
END
$function$;

-- Create up to `batch` partitions of one table that are missing: those that rows wait
-- for in the default partition, the present one, and those ahead. Returns them.
CREATE FUNCTION datalayer_create_partitions(parent regclass, batch integer DEFAULT 100)
RETURNS SETOF regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '2s'
AS $function$
DECLARE
    kept datalayer_partitioned := (
        SELECT datalayer_partitioned
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    starts timestamptz[];
    since timestamptz;
BEGIN
    starts := ARRAY(SELECT datalayer_waiting_partitions(parent, batch));
    IF starts <> '{}' THEN
        RETURN QUERY SELECT datalayer_empty_default_partition(parent, starts);
        RETURN;
    END IF;
    FOR since IN
        SELECT wanted.since
        FROM (
            SELECT
                datalayer_partition_start(kept.step, now()) + number * kept.step AS since
            FROM generate_series(0, kept.ahead) AS ahead (number)
        ) AS wanted
        WHERE NOT EXISTS (
            SELECT FROM datalayer_list_partitions(parent) AS present
            WHERE present.since = wanted.since
        )
        ORDER BY wanted.since
        LIMIT batch
    LOOP
        RETURN NEXT datalayer_add_partition(parent, since, since + kept.step);
    END LOOP;
END
$function$;
