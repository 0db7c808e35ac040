-- name: list_dashboard_actions(since, until, action_ref, row_limit)
-- record_class: DashboardAction
-- Return the actions with the most executions in the hours from `since` on and before
-- `until`, the busiest first, and how these ended; nothing when there were none.
-- @param row_limit = 10
WITH busiest AS (
    SELECT
        action_ref,
        sum(execution_count)::bigint AS executions
    FROM execution_throughput_hourly
    WHERE
        bucket >= :since
        AND bucket < :until
        AND action_ref = :action_ref -- @optional
        AND action_ref IS NOT NULL
    GROUP BY action_ref
    ORDER BY sum(execution_count) DESC, action_ref ASC
    LIMIT :row_limit
),

ended AS (
    SELECT
        action_ref,
        sum(transition_count) FILTER (WHERE new_status = 'completed') AS completed,
        sum(transition_count) FILTER (WHERE new_status = 'failed') AS failed,
        sum(transition_count) FILTER (WHERE new_status = 'timeout') AS timed_out
    FROM execution_status_hourly
    WHERE
        bucket >= :since
        AND bucket < :until
        AND action_ref IN (SELECT busiest.action_ref FROM busiest)
        AND new_status IN ('completed', 'failed', 'timeout')
    GROUP BY action_ref
)

SELECT
    coalesce(busiest.action_ref, '') AS action_ref,
    coalesce(busiest.executions, 0) AS executions,
    coalesce(ended.completed, 0)::bigint AS completed,
    coalesce(ended.failed, 0)::bigint AS failed,
    coalesce(ended.timed_out, 0)::bigint AS timed_out
FROM busiest
LEFT JOIN ended ON busiest.action_ref = ended.action_ref
ORDER BY busiest.executions DESC, busiest.action_ref ASC;

-- name: list_dashboard_workers(row_limit)
-- record_class: DashboardWorker
-- Return workers with their last heartbeat: those that need a look first, then by name;
-- nothing when none is registered.
-- @param row_limit = 50
SELECT
    id,
    name,
    worker_role,
    worker_type,
    status,
    last_heartbeat,
    coalesce(
        status = 'active' AND last_heartbeat > now() - interval '30 seconds',
        FALSE
    ) AS is_healthy
FROM worker
ORDER BY is_healthy, name
LIMIT :row_limit;

-- name: count_dashboard_workers()^
-- record_class: DashboardWorkers
-- Return how many workers there are, how many of them are healthy, and the time of the
-- transaction.
SELECT
    now() AS moment,
    count(*) AS total,
    count(*) FILTER (
        WHERE
        status = 'active'
        AND last_heartbeat > now() - interval '30 seconds'
    ) AS healthy
FROM worker;

-- name: get_dashboard_execution(execution_id)^
-- record_class: DashboardExecution
-- Return what a page tells of an execution as it is now; nothing for one that is gone.
SELECT
    execution.id,
    execution.action_ref,
    execution.status,
    execution.parent,
    execution.enforcement,
    execution.executor,
    worker.name AS executor_name,
    execution.original_execution,
    execution.is_workflow,
    execution.retry_count,
    execution.max_retries,
    execution.retry_reason,
    execution.started_at,
    execution.created,
    execution.updated
FROM execution
LEFT JOIN worker ON execution.executor = worker.id
WHERE execution.id = :execution_id
ORDER BY execution.created DESC
LIMIT 1;

-- name: list_dashboard_executions_of_action(action_ref, row_limit)
-- record_class: DashboardMatch
-- Return the newest executions of an action; nothing for an unknown one.
-- @param row_limit = 20
SELECT
    id,
    action_ref AS name,
    status::text AS status,
    created
FROM execution
WHERE action_ref = :action_ref
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: list_dashboard_workers_named(part, row_limit)
-- record_class: DashboardMatch
-- Return workers whose name contains a text, in any case, by name; nothing when there
-- are none.
-- @param row_limit = 20
SELECT
    id,
    name,
    status::text AS status,
    created
FROM worker
WHERE strpos(lower(name), lower(:part)) > 0
ORDER BY name
LIMIT :row_limit;

-- name: list_dashboard_execution_statuses(execution_id, row_limit)
-- record_class: DashboardStatus
-- Return when an execution got a status, newest first, and its deletion without one; nothing for
-- an unknown one.
-- @param row_limit = 100
SELECT
    seq,
    time,
    new_values ->> 'status' AS status
FROM execution_history
WHERE
    entity_id = :execution_id
    AND (operation <> 'UPDATE' OR 'status' = any(changed_fields))
ORDER BY seq DESC
LIMIT :row_limit;

-- name: list_dashboard_worker_statuses(worker_id, row_limit)
-- record_class: DashboardStatus
-- Return when a worker got a status, newest first, and its deletion without one; nothing for
-- an unknown one.
-- @param row_limit = 100
SELECT
    seq,
    time,
    new_values ->> 'status' AS status
FROM worker_history
WHERE
    entity_id = :worker_id
    AND (operation <> 'UPDATE' OR 'status' = any(changed_fields))
ORDER BY seq DESC
LIMIT :row_limit;
