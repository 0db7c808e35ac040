-- The six hourly relations as continuous aggregates, in real time. Hours are those of UTC.
-- Locks: ACCESS EXCLUSIVE on the sources for a moment, to note their aggregates.

CREATE MATERIALIZED VIEW IF NOT EXISTS execution_status_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', time) AS bucket,
    entity_ref AS action_ref,
    new_values ->> 'status' AS new_status,
    count(*) AS transition_count
FROM execution_history
WHERE operation = 'UPDATE' AND 'status' = any(changed_fields)
GROUP BY 1, 2, 3
WITH NO DATA;
COMMENT ON VIEW execution_status_hourly IS 'Transitions of executions to a status.';
SELECT add_continuous_aggregate_policy(
    'execution_status_hourly',
    start_offset => interval '7 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes',
    if_not_exists => TRUE
);

CREATE MATERIALIZED VIEW IF NOT EXISTS execution_throughput_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', time) AS bucket,
    entity_ref AS action_ref,
    count(*) AS execution_count
FROM execution_history
WHERE operation = 'INSERT'
GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW execution_throughput_hourly IS 'Executions that were requested.';
SELECT add_continuous_aggregate_policy(
    'execution_throughput_hourly',
    start_offset => interval '7 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes',
    if_not_exists => TRUE
);

CREATE MATERIALIZED VIEW IF NOT EXISTS execution_volume_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', time) AS bucket,
    entity_ref AS action_ref,
    new_values ->> 'status' AS initial_status,
    count(*) AS execution_count
FROM execution_history
WHERE operation = 'INSERT'
GROUP BY 1, 2, 3
WITH NO DATA;
COMMENT ON VIEW execution_volume_hourly IS
'Executions that were requested, by the status they began with.';
SELECT add_continuous_aggregate_policy(
    'execution_volume_hourly',
    start_offset => interval '7 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes',
    if_not_exists => TRUE
);

CREATE MATERIALIZED VIEW IF NOT EXISTS worker_status_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', time) AS bucket,
    entity_ref AS worker_name,
    new_values ->> 'status' AS new_status,
    count(*) AS transition_count
FROM worker_history
WHERE operation = 'UPDATE' AND 'status' = any(changed_fields)
GROUP BY 1, 2, 3
WITH NO DATA;
COMMENT ON VIEW worker_status_hourly IS 'Transitions of workers to a status.';
SELECT add_continuous_aggregate_policy(
    'worker_status_hourly',
    start_offset => interval '30 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '1 hour',
    if_not_exists => TRUE
);

CREATE MATERIALIZED VIEW IF NOT EXISTS event_volume_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', created) AS bucket,
    trigger_ref,
    count(*) AS event_count
FROM event
GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW event_volume_hourly IS 'Events.';
SELECT add_continuous_aggregate_policy(
    'event_volume_hourly',
    start_offset => interval '7 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes',
    if_not_exists => TRUE
);

CREATE MATERIALIZED VIEW IF NOT EXISTS enforcement_volume_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = FALSE) AS
SELECT
    time_bucket(interval '1 hour', created) AS bucket,
    rule_ref,
    count(*) AS enforcement_count
FROM enforcement
GROUP BY 1, 2
WITH NO DATA;
COMMENT ON VIEW enforcement_volume_hourly IS 'Enforcements.';
SELECT add_continuous_aggregate_policy(
    'enforcement_volume_hourly',
    start_offset => interval '7 days',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes',
    if_not_exists => TRUE
);
