-- fragment: in_hours(since, until)
-- The hours that begin before `until`, from the one that `since` lies in.
/*
bucket >= datalayer_hour(:since)
AND bucket < :until
*/

-- fragment: hours(since, until)
-- The same hours, one row each, whether anything happened in them or not.
/*
SELECT hour.bucket
FROM generate_series(
    datalayer_hour(:since), :until::timestamptz, interval '1 hour'
) AS hour (bucket)
WHERE hour.bucket < :until
*/

-- name: list_execution_status_hourly(since, until, action_ref)
-- record_class: ExecutionStatusHour
-- Return how often executions of an action, or of all, moved to each status, in the hours
-- that begin before `until`, from the one that `since` lies in; nothing when none did.
-- @column action_ref not null
-- @column new_status not null
-- @column transition_count not null
SELECT
    bucket,
    action_ref,
    new_status,
    transition_count
FROM execution_status_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND action_ref = :action_ref -- @optional
ORDER BY bucket, action_ref, new_status;

-- name: list_execution_throughput_hourly(since, until, action_ref)
-- record_class: ExecutionThroughputHour
-- Return how many executions of an action, or of all, were requested in the hours that
-- begin before `until`, from the one that `since` lies in; nothing when none were.
-- @column action_ref not null
-- @column execution_count not null
SELECT
    bucket,
    action_ref,
    execution_count
FROM execution_throughput_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND action_ref = :action_ref -- @optional
ORDER BY bucket, action_ref;

-- name: list_execution_volume_hourly(since, until, action_ref)
-- record_class: ExecutionVolumeHour
-- Return how many executions of an action, or of all, began with each status, in the hours
-- that begin before `until`, from the one that `since` lies in; nothing when none did.
-- @column action_ref not null
-- @column initial_status not null
-- @column execution_count not null
SELECT
    bucket,
    action_ref,
    initial_status,
    execution_count
FROM execution_volume_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND action_ref = :action_ref -- @optional
ORDER BY bucket, action_ref, initial_status;

-- name: list_worker_status_hourly(since, until, worker_name)
-- record_class: WorkerStatusHour
-- Return how often a worker, or all, moved to each status, in the hours that begin before
-- `until`, from the one that `since` lies in; nothing when none did.
-- @column worker_name not null
-- @column new_status not null
-- @column transition_count not null
SELECT
    bucket,
    worker_name,
    new_status,
    transition_count
FROM worker_status_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND worker_name = :worker_name -- @optional
ORDER BY bucket, worker_name, new_status;

-- name: list_event_volume_hourly(since, until, trigger_ref)
-- record_class: EventVolumeHour
-- Return how many events of a trigger, or of all, came in the hours that begin before
-- `until`, from the one that `since` lies in; nothing when none did.
-- @column trigger_ref not null
-- @column event_count not null
SELECT
    bucket,
    trigger_ref,
    event_count
FROM event_volume_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND trigger_ref = :trigger_ref -- @optional
ORDER BY bucket, trigger_ref;

-- name: list_enforcement_volume_hourly(since, until, rule_ref)
-- record_class: EnforcementVolumeHour
-- Return how many enforcements of a rule, or of all, were created in the hours that begin
-- before `until`, from the one that `since` lies in; nothing when none were.
-- @column rule_ref not null
-- @column enforcement_count not null
SELECT
    bucket,
    rule_ref,
    enforcement_count
FROM enforcement_volume_hourly
WHERE
    FALSE -- @use in_hours(:since, :until)
    AND rule_ref = :rule_ref -- @optional
ORDER BY bucket, rule_ref;

-- name: list_execution_status_series(since, until, action_ref)
-- record_class: HourlyStatusCount
-- Return how many executions moved to each status in each hour that
-- begins before `until`, from the one that `since` lies in, of one `action_ref` or of all:
-- a row for each hour and each status that came up at all; 0 where it did not.
-- @column status not null
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        new_status AS status,
        sum(transition_count)::bigint AS total
    FROM execution_status_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND action_ref = :action_ref -- @optional
    GROUP BY bucket, new_status
),

