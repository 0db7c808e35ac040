-- The six hourly relations: stored hours, and live ones that have not been stored yet.
-- `datalayer maintain` stores them. Hours are those of UTC.
-- Locks: SHARE ROW EXCLUSIVE on the sources while their triggers are created: they are
-- read meanwhile, not written.

-- The views find the watermark by a subquery, once, so that partitions below it are left
-- out. The upper bound tells the planner that what is left is little.

INSERT INTO datalayer_rollup_source (source, relation, time_column)
VALUES
('enforcement', 'enforcement', 'created'),
('event', 'event', 'created'),
('execution_history', 'execution_history', 'time'),
('worker_history', 'worker_history', 'time');

CREATE VIEW execution_status_hourly_rows AS
SELECT
    time,
    datalayer_hour(time) AS bucket,
    entity_ref AS action_ref,
    new_values ->> 'status' AS new_status
FROM execution_history
WHERE operation = 'UPDATE' AND 'status' = any(changed_fields);

CREATE TABLE execution_status_hourly_stored (
    bucket timestamptz NOT NULL,
    action_ref text,
    new_status text,
    transition_count bigint NOT NULL,
    CONSTRAINT execution_status_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, action_ref, new_status)
);
CREATE INDEX idx_execution_status_hourly_action_ref
ON execution_status_hourly_stored (action_ref, bucket DESC);

CREATE VIEW execution_status_hourly AS
SELECT
    bucket,
    action_ref,
    new_status,
    transition_count
FROM execution_status_hourly_stored
UNION ALL
SELECT
    bucket,
    action_ref,
    new_status,
    count(*) AS transition_count
FROM execution_status_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('execution_history'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, action_ref, new_status;
COMMENT ON VIEW execution_status_hourly IS 'Transitions of executions to a status.';

CREATE VIEW execution_throughput_hourly_rows AS
SELECT
    time,
    datalayer_hour(time) AS bucket,
    entity_ref AS action_ref
FROM execution_history
WHERE operation = 'INSERT';

CREATE TABLE execution_throughput_hourly_stored (
    bucket timestamptz NOT NULL,
    action_ref text,
    execution_count bigint NOT NULL,
    CONSTRAINT execution_throughput_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, action_ref)
);
CREATE INDEX idx_execution_throughput_hourly_action_ref
ON execution_throughput_hourly_stored (action_ref, bucket DESC);

CREATE VIEW execution_throughput_hourly AS
SELECT
    bucket,
    action_ref,
    execution_count
FROM execution_throughput_hourly_stored
UNION ALL
SELECT
    bucket,
    action_ref,
    count(*) AS execution_count
FROM execution_throughput_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('execution_history'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, action_ref;
COMMENT ON VIEW execution_throughput_hourly IS 'Executions that were requested.';

CREATE VIEW execution_volume_hourly_rows AS
SELECT
    time,
    datalayer_hour(time) AS bucket,
    entity_ref AS action_ref,
    new_values ->> 'status' AS initial_status
FROM execution_history
WHERE operation = 'INSERT';

CREATE TABLE execution_volume_hourly_stored (
    bucket timestamptz NOT NULL,
    action_ref text,
    initial_status text,
    execution_count bigint NOT NULL,
    CONSTRAINT execution_volume_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, action_ref, initial_status)
);
CREATE INDEX idx_execution_volume_hourly_action_ref
ON execution_volume_hourly_stored (action_ref, bucket DESC);

CREATE VIEW execution_volume_hourly AS
SELECT
    bucket,
    action_ref,
    initial_status,
    execution_count
FROM execution_volume_hourly_stored
UNION ALL
SELECT
    bucket,
    action_ref,
    initial_status,
    count(*) AS execution_count
FROM execution_volume_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('execution_history'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, action_ref, initial_status;
COMMENT ON VIEW execution_volume_hourly IS
'Executions that were requested, by the status they began with.';

CREATE VIEW worker_status_hourly_rows AS
SELECT
    time,
    datalayer_hour(time) AS bucket,
    entity_ref AS worker_name,
    new_values ->> 'status' AS new_status
FROM worker_history
WHERE operation = 'UPDATE' AND 'status' = any(changed_fields);

CREATE TABLE worker_status_hourly_stored (
    bucket timestamptz NOT NULL,
    worker_name text,
    new_status text,
    transition_count bigint NOT NULL,
    CONSTRAINT worker_status_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, worker_name, new_status)
);
CREATE INDEX idx_worker_status_hourly_worker_name
ON worker_status_hourly_stored (worker_name, bucket DESC);

CREATE VIEW worker_status_hourly AS
SELECT
    bucket,
    worker_name,
    new_status,
    transition_count
FROM worker_status_hourly_stored
UNION ALL
SELECT
    bucket,
    worker_name,
    new_status,
    count(*) AS transition_count
FROM worker_status_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('worker_history'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, worker_name, new_status;
COMMENT ON VIEW worker_status_hourly IS 'Transitions of workers to a status.';

CREATE VIEW event_volume_hourly_rows AS
SELECT
    created AS time,
    datalayer_hour(created) AS bucket,
    trigger_ref
FROM event;

CREATE TABLE event_volume_hourly_stored (
    bucket timestamptz NOT NULL,
    trigger_ref text,
    event_count bigint NOT NULL,
    CONSTRAINT event_volume_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, trigger_ref)
);
CREATE INDEX idx_event_volume_hourly_trigger_ref
ON event_volume_hourly_stored (trigger_ref, bucket DESC);

