-- The data of `scripts/bench history`: functions that add what happened in a piece of time.
-- An execution lives as most do: requested, scheduling, scheduled, running, and an end
-- some minutes later. Number and place in time follow from each other.

-- How the data are laid out: so many executions in so much time.
CREATE TABLE bench_layout (
    executions bigint NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    -- Set when all is there.
    loaded interval
);

-- When an execution was requested.
CREATE FUNCTION bench_moment(number bigint) RETURNS timestamptz
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT since + (until - since) * (number::double precision / executions)
    FROM bench_layout;
END;

-- The history of executions from one number to another, in the order of time.
CREATE FUNCTION bench_add_executions(lowest bigint, highest bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO execution_history (
        time,
        operation,
        entity_id,
        entity_ref,
        changed_fields,
        old_values,
        new_values
    )
    SELECT
        execution.moment + step.delay * interval '1 second' AS time,
        CASE step.number WHEN 0 THEN 'INSERT' ELSE 'UPDATE' END AS operation,
        execution.number AS entity_id,
        'core.action_' || execution.number % 50 AS entity_ref,
        step.changed_fields,
        step.old_values,
        step.new_values
    FROM (
        SELECT
            lives.number,
            lives.number % 20 AS worker,
            hashint8(lives.number)::bigint & 65535 AS chance,
            layout.since
            + (layout.until - layout.since)
            * (lives.number::double precision / layout.executions) AS moment
        FROM bench_layout AS layout
        CROSS JOIN generate_series(lowest, highest) AS lives (number)
    ) AS execution
    CROSS JOIN LATERAL (
        VALUES
        (
            0,
            0.0,
            '{}'::text[],
            NULL::jsonb,
            jsonb_build_object(
                'status', 'requested',
                'executor', NULL,
                'started_at', NULL,
                'action_ref', 'core.action_' || execution.number % 50,
                'parent', NULL,
                'enforcement', execution.number
            )
        ),
        (
            1,
            0.2,
            '{status}',
            '{"status": "requested"}',
            '{"status": "scheduling"}'
        ),
        (
            2,
            0.4 + execution.chance / 65536.0,
            '{status}',
            '{"status": "scheduling"}',
            '{"status": "scheduled"}'
        ),
        (
            3,
            2.0 + execution.chance / 65536.0,
            '{status,executor,started_at}',
            '{"status": "scheduled", "executor": null, "started_at": null}',
            jsonb_build_object(
                'status', 'running',
                'executor', execution.worker,
                'started_at', execution.moment + interval '2 seconds'
            )
        ),
        (
            4,
            3.0 + execution.chance % 600,
            '{status,result}',
            '{"status": "running", "result": null}',
            jsonb_build_object(
                'status', CASE
                    WHEN execution.chance % 100 < 88 THEN 'completed'
                    WHEN execution.chance % 100 < 97 THEN 'failed'
                    ELSE 'timeout'
                END,
                'result', jsonb_build_object(
                    'digest', 'md5:' || md5(execution.number::text),
                    'size', execution.chance,
                    'type', 'object'
                )
            )
        )
    ) AS step (number, delay, changed_fields, old_values, new_values)
    ORDER BY 1;
END;

-- Each tenth execution began with an event and an enforcement.
CREATE FUNCTION bench_add_causes(lowest bigint, highest bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO event (trigger_ref, payload, rule_ref, created)
    SELECT
        'core.trigger_' || number % 20 AS trigger_ref,
        jsonb_build_object('number', number) AS payload,
        'core.rule_' || number % 30 AS rule_ref,
        bench_moment(number) AS created
    FROM generate_series(lowest, highest) AS lives (number)
    WHERE number % 10 = 0;
    INSERT INTO enforcement (rule_ref, trigger_ref, status, payload, created)
    SELECT
        'core.rule_' || number % 30 AS rule_ref,
        'core.trigger_' || number % 20 AS trigger_ref,
        'processed' AS status,
        jsonb_build_object('number', number) AS payload,
        bench_moment(number) AS created
    FROM generate_series(lowest, highest) AS lives (number)
    WHERE number % 10 = 0;
END;

-- Workers turn busy and active by turns, all together at each hundredth execution.
CREATE FUNCTION bench_add_workers(lowest bigint, highest bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO worker_history (
        time,
        operation,
        entity_id,
        entity_ref,
        changed_fields,
        old_values,
        new_values
    )
    SELECT
        bench_moment(number) AS time,
        'UPDATE' AS operation,
        worker.id AS entity_id,
        worker.name AS entity_ref,
        '{status}'::text[] AS changed_fields,
        jsonb_build_object(
            'status', (ARRAY['active', 'busy'])[1 + number / 100 % 2]
        ) AS old_values,
        jsonb_build_object(
            'status', (ARRAY['busy', 'active'])[1 + number / 100 % 2]
        ) AS new_values
    FROM generate_series(lowest, highest) AS lives (number)
    INNER JOIN worker ON worker.id = 1 + number / 100 % 20
    WHERE number % 100 = 0
    ORDER BY 1;
END;

CREATE FUNCTION bench_register_workers() RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO worker (name, worker_type, worker_role, status, last_heartbeat)
    SELECT
        'worker_' || number AS name,
        'local' AS worker_type,
        'action' AS worker_role,
        'active' AS status,
        now() AS last_heartbeat
    FROM generate_series(1, 20) AS workers (number);
END;