status AS (
    SELECT DISTINCT counted.status AS name
    FROM counted
)

SELECT
    hourly.bucket,
    status.name AS status,
    coalesce(counted.total, 0) AS total
FROM hourly
CROSS JOIN status
LEFT JOIN counted ON hourly.bucket = counted.bucket AND status.name = counted.status
ORDER BY hourly.bucket, status.name;

-- name: list_execution_throughput_series(since, until, action_ref)
-- record_class: HourlyCount
-- Return how many executions were requested in each hour that begins
-- before `until`, from the one that `since` lies in, of one `action_ref` or of all; an hour
-- without any is 0.
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        sum(execution_count)::bigint AS total
    FROM execution_throughput_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND action_ref = :action_ref -- @optional
    GROUP BY bucket
)

SELECT
    hourly.bucket,
    coalesce(counted.total, 0) AS total
FROM hourly
LEFT JOIN counted ON hourly.bucket = counted.bucket
ORDER BY hourly.bucket;

-- name: list_execution_volume_series(since, until, action_ref)
-- record_class: HourlyStatusCount
-- Return how many executions began with each status in each hour that
-- begins before `until`, from the one that `since` lies in, of one `action_ref` or of all:
-- a row for each hour and each status that came up at all; 0 where it did not.
-- @column status not null
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        initial_status AS status,
        sum(execution_count)::bigint AS total
    FROM execution_volume_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND action_ref = :action_ref -- @optional
    GROUP BY bucket, initial_status
),

status AS (
    SELECT DISTINCT counted.status AS name
    FROM counted
)

SELECT
    hourly.bucket,
    status.name AS status,
    coalesce(counted.total, 0) AS total
FROM hourly
CROSS JOIN status
LEFT JOIN counted ON hourly.bucket = counted.bucket AND status.name = counted.status
ORDER BY hourly.bucket, status.name;

-- name: list_worker_status_series(since, until, worker_name)
-- record_class: HourlyStatusCount
-- Return how many workers moved to each status in each hour that
-- begins before `until`, from the one that `since` lies in, of one `worker_name` or of all:
-- a row for each hour and each status that came up at all; 0 where it did not.
-- @column status not null
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        new_status AS status,
        sum(transition_count)::bigint AS total
    FROM worker_status_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND worker_name = :worker_name -- @optional
    GROUP BY bucket, new_status
),

status AS (
    SELECT DISTINCT counted.status AS name
    FROM counted
)

SELECT
    hourly.bucket,
    status.name AS status,
    coalesce(counted.total, 0) AS total
FROM hourly
CROSS JOIN status
LEFT JOIN counted ON hourly.bucket = counted.bucket AND status.name = counted.status
ORDER BY hourly.bucket, status.name;

-- name: list_event_volume_series(since, until, trigger_ref)
-- record_class: HourlyCount
-- Return how many events came in each hour that begins
-- before `until`, from the one that `since` lies in, of one `trigger_ref` or of all; an hour
-- without any is 0.
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        sum(event_count)::bigint AS total
    FROM event_volume_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND trigger_ref = :trigger_ref -- @optional
    GROUP BY bucket
)

SELECT
    hourly.bucket,
    coalesce(counted.total, 0) AS total
FROM hourly
LEFT JOIN counted ON hourly.bucket = counted.bucket
ORDER BY hourly.bucket;

-- name: list_enforcement_volume_series(since, until, rule_ref)
-- record_class: HourlyCount
-- Return how many enforcements were created in each hour that begins
-- before `until`, from the one that `since` lies in, of one `rule_ref` or of all; an hour
-- without any is 0.
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

counted AS (
    SELECT
        bucket,
        sum(enforcement_count)::bigint AS total
    FROM enforcement_volume_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND rule_ref = :rule_ref -- @optional
    GROUP BY bucket
)

