-- Keep hourly rollups: each hour is aggregated once it has closed, and again when rows
-- came late.
-- Locks: creates new relations only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

-- A relation `<name>` is a view over `<name>_stored`, the hours below the watermark, and
-- over `<name>_rows`, which it counts: the hours above. `<name>_rows` is a view of the raw
-- rows with their `time`, their `bucket` and the other columns but the count.
CREATE TABLE datalayer_rollup_source (
    source text NOT NULL,
    relation regclass NOT NULL,
    time_column name NOT NULL,
    watermark timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT datalayer_rollup_source_pkey PRIMARY KEY (source),
    CONSTRAINT datalayer_rollup_source_relation_key UNIQUE (relation)
);
COMMENT ON TABLE datalayer_rollup_source IS
'Tables whose rows are aggregated by the hour; hours below the watermark are stored.';

CREATE TABLE datalayer_rollup (
    name text NOT NULL,
    source text NOT NULL,
    CONSTRAINT datalayer_rollup_pkey PRIMARY KEY (name),
    CONSTRAINT datalayer_rollup_source_fkey FOREIGN KEY (source)
    REFERENCES datalayer_rollup_source (source) ON DELETE CASCADE
);
CREATE INDEX idx_datalayer_rollup_source ON datalayer_rollup (source);
COMMENT ON TABLE datalayer_rollup IS
'The hourly relations: for each a view `<name>`, a table `<name>_stored` and a '
'view `<name>_rows`.';

-- No key: two transactions that come late to the same hour must not wait for each other.
CREATE TABLE datalayer_late_hour (
    source text NOT NULL,
    bucket timestamptz NOT NULL
);
CREATE INDEX idx_datalayer_late_hour_source ON datalayer_late_hour (source, bucket);
COMMENT ON TABLE datalayer_late_hour IS
'Hours whose raw rows changed after they had closed; the next refresh repeats them.';

CREATE TABLE datalayer_unsettled_hours (
    id bigint GENERATED ALWAYS AS IDENTITY,
    source text NOT NULL,
    passed_since timestamptz NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    writers_before xid8 NOT NULL,
    CONSTRAINT datalayer_unsettled_hours_pkey PRIMARY KEY (id),
    CONSTRAINT datalayer_unsettled_hours_source_fkey FOREIGN KEY (source)
    REFERENCES datalayer_rollup_source (source) ON DELETE CASCADE
);
CREATE INDEX idx_datalayer_unsettled_hours_source ON datalayer_unsettled_hours (source);
COMMENT ON TABLE datalayer_unsettled_hours IS
'Hours that were stored while transactions went on which may have written to them, or '
'were passed over because they had no rows; looked at again once these have ended.';

