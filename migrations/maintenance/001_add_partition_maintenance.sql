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
    -- Months differ in length, no partition may be empty, and names tell the minute.
    CONSTRAINT datalayer_partitioned_step_is_fixed CHECK (
        step > '0'
        AND extract(YEAR FROM step) = 0
        AND extract(MONTH FROM step) = 0
        AND mod(extract(EPOCH FROM step), 60) = 0
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
RETURN date_bin(step, moment, timestamptz '0001-01-01 00:00:00+00');

-- Its name: that of the parent, and the day; with the time where days are parted. What
-- would be too long, and be cut to the name of another one, is a number instead.
CREATE FUNCTION datalayer_partition_name(parent regclass, since timestamptz)
RETURNS name
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        CASE
            WHEN octet_length(pg_class.relname || named.suffix) <= 63
                THEN pg_class.relname || named.suffix
            ELSE 'partition_' || left(md5(pg_class.relname), 16) || named.suffix
        END::name
    FROM pg_class, (
        SELECT
            to_char(since AT TIME ZONE 'UTC', '"_y"YYYY"m"MM"d"DD')
            || CASE
                WHEN since = datalayer_partition_start('1 day', since) THEN ''
                ELSE to_char(since AT TIME ZONE 'UTC', '"t"HH24MI')
            END AS suffix
    ) AS named
    WHERE pg_class.oid = parent;
END;

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

-- Whoever maintains, a partition belongs to the owner of its parent.
CREATE FUNCTION datalayer_give_to_owner(parent regclass, partition regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    owner regrole := (
        SELECT pg_class.relowner FROM pg_class WHERE pg_class.oid = parent
    );
BEGIN
    IF owner <> current_user::regrole THEN
        EXECUTE format('ALTER TABLE %s OWNER TO %s', partition, owner);
    END IF;
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
            '%s.%I',
            pg_class.relnamespace::regnamespace,
            datalayer_partition_name(parent, since)
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
    PERFORM datalayer_give_to_owner(parent, partition_name::regclass);
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

-- Whether no partition is in the way, as it may be where `step` was changed.
CREATE FUNCTION datalayer_is_free(
    parent regclass, since timestamptz, until timestamptz
)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM datalayer_list_partitions(parent) AS present
        WHERE present.since < datalayer_is_free.until
            AND present.until > datalayer_is_free.since
    );
END
$function$;

-- Where the rows that wait in the default partition belong, oldest first: as many
-- partitions as `row_limit` rows fill, at least one and at most `batch`. The table is
-- locked while rows move, therefore not for more of them.
CREATE FUNCTION datalayer_waiting_partitions(
    parent regclass, batch integer, row_limit bigint DEFAULT 100000
)
RETURNS timestamptz[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET timezone = 'UTC'
AS $function$
DECLARE
    kept datalayer_partitioned := (
        SELECT datalayer_partitioned
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    waiting regclass := datalayer_default_partition(parent);
    starts timestamptz[];
BEGIN
    IF waiting IS NULL THEN
        RETURN '{}';
    END IF;
    -- What no calendar knows stays: rows at infinity, and those before the year 1.
    -- OFFSET: whether there is room is asked for each partition, not for each row.
    EXECUTE format(
        'SELECT coalesce(array_agg(summed.since ORDER BY summed.since), $4) FROM ('
        'SELECT grouped.since, sum(grouped.amount) OVER earlier AS before '
        'FROM (SELECT datalayer_partition_start($1, %1$I) AS since, count(*) AS amount '
        'FROM %2$s '
        'WHERE %1$I >= ''0001-01-01 00:00:00+00'' AND %1$I < ''infinity'' GROUP BY 1 OFFSET 0'
        ') AS grouped WHERE datalayer_is_free($5, grouped.since, grouped.since + $1) '
        'WINDOW earlier AS ('
        'ORDER BY grouped.since ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) '
        'ORDER BY grouped.since LIMIT $2'
        ') AS summed WHERE coalesce(summed.before, 0) < $3',
        kept.time_column, waiting
    ) INTO starts USING kept.step, batch, row_limit, '{}'::timestamptz[], parent;
    RETURN starts;
END
$function$;

-- Move rows that wait in the default partition to partitions of their own. Detached, so
-- that no trigger takes the move for a change; the lock keeps everybody out meanwhile.
-- Locks: ACCESS EXCLUSIVE on the table.
CREATE FUNCTION datalayer_empty_default_partition(parent regclass, starts timestamptz[])
RETURNS SETOF regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
-- A day of a session's time zone may have 23 hours.
SET timezone = 'UTC'
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

-- Where partitions are missing for the present and the time ahead.
CREATE FUNCTION datalayer_missing_partitions(parent regclass, batch integer)
RETURNS timestamptz[]
LANGUAGE sql STABLE
SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT coalesce(array_agg(missing.since ORDER BY missing.since), '{}')
    FROM (
        SELECT since
        FROM (
            SELECT
                step,
                datalayer_partition_start(step, now())
                + generate_series(0, ahead) * step AS since
            FROM datalayer_partitioned
            WHERE relation = parent
        ) AS wanted
        WHERE datalayer_is_free(parent, since, since + step)
        ORDER BY since
        LIMIT batch
    ) AS missing;
END;

-- Create up to `batch` partitions of one table that are missing: those that rows wait
-- for in the default partition, the present one, and those ahead. Returns them.
CREATE FUNCTION datalayer_create_partitions(parent regclass, batch integer DEFAULT 100)
RETURNS SETOF regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET timezone = 'UTC'
SET lock_timeout = '2s'
AS $function$
DECLARE
    starts timestamptz[] := datalayer_waiting_partitions(parent, batch);
    missing timestamptz[];
    created regclass[] := '{}';
    step interval := (
        SELECT datalayer_partitioned.step
        FROM datalayer_partitioned
        WHERE datalayer_partitioned.relation = parent
    );
    since timestamptz;
BEGIN
    IF starts = '{}' THEN
        missing := datalayer_missing_partitions(parent, batch);
        BEGIN
            FOREACH since IN ARRAY missing LOOP
                created := created || datalayer_add_partition(parent, since, since + step);
            END LOOP;
            RETURN QUERY SELECT unnest(created);
            RETURN;
        EXCEPTION WHEN check_violation THEN
            -- A row for one of them reached the default partition in the meantime.
            starts := datalayer_waiting_partitions(parent, batch);
            IF starts = '{}' THEN
                RAISE;
            END IF;
        END;
    END IF;
    RETURN QUERY SELECT datalayer_empty_default_partition(parent, starts);
END
$function$;
