-- One call that does all that is due: closed hours, partitions, retention.
-- Locks: creates functions only; nothing that exists is locked.

-- Functions keep this path: names mean the same whoever calls them, and nothing of a
-- temporary schema can take their place.
SELECT set_config('search_path', format('%I, pg_temp', current_schema()), TRUE);

-- Drop one partition whose rows are all older than its table keeps them, once their hours
-- are stored in every rollup. Returns it, or NULL.
-- Locks: ACCESS EXCLUSIVE on the table.
CREATE FUNCTION datalayer_drop_expired_partition(parent regclass) RETURNS text
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
    expired record;
BEGIN
    SELECT
        present.partition,
        present.partition::text AS name,
        present.until
    INTO expired
    FROM datalayer_list_partitions(parent) AS present
    WHERE present.until <= now() - kept.retain
        AND NOT EXISTS (
            SELECT
            FROM datalayer_rollup_source
            WHERE datalayer_rollup_source.relation = parent
                AND (
                    datalayer_rollup_source.watermark < present.until
                    OR EXISTS (
                        SELECT FROM datalayer_late_hour
                        WHERE datalayer_late_hour.source = datalayer_rollup_source.source
                            AND datalayer_late_hour.bucket < present.until
                    )
                    OR EXISTS (
                        SELECT FROM datalayer_unsettled_hours
                        WHERE datalayer_unsettled_hours.source
                            = datalayer_rollup_source.source
                            AND datalayer_unsettled_hours.since < present.until
                    )
                )
        )
    ORDER BY present.since
    LIMIT 1;
    IF expired IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %s', expired.partition);
    UPDATE datalayer_partitioned
    SET dropped_before = greatest(datalayer_partitioned.dropped_before, expired.until)
    WHERE datalayer_partitioned.relation = parent;
    RETURN expired.name;
END
$function$;

-- The tables that are looked after, less those that were dropped.
CREATE FUNCTION datalayer_list_partitioned() RETURNS SETOF regclass
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT datalayer_partitioned.relation
    FROM datalayer_partitioned
    INNER JOIN pg_class ON datalayer_partitioned.relation = pg_class.oid
    ORDER BY pg_class.relname, pg_class.oid;
END;

-- Create the partitions that the runs of artifacts lack, where that component is there.
CREATE FUNCTION datalayer_create_run_partitions() RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '2s'
AS $function$
DECLARE
    created integer := 0;
BEGIN
    IF to_regprocedure('artifacts_maintain_run_partitions(integer)') IS NOT NULL THEN
        EXECUTE 'SELECT count(*) FROM artifacts_maintain_run_partitions()' INTO created;
    END IF;
    RETURN created;
END
$function$;

-- The policies of TimescaleDB on tables and aggregates of this schema, in the order in
-- which they lose nothing; no row where the extension is not.
CREATE FUNCTION datalayer_list_policies()
RETURNS TABLE (place bigint, job_id integer, task text, relation text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
BEGIN
    IF to_regclass('timescaledb_information.jobs') IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE $query$
        SELECT
            row_number() OVER (ORDER BY policy.position, jobs.job_id) AS place,
            jobs.job_id,
            policy.task,
            jobs.hypertable_name::text AS relation
        FROM timescaledb_information.jobs
        INNER JOIN (
            VALUES
            (1, 'policy_refresh_continuous_aggregate', 'refresh aggregate'),
            (2, 'policy_compression', 'compress chunks'),
            (3, 'policy_retention', 'drop expired chunks')
        ) AS policy (position, name, task) ON jobs.proc_name = policy.name
        WHERE jobs.hypertable_schema = current_schema()
    $query$;
END
$function$;

-- Do the next piece of work that is due, in a transaction of its own if the caller has
-- none, and say what it was; no row when nothing is due. `amount` counts partitions or
-- hours. Raises object_in_use while another session maintains the same database.
CREATE FUNCTION datalayer_maintain_step(batch integer DEFAULT 168)
RETURNS TABLE (task text, relation text, amount integer)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    parent regclass;
BEGIN
    IF batch < 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'batch must be at least 1';
    END IF;
    -- "dl_maint" as bytes.
    IF NOT pg_try_advisory_xact_lock(7236263624667917940) THEN
        RAISE object_in_use USING
            MESSAGE = 'another session maintains this database',
            HINT = 'Nothing is lost: what is due is done by the other one, or next time.';
    END IF;
    FOR relation IN
        SELECT datalayer_rollup_source.source
        FROM datalayer_rollup_source
        INNER JOIN pg_class ON datalayer_rollup_source.relation = pg_class.oid
        ORDER BY datalayer_rollup_source.source
    LOOP
        task := 'repeat late hours';
        amount := datalayer_repeat_hours(relation, batch);
        IF amount = 0 THEN
            task := 'store closed hours';
            amount := datalayer_store_closed_hours(relation, batch);
        END IF;
        IF amount > 0 THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    FOR parent IN SELECT datalayer_list_partitioned() LOOP
        task := 'create partitions';
        amount := (SELECT count(*) FROM datalayer_create_partitions(parent, batch));
        IF amount > 0 THEN
            relation := parent::text;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    amount := datalayer_create_run_partitions();
    IF amount > 0 THEN
        task := 'create partitions';
        relation := 'run';
        RETURN NEXT;
        RETURN;
    END IF;
    FOR parent IN SELECT datalayer_list_partitioned() LOOP
        task := 'drop expired partition';
        amount := 1;
        relation := datalayer_drop_expired_partition(parent);
        IF relation IS NOT NULL THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
END
$function$;

-- Do all that is due in one transaction: for pg_cron and for psql. The command
-- `datalayer maintain` takes the steps one by one, each in its own.
CREATE FUNCTION datalayer_maintain(batch integer DEFAULT 168)
RETURNS TABLE (task text, relation text, amount bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    step record;
    steps jsonb := '[]';
BEGIN
    LOOP
        SELECT * INTO step FROM datalayer_maintain_step(batch);
        EXIT WHEN step.task IS NULL;
        steps := steps || jsonb_build_array(to_jsonb(step));
    END LOOP;
    RETURN QUERY
    SELECT
        taken.task,
        taken.relation,
        sum(taken.amount)::bigint AS amount
    FROM jsonb_to_recordset(steps)
        AS taken (task text, relation text, amount integer)
    GROUP BY taken.task, taken.relation
    ORDER BY taken.task, taken.relation;
END
$function$;