SELECT
    hourly.bucket,
    coalesce(counted.total, 0) AS total
FROM hourly
LEFT JOIN counted ON hourly.bucket = counted.bucket
ORDER BY hourly.bucket;

-- name: get_failure_rate(since, until, action_ref)^
-- record_class: FailureRate
-- Return how the executions of an action, or of all, ended in the hours that begin before
-- `until`, from the one that `since` lies in. `rate` is the share of those that failed
-- or timed out in those and the completed ones, 0 when there are none of the three.
WITH ended AS (
    SELECT
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'completed'), 0
        )::bigint AS completed,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'failed'), 0
        )::bigint AS failed,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'timeout'), 0
        )::bigint AS timed_out,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'cancelled'), 0
        )::bigint AS cancelled,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'abandoned'), 0
        )::bigint AS abandoned
    FROM execution_status_hourly
    WHERE
        FALSE -- @use in_hours(:since, :until)
        AND action_ref = :action_ref -- @optional
)

SELECT
    completed,
    failed,
    timed_out,
    cancelled,
    abandoned,
    coalesce(
        (failed + timed_out)::float8 / nullif(completed + failed + timed_out, 0), 0
    ) AS rate
FROM ended;

-- name: list_automation_hours(since, until)
-- record_class: AutomationHour
-- Return what happened in each hour that begins before `until`, from the one that `since`
-- lies in: one row an hour, 0 where nothing did. `started` counts executions that began
-- to run, and what follows it how they ended.
WITH hourly AS (
    SELECT NULL -- @use hours(:since, :until)
),

requested AS (
    SELECT
        bucket,
        sum(execution_count)::bigint AS total
    FROM execution_throughput_hourly
    WHERE FALSE -- @use in_hours(:since, :until)
    GROUP BY bucket
),

moved AS (
    SELECT
        bucket,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'running'), 0
        )::bigint AS started,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'completed'), 0
        )::bigint AS completed,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'failed'), 0
        )::bigint AS failed,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'timeout'), 0
        )::bigint AS timed_out,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'cancelled'), 0
        )::bigint AS cancelled,
        coalesce(
            sum(transition_count) FILTER (WHERE new_status = 'abandoned'), 0
        )::bigint AS abandoned
    FROM execution_status_hourly
    WHERE FALSE -- @use in_hours(:since, :until)
    GROUP BY bucket
),

happened AS (
    SELECT
        bucket,
        sum(event_count)::bigint AS total
    FROM event_volume_hourly
    WHERE FALSE -- @use in_hours(:since, :until)
    GROUP BY bucket
),

enforced AS (
    SELECT
        bucket,
        sum(enforcement_count)::bigint AS total
    FROM enforcement_volume_hourly
    WHERE FALSE -- @use in_hours(:since, :until)
    GROUP BY bucket
),

worked AS (
    SELECT
        bucket,
        sum(transition_count)::bigint AS total
    FROM worker_status_hourly
    WHERE FALSE -- @use in_hours(:since, :until)
    GROUP BY bucket
)

SELECT
    hourly.bucket,
    coalesce(requested.total, 0) AS requested,
    coalesce(moved.started, 0) AS started,
    coalesce(moved.completed, 0) AS completed,
    coalesce(moved.failed, 0) AS failed,
    coalesce(moved.timed_out, 0) AS timed_out,
    coalesce(moved.cancelled, 0) AS cancelled,
    coalesce(moved.abandoned, 0) AS abandoned,
    coalesce(happened.total, 0) AS events,
    coalesce(enforced.total, 0) AS enforcements,
    coalesce(worked.total, 0) AS worker_changes
FROM hourly
LEFT JOIN requested ON hourly.bucket = requested.bucket
LEFT JOIN moved ON hourly.bucket = moved.bucket
LEFT JOIN happened ON hourly.bucket = happened.bucket
LEFT JOIN enforced ON hourly.bucket = enforced.bucket
LEFT JOIN worked ON hourly.bucket = worked.bucket
ORDER BY hourly.bucket;
