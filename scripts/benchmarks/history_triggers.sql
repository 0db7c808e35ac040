-- The peers of `scripts/bench history`: three ways to write the history of execution, into
-- the same table with the same indexes. Each database gets all three and uses one.

-- Like the audit triggers that serve any table: both rows become jsonb, and the keys whose
-- values differ are kept. Arguments: columns that are left out.
CREATE FUNCTION bench_generic_diff() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $function$
DECLARE
    old_row jsonb;
    new_row jsonb;
    changed text[] := '{}';
BEGIN
    IF tg_op <> 'INSERT' THEN
        old_row := to_jsonb(old) - tg_argv[0]::text[];
    END IF;
    IF tg_op <> 'DELETE' THEN
        new_row := to_jsonb(new) - tg_argv[0]::text[];
    END IF;
    IF tg_op = 'UPDATE' THEN
        SELECT
            array_agg(past.key),
            jsonb_object_agg(past.key, past.value),
            jsonb_object_agg(present.key, present.value)
        INTO changed, old_row, new_row
        FROM jsonb_each(old_row) AS past
        INNER JOIN jsonb_each(new_row) AS present ON past.key = present.key
        WHERE past.value IS DISTINCT FROM present.value;
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO execution_history (
        operation, entity_id, entity_ref, changed_fields, old_values, new_values
    )
    VALUES (
        tg_op,
        CASE tg_op WHEN 'DELETE' THEN old.id ELSE new.id END,
        CASE tg_op WHEN 'DELETE' THEN old.action_ref ELSE new.action_ref END,
        changed,
        old_row,
        new_row
    );
    RETURN NULL;
END
$function$;

-- Both rows as a whole, whatever changed.
CREATE FUNCTION bench_full_row() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $function$
BEGIN
    INSERT INTO execution_history (
        operation, entity_id, entity_ref, old_values, new_values
    )
    VALUES (
        tg_op,
        CASE tg_op WHEN 'DELETE' THEN old.id ELSE new.id END,
        CASE tg_op WHEN 'DELETE' THEN old.action_ref ELSE new.action_ref END,
        CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END,
        CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END
    );
    RETURN NULL;
END
$function$;

-- What one writes by hand for this one table: it runs with the writer's rights, path and
-- time zone, takes 1 for 1.0, and keeps no null of JSON apart.
CREATE FUNCTION bench_plain() RETURNS trigger
LANGUAGE plpgsql
AS $function$
DECLARE
    changed text[] := '{}';
    old_fields jsonb := '{}';
    new_fields jsonb := '{}';
BEGIN
    IF tg_op = 'INSERT' THEN
        INSERT INTO execution_history (
            operation, entity_id, entity_ref, changed_fields, old_values, new_values
        )
        VALUES (
            'INSERT', new.id, new.action_ref, '{}', NULL,
            jsonb_build_object(
                'status', new.status,
                'action_ref', new.action_ref,
                'executor', new.executor,
                'parent', new.parent,
                'enforcement', new.enforcement,
                'started_at', new.started_at
            )
        );
        RETURN new;
    END IF;
    IF tg_op = 'DELETE' THEN
        INSERT INTO execution_history (
            operation, entity_id, entity_ref, changed_fields, old_values, new_values
        )
        VALUES ('DELETE', old.id, old.action_ref, '{}', NULL, NULL);
        RETURN old;
    END IF;
    IF old.status IS DISTINCT FROM new.status THEN
        changed := array_append(changed, 'status');
        old_fields := old_fields || jsonb_build_object('status', old.status);
        new_fields := new_fields || jsonb_build_object('status', new.status);
    END IF;
    IF old.result IS DISTINCT FROM new.result THEN
        changed := array_append(changed, 'result');
        old_fields := old_fields
            || jsonb_build_object('result', _jsonb_digest_summary(old.result));
        new_fields := new_fields
            || jsonb_build_object('result', _jsonb_digest_summary(new.result));
    END IF;
    IF old.executor IS DISTINCT FROM new.executor THEN
        changed := array_append(changed, 'executor');
        old_fields := old_fields || jsonb_build_object('executor', old.executor);
        new_fields := new_fields || jsonb_build_object('executor', new.executor);
    END IF;
    IF old.workflow_task IS DISTINCT FROM new.workflow_task THEN
        changed := array_append(changed, 'workflow_task');
        old_fields := old_fields
            || jsonb_build_object('workflow_task', old.workflow_task);
        new_fields := new_fields
            || jsonb_build_object('workflow_task', new.workflow_task);
    END IF;
    IF old.env_vars IS DISTINCT FROM new.env_vars THEN
        changed := array_append(changed, 'env_vars');
        old_fields := old_fields || jsonb_build_object('env_vars', old.env_vars);
        new_fields := new_fields || jsonb_build_object('env_vars', new.env_vars);
    END IF;
    IF old.started_at IS DISTINCT FROM new.started_at THEN
        changed := array_append(changed, 'started_at');
        old_fields := old_fields || jsonb_build_object('started_at', old.started_at);
        new_fields := new_fields || jsonb_build_object('started_at', new.started_at);
    END IF;
    IF array_length(changed, 1) > 0 THEN
        INSERT INTO execution_history (
            operation, entity_id, entity_ref, changed_fields, old_values, new_values
        )
        VALUES (
            'UPDATE', new.id, new.action_ref, changed, old_fields, new_fields
        );
    END IF;
    RETURN new;
END
$function$;

-- Payloads to move about: 100 bytes, and 100 kB that hardly compress.
CREATE TABLE bench_payload (
    number integer NOT NULL,
    small jsonb NOT NULL,
    large jsonb NOT NULL,
    CONSTRAINT bench_payload_pkey PRIMARY KEY (number)
);
INSERT INTO bench_payload (number, small, large)
SELECT
    payload.number,
    jsonb_build_object(
        'exit_code', payload.number, 'stdout', repeat('line ' || payload.number, 10)
    ) AS small,
    jsonb_build_object('exit_code', payload.number, 'lines', payload.lines) AS large
FROM (
    SELECT
        numbers.number,
        jsonb_agg(md5(format('%s of %s', line.number, numbers.number))) AS lines
    FROM generate_series(0, 3) AS numbers (number)
    CROSS JOIN generate_series(1, 2750) AS line (number)
    GROUP BY numbers.number
) AS payload;

-- Another status at each step.
CREATE FUNCTION bench_status(step integer) RETURNS execution_status
LANGUAGE sql IMMUTABLE
RETURN ('{requested,scheduled,running}'::execution_status[])[1 + step % 3];

-- Rows as an application has them when they are born.
CREATE FUNCTION bench_add(amount integer) RETURNS SETOF bigint
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO execution (action_ref, config, env_vars, max_retries)
    SELECT
        'core.action_' || number % 20 AS action_ref,
        jsonb_build_object(
            'command', 'make all', 'timeout', 600, 'folder', '/srv/build/' || number
        ) AS config,
        '{"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "STAGE": "test"}' AS env_vars,
        3 AS max_retries
    FROM generate_series(1, amount) AS numbers (number)
    RETURNING id;
END;
