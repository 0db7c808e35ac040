-- Keep the partitions of run ahead of time; no partition is created here, so that the
-- schema does not depend on the day it was migrated.
-- Locks: none on tables.

-- Creates the partitions of this month and of the months ahead, with bounds in UTC, and
-- moves rows there that waited in the default partition. Returns the names it created.
-- Locks: SHARE UPDATE EXCLUSIVE on run (readers and writers go on), ACCESS EXCLUSIVE on
-- run_default while a partition is attached.
CREATE FUNCTION artifacts_maintain_run_partitions(months_ahead integer DEFAULT 3)
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    first_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    lower_bound timestamptz;
    upper_bound timestamptz;
    partition_name text;
    snapshots run_snapshot_index[];
    artifacts run_artifact[];
BEGIN
    -- It conflicts with itself: two sessions do not create the same partition.
    LOCK TABLE run IN SHARE UPDATE EXCLUSIVE MODE;
    FOR ahead IN 0..months_ahead LOOP
        lower_bound := (first_month + make_interval(months => ahead)) AT TIME ZONE 'UTC';
        upper_bound := (first_month + make_interval(months => ahead + 1))
            AT TIME ZONE 'UTC';
        partition_name := 'run_' || to_char(lower_bound AT TIME ZONE 'UTC', '"y"YYYY"m"MM');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        EXECUTE format(
            'CREATE TABLE %I (LIKE run INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
            partition_name
        );
        LOCK TABLE run_default IN ACCESS EXCLUSIVE MODE;
        -- Leaving the default partition cascades to what refers to a run: keep that.
        snapshots := ARRAY(
            SELECT used
            FROM run_snapshot_index AS used
            INNER JOIN run_default AS waiting
                ON used.run_id = waiting.run_id
                AND used.run_submitted_at = waiting.submitted_at
            WHERE waiting.submitted_at >= lower_bound AND waiting.submitted_at < upper_bound
        );
        artifacts := ARRAY(
            SELECT reached
            FROM run_artifact AS reached
            INNER JOIN run_default AS waiting
                ON reached.run_id = waiting.run_id
                AND reached.run_submitted_at = waiting.submitted_at
            WHERE waiting.submitted_at >= lower_bound AND waiting.submitted_at < upper_bound
        );
        EXECUTE format(
            'INSERT INTO %I SELECT * FROM run_default
            WHERE submitted_at >= $1 AND submitted_at < $2',
            partition_name
        ) USING lower_bound, upper_bound;
        DELETE FROM run_default
        WHERE submitted_at >= lower_bound AND submitted_at < upper_bound;
        EXECUTE format(
            'ALTER TABLE run ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            partition_name, lower_bound, upper_bound
        );
        INSERT INTO run_snapshot_index SELECT (unnest(snapshots)).*;
        INSERT INTO run_artifact SELECT (unnest(artifacts)).*;
        RETURN NEXT partition_name;
    END LOOP;
END
$function$;