CREATE FUNCTION datalayer_hour(moment timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', moment, timestamptz '0001-01-01 00:00:00+00');

-- With the rights of its owner: who may read an hourly relation need not read more.
CREATE FUNCTION datalayer_watermark(rollup_source text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
SECURITY DEFINER
SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT watermark
    FROM datalayer_rollup_source
    WHERE source = rollup_source;
END;

-- Trigger on a source: marks the hour of a row that comes, changes or goes after the hour
-- has closed. By the clock, not by the watermark, which the transaction may see too old:
-- what was written before its hour closed belongs to a transaction that the refresh
-- either sees or knows to be in progress still.
-- Arguments: the source, the column with the time, and `old` or `new`.
CREATE FUNCTION datalayer_mark_late_hour() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    INSERT INTO datalayer_late_hour (source, bucket)
    SELECT
        tg_argv[0],
        late.bucket
    FROM (
        SELECT
            datalayer_hour(
                (
                    CASE tg_argv[2] WHEN 'old' THEN to_jsonb(old) ELSE to_jsonb(new) END
                    ->> tg_argv[1]
                )::timestamptz
            ) AS bucket
    ) AS late
    -- One mark is enough for the rows of a transaction, and it comes and goes with them.
    WHERE NOT EXISTS (
        SELECT FROM datalayer_late_hour AS marked
        WHERE marked.source = tg_argv[0]
            AND marked.bucket = late.bucket
            AND marked.xmin = pg_current_xact_id()::xid
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION datalayer_mark_late_hour() FROM public;

-- Store the hours of a range anew in every rollup of a source.
CREATE FUNCTION datalayer_store_hours(
    rollup_source text, since timestamptz, until timestamptz
)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    rollup record;
BEGIN
    FOR rollup IN
        SELECT
            datalayer_rollup.name,
            string_agg(
                quote_ident(pg_attribute.attname), ', ' ORDER BY pg_attribute.attnum
            ) AS columns
        FROM datalayer_rollup
        INNER JOIN pg_attribute
            ON pg_attribute.attrelid = format('%I', datalayer_rollup.name || '_rows')::regclass
        WHERE datalayer_rollup.source = rollup_source
            AND pg_attribute.attname <> 'time'
        GROUP BY datalayer_rollup.name
        ORDER BY datalayer_rollup.name
    LOOP
        EXECUTE format(
            'DELETE FROM %I WHERE bucket >= $1 AND bucket < $2', rollup.name || '_stored'
        ) USING since, until;
        EXECUTE format(
            'INSERT INTO %I SELECT %s, count(*) FROM %I '
            'WHERE time >= $1 AND time < $2 GROUP BY %s',
            rollup.name || '_stored', rollup.columns, rollup.name || '_rows', rollup.columns
        ) USING since, until;
    END LOOP;
END
$function$;

-- The first hour that can still be aggregated: what came before was dropped, and its
-- stored hours stay as they are.
CREATE FUNCTION datalayer_first_hour(rollup_source text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(datalayer_partitioned.dropped_before, '-infinity')
    FROM datalayer_rollup_source
    LEFT JOIN datalayer_partitioned
        ON datalayer_rollup_source.relation = datalayer_partitioned.relation
    WHERE datalayer_rollup_source.source = rollup_source;
END;

-- The hour of the first row from a moment on; NULL without one. Partition by partition,
-- because most tables have no index that tells it.
CREATE FUNCTION datalayer_next_hour(rollup_source text, since timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    kept datalayer_rollup_source := (
        SELECT datalayer_rollup_source
        FROM datalayer_rollup_source
        WHERE datalayer_rollup_source.source = rollup_source
    );
    waiting regclass := coalesce(datalayer_default_partition(kept.relation), kept.relation);
    question constant text := 'SELECT min(%1$I) FROM ONLY %2$s '
        'WHERE %1$I >= $1 AND %1$I > ''-infinity'' AND %1$I < ''infinity''';
    partition regclass;
    found timestamptz;
    first_waiting timestamptz;
BEGIN
    FOR partition IN
        SELECT present.partition
        FROM datalayer_list_partitions(kept.relation) AS present
        WHERE present.until > datalayer_next_hour.since
        ORDER BY present.since
    LOOP
        EXECUTE format(question, kept.time_column, partition) INTO found USING since;
        EXIT WHEN found IS NOT NULL;
    END LOOP;
    EXECUTE format(question, kept.time_column, waiting) INTO first_waiting USING since;
    RETURN datalayer_hour(least(found, first_waiting));
END
$function$;

-- What was seen to be in progress has ended: the hours it may have written to are late.
-- Most of those that were passed over have no rows still.
CREATE FUNCTION datalayer_mark_settled_hours(
    rollup_source text, passed_since timestamptz, since timestamptz, until timestamptz
)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    bucket timestamptz := datalayer_next_hour(rollup_source, passed_since);
BEGIN
    WHILE bucket < since LOOP
        INSERT INTO datalayer_late_hour (source, bucket) VALUES (rollup_source, bucket);
        bucket := datalayer_next_hour(rollup_source, bucket + interval '1 hour');
    END LOOP;
    INSERT INTO datalayer_late_hour (source, bucket)
    SELECT
        rollup_source,
        hours.hour
    FROM generate_series(since, until - interval '1 hour', '1 hour') AS hours (hour);
END
$function$;

-- Repeat up to `batch` stored hours whose raw rows have changed since; return how many.
-- A repetition is final: whoever writes to the hour after it leaves a mark again.
CREATE FUNCTION datalayer_repeat_hours(rollup_source text, batch integer)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    watermark timestamptz := datalayer_watermark(rollup_source);
    first_hour timestamptz := datalayer_first_hour(rollup_source);
    settled record;
    bucket timestamptz;
    repeated integer := 0;
BEGIN
    FOR settled IN
        DELETE FROM datalayer_unsettled_hours
        WHERE datalayer_unsettled_hours.source = rollup_source
            AND (
                -- All of these have ended, and what they did is seen from here on.
                datalayer_unsettled_hours.writers_before
                <= pg_snapshot_xmin(pg_current_snapshot())
                -- A number of another server, that a dump was taken from.
                OR datalayer_unsettled_hours.writers_before > pg_current_xact_id()
            )
        RETURNING
            datalayer_unsettled_hours.passed_since,
            datalayer_unsettled_hours.since,
            datalayer_unsettled_hours.until
    LOOP
        PERFORM datalayer_mark_settled_hours(
            rollup_source, settled.passed_since, settled.since, settled.until
        );
    END LOOP;
    -- What is not stored yet needs no mark, and what was dropped must not be repeated.
    DELETE FROM datalayer_late_hour
    WHERE datalayer_late_hour.source = rollup_source
        AND NOT (
            datalayer_late_hour.bucket < watermark
            AND datalayer_late_hour.bucket >= first_hour
        );
    FOR bucket IN
        WITH late AS (
            SELECT DISTINCT datalayer_late_hour.bucket
            FROM datalayer_late_hour
            WHERE datalayer_late_hour.source = rollup_source
            ORDER BY datalayer_late_hour.bucket
            LIMIT batch
        ),

        taken AS (
            DELETE FROM datalayer_late_hour
            USING late
            WHERE datalayer_late_hour.source = rollup_source
                AND datalayer_late_hour.bucket = late.bucket
            RETURNING late.bucket
        )

        SELECT DISTINCT taken.bucket FROM taken ORDER BY taken.bucket
    LOOP
        PERFORM datalayer_store_hours(rollup_source, bucket, bucket + interval '1 hour');
        repeated := repeated + 1;
    END LOOP;
    RETURN repeated;
END
$function$;

-- Store up to `batch` hours that have closed at least an hour ago; return how many. Time
-- without rows is passed over.
CREATE FUNCTION datalayer_store_closed_hours(rollup_source text, batch integer)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    passed_since timestamptz := greatest(
        datalayer_watermark(rollup_source), datalayer_first_hour(rollup_source)
    );
    -- By the transaction's start, which no snapshot is older than: whoever began after
    -- the snapshot finds these hours closed by the clock, and leaves marks.
    horizon timestamptz := datalayer_hour(now() - interval '1 hour');
    -- Who may have written to these hours and left no mark began to write before, and has
    -- a lower number. Those in progress are not all listed in a snapshot: it says of
    -- numbers from its xmax on only that they are not visible.
    here xid8 := pg_current_xact_id();
    oldest_writer xid8 := pg_snapshot_xmin(pg_current_snapshot());
    since timestamptz;
    until timestamptz;
BEGIN
    IF passed_since >= horizon THEN
        RETURN 0;
    END IF;
    since := least(datalayer_next_hour(rollup_source, passed_since), horizon);
    until := least(since + make_interval(hours => batch), horizon);
    -- Looked at first: who ends between that and the aggregation is counted again for
    -- nothing; the other way round a row could be missed.
    IF oldest_writer < here THEN
        INSERT INTO datalayer_unsettled_hours (
            source, passed_since, since, until, writers_before
        )
        VALUES (rollup_source, passed_since, since, until, here);
    END IF;
    PERFORM datalayer_store_hours(rollup_source, since, until);
    UPDATE datalayer_rollup_source
    SET watermark = until
    WHERE datalayer_rollup_source.source = rollup_source;
    RETURN greatest(extract(EPOCH FROM until - since) / 3600, 1);
END
$function$;
