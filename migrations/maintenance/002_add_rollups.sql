-- Keep hourly rollups: each hour is aggregated once it has closed, and again when rows
-- came late.
-- Locks: creates new relations only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

-- A relation `<name>` is a view over `<name>_stored`, the hours below the watermark, and
-- over `<name>_between(since, until)`, which aggregates raw rows: the hours above it.
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
'function `<name>_between(since, until)`.';

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
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    snapshot pg_snapshot NOT NULL,
    CONSTRAINT datalayer_unsettled_hours_pkey PRIMARY KEY (id),
    CONSTRAINT datalayer_unsettled_hours_source_fkey FOREIGN KEY (source)
    REFERENCES datalayer_rollup_source (source) ON DELETE CASCADE
);
CREATE INDEX idx_datalayer_unsettled_hours_source ON datalayer_unsettled_hours (source);
COMMENT ON TABLE datalayer_unsettled_hours IS
'Hours that were stored while transactions went on which may have written to them; '
'repeated once these have ended.';

CREATE FUNCTION datalayer_hour(moment timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN date_bin('1 hour', moment, timestamptz '2001-01-01 00:00:00+00');

CREATE FUNCTION datalayer_watermark(rollup_source text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT watermark
    FROM datalayer_rollup_source
    WHERE source = rollup_source;
END;

-- Trigger on a source: marks the hour of a row that comes, changes or goes after the hour
-- has closed. By the clock, not by the watermark, which the transaction may see too old:
-- what was written before its hour closed belongs to a transaction that the refresh
-- either sees or knows to be still in progress.
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
        datalayer_hour(
            (
                CASE tg_argv[2] WHEN 'old' THEN to_jsonb(old) ELSE to_jsonb(new) END
                ->> tg_argv[1]
            )::timestamptz
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
    rollup text;
BEGIN
    FOR rollup IN
        SELECT datalayer_rollup.name
        FROM datalayer_rollup
        WHERE datalayer_rollup.source = rollup_source
        ORDER BY datalayer_rollup.name
    LOOP
        EXECUTE format('DELETE FROM %I WHERE bucket >= $1 AND bucket < $2', rollup || '_stored')
        USING since, until;
        EXECUTE format(
            'INSERT INTO %I SELECT * FROM %I($1, $2)', rollup || '_stored', rollup || '_between'
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
    bucket timestamptz;
    repeated integer := 0;
BEGIN
    -- What was seen to be in progress has ended: its hours are late from now on.
    WITH settled AS (
        DELETE FROM datalayer_unsettled_hours
        WHERE datalayer_unsettled_hours.source = rollup_source
            AND NOT EXISTS (
                SELECT
                FROM pg_snapshot_xip(datalayer_unsettled_hours.snapshot) AS writer (xid)
                WHERE pg_xact_status(writer.xid) = 'in progress'
            )
        RETURNING datalayer_unsettled_hours.since, datalayer_unsettled_hours.until
    )
    INSERT INTO datalayer_late_hour (source, bucket)
    SELECT DISTINCT rollup_source, hours.hour
    FROM settled, generate_series(
        settled.since, settled.until - interval '1 hour', '1 hour'
    ) AS hours (hour);
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

-- Store up to `batch` hours that have closed at least an hour ago; return how many.
CREATE FUNCTION datalayer_store_closed_hours(rollup_source text, batch integer)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    kept datalayer_rollup_source := (
        SELECT datalayer_rollup_source
        FROM datalayer_rollup_source
        WHERE datalayer_rollup_source.source = rollup_source
    );
    horizon timestamptz := datalayer_hour(clock_timestamp() - interval '1 hour');
    since timestamptz := greatest(kept.watermark, datalayer_first_hour(rollup_source));
    until timestamptz;
    seen pg_snapshot := pg_current_snapshot();
BEGIN
    IF since >= horizon THEN
        RETURN 0;
    END IF;
    IF NOT isfinite(since) THEN
        -- The first time: begin with the oldest row.
        EXECUTE format(
            'SELECT datalayer_hour(min(%I)) FROM %s WHERE isfinite(%I)',
            kept.time_column, kept.relation, kept.time_column
        ) INTO since;
        since := least(coalesce(since, horizon), horizon);
    END IF;
    until := least(since + make_interval(hours => batch), horizon);
    -- The snapshot was taken first: who ends between it and the aggregation is counted
    -- again for nothing; the other way round a row could be missed.
    IF since < until AND EXISTS (SELECT pg_snapshot_xip(seen)) THEN
        INSERT INTO datalayer_unsettled_hours (source, since, until, snapshot)
        VALUES (rollup_source, since, until, seen);
    END IF;
    IF since < until THEN
        PERFORM datalayer_store_hours(rollup_source, since, until);
    END IF;
    UPDATE datalayer_rollup_source
    SET watermark = until
    WHERE datalayer_rollup_source.source = rollup_source;
    RETURN greatest(extract(EPOCH FROM until - since)::bigint / 3600, 1);
END
$function$;