CREATE VIEW event_volume_hourly AS
SELECT
    bucket,
    trigger_ref,
    event_count
FROM event_volume_hourly_stored
UNION ALL
SELECT
    bucket,
    trigger_ref,
    count(*) AS event_count
FROM event_volume_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('event'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, trigger_ref;
COMMENT ON VIEW event_volume_hourly IS 'Events.';

CREATE VIEW enforcement_volume_hourly_rows AS
SELECT
    created AS time,
    datalayer_hour(created) AS bucket,
    rule_ref
FROM enforcement;

CREATE TABLE enforcement_volume_hourly_stored (
    bucket timestamptz NOT NULL,
    rule_ref text,
    enforcement_count bigint NOT NULL,
    CONSTRAINT enforcement_volume_hourly_stored_key
    UNIQUE NULLS NOT DISTINCT (bucket, rule_ref)
);
CREATE INDEX idx_enforcement_volume_hourly_rule_ref
ON enforcement_volume_hourly_stored (rule_ref, bucket DESC);

CREATE VIEW enforcement_volume_hourly AS
SELECT
    bucket,
    rule_ref,
    enforcement_count
FROM enforcement_volume_hourly_stored
UNION ALL
SELECT
    bucket,
    rule_ref,
    count(*) AS enforcement_count
FROM enforcement_volume_hourly_rows
WHERE
    time >= (SELECT datalayer_watermark('enforcement'))
    AND time < 'infinity'
    AND isfinite(time)
GROUP BY bucket, rule_ref;
COMMENT ON VIEW enforcement_volume_hourly IS 'Enforcements.';

INSERT INTO datalayer_rollup (name, source)
VALUES
('enforcement_volume_hourly', 'enforcement'),
('event_volume_hourly', 'event'),
('execution_status_hourly', 'execution_history'),
('execution_throughput_hourly', 'execution_history'),
('execution_volume_hourly', 'execution_history'),
('worker_status_hourly', 'worker_history');

-- Rows that come after their hour has closed; the others cost one comparison.
-- A history row is a statement of its own, for which PostgreSQL prepares the condition
-- again: it says what datalayer_hour() says, because calling that would cost 2 µs a row.

CREATE TRIGGER enforcement_mark_late_insert
AFTER INSERT ON enforcement
FOR EACH ROW
WHEN (new.created < datalayer_hour(clock_timestamp()))
EXECUTE FUNCTION datalayer_mark_late_hour('enforcement', 'created', 'new');

CREATE TRIGGER event_mark_late_insert
AFTER INSERT ON event
FOR EACH ROW
WHEN (new.created < datalayer_hour(clock_timestamp()))
EXECUTE FUNCTION datalayer_mark_late_hour('event', 'created', 'new');

CREATE TRIGGER execution_history_mark_late_insert
AFTER INSERT ON execution_history
FOR EACH ROW
WHEN (new.time < date_bin('1 hour', clock_timestamp(), '2001-01-01 00:00:00+00'))
EXECUTE FUNCTION datalayer_mark_late_hour('execution_history', 'time', 'new');

CREATE TRIGGER worker_history_mark_late_insert
AFTER INSERT ON worker_history
FOR EACH ROW
WHEN (new.time < date_bin('1 hour', clock_timestamp(), '2001-01-01 00:00:00+00'))
EXECUTE FUNCTION datalayer_mark_late_hour('worker_history', 'time', 'new');

CREATE TRIGGER enforcement_mark_late_delete
AFTER DELETE ON enforcement
FOR EACH ROW
WHEN (old.created < datalayer_hour(clock_timestamp()))
EXECUTE FUNCTION datalayer_mark_late_hour('enforcement', 'created', 'old');

CREATE TRIGGER event_mark_late_delete
AFTER DELETE ON event
FOR EACH ROW
WHEN (old.created < datalayer_hour(clock_timestamp()))
EXECUTE FUNCTION datalayer_mark_late_hour('event', 'created', 'old');

CREATE TRIGGER enforcement_mark_late_update
AFTER UPDATE ON enforcement
FOR EACH ROW
WHEN (old.rule_ref <> new.rule_ref AND new.created < datalayer_hour(clock_timestamp()))
EXECUTE FUNCTION datalayer_mark_late_hour('enforcement', 'created', 'new');

ALTER TABLE enforcement ENABLE ALWAYS TRIGGER enforcement_mark_late_insert;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_mark_late_insert;
ALTER TABLE execution_history ENABLE ALWAYS TRIGGER execution_history_mark_late_insert;
ALTER TABLE worker_history ENABLE ALWAYS TRIGGER worker_history_mark_late_insert;
ALTER TABLE enforcement ENABLE ALWAYS TRIGGER enforcement_mark_late_delete;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_mark_late_delete;
ALTER TABLE enforcement ENABLE ALWAYS TRIGGER enforcement_mark_late_update;
ALTER TABLE enforcement ENABLE ALWAYS TRIGGER enforcement_refuse_truncate;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_refuse_truncate;

SELECT datalayer_protect_partition('enforcement', 'enforcement_default');
SELECT datalayer_protect_partition('event', 'event_default');
