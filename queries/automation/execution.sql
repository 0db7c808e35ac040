-- fragment: execution_columns
-- The columns of an `Execution`.
/*
    id,
    action,
    action_ref,
    config,
    env_vars,
    parent,
    enforcement,
    executor,
    status,
    result,
    (result = 'null'::jsonb) IS TRUE AS result_is_json_null,
    started_at,
    is_workflow,
    workflow_def,
    workflow_task,
    (workflow_task = 'null'::jsonb) IS TRUE AS workflow_task_is_json_null,
    retry_count,
    max_retries,
    retry_reason,
    original_execution,
    created,
    updated
*/

-- fragment: execution_filters(status, action, action_ref, parent, enforcement, executor, is_workflow, workflow_def, original_execution, since, until)
-- What may be asked of an execution that is searched for.
/*
status = :status -- @optional
AND action = :action -- @optional
-- Not LIKE: nothing in a searched text has a meaning of its own.
AND strpos(lower(action_ref), lower(:action_ref)) > 0 -- @optional
AND parent = :parent -- @optional
AND enforcement = :enforcement -- @optional
AND executor = :executor -- @optional
AND is_workflow = :is_workflow -- @optional
AND workflow_def = :workflow_def -- @optional
AND original_execution = :original_execution -- @optional
AND created >= :since -- @optional
AND created <= :until -- @optional
*/

-- fragment: wanted_execution(execution_id, created)
-- The execution of an id, in its partition when `created` tells which.
/*
id = :execution_id
AND created = coalesce(
    :created,
    (
        SELECT newest.created
        FROM execution AS newest
        WHERE newest.id = :execution_id
        ORDER BY newest.created DESC
        LIMIT 1
    )
)
*/

-- fragment: retriable
-- What failed, timed out or was abandoned, may be tried again and has not been.
/*
status IN ('failed', 'timeout', 'abandoned')
AND retry_count < max_retries
AND NOT EXISTS (
    SELECT 1 AS found
    FROM execution AS newer
    WHERE newer.original_execution = execution.id
)
*/

-- name: get_execution(execution_id, created)^
-- record_class: Execution
-- Return an execution; nothing for an unknown id. With its `created` one partition is
-- read, without it all of them.
SELECT NULL -- @use execution_columns
FROM execution
WHERE
    id = :execution_id
    AND created = :created -- @optional
ORDER BY created DESC
LIMIT 1;

-- name: list_executions_by_status(status, row_limit)
-- record_class: Execution
-- Return a page of the executions in a status, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use execution_columns
FROM execution
WHERE status = :status
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: list_executions_by_enforcement(enforcement, row_limit)
-- record_class: Execution
-- Return a page of the executions that an enforcement started, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column enforcement null
SELECT NULL -- @use execution_columns
FROM execution
WHERE enforcement = :enforcement
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: list_executions_by_parent(parent, row_limit)
-- record_class: Execution
-- Return a page of the executions that belong to another, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column parent null
SELECT NULL -- @use execution_columns
FROM execution
WHERE parent = :parent
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: list_retriable_executions(row_limit)
-- record_class: Execution
-- Return a page of the executions that failed, timed out or were abandoned, may be tried
-- again and have not been, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column max_retries null
SELECT NULL -- @use execution_columns
FROM execution
WHERE
    FALSE -- @use retriable
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: search_executions(status, action, action_ref, parent, enforcement, executor, is_workflow, workflow_def, original_execution, since, until, row_limit)
-- record_class: FoundExecution
-- Return a page of the executions that pass all filters, newest first, each with the
-- `total` of all pages; `action_ref` contains the text, in any case and each character
-- for itself, `since` and `until` are inclusive.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT
    (
        SELECT count(counted.id) AS total
        FROM execution AS counted
        WHERE
            FALSE -- @use execution_filters(:status, :action, :action_ref, :parent, :enforcement, :executor, :is_workflow, :workflow_def, :original_execution, :since, :until)
    ) AS total,
    NULL -- @use execution_columns
FROM execution
WHERE
    FALSE -- @use execution_filters(:status, :action, :action_ref, :parent, :enforcement, :executor, :is_workflow, :workflow_def, :original_execution, :since, :until)
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: create_execution(action_ref, action, config, env_vars, parent, enforcement, executor, status, is_workflow, workflow_def, workflow_task, max_retries)<!
-- record_class: Execution
-- Store an execution and return it.
-- @param action = NULL
-- @param config = NULL
-- @param env_vars = NULL
-- @param parent = NULL
-- @param enforcement = NULL
-- @param executor = NULL
-- @param status = 'requested'
-- @param is_workflow = FALSE
-- @param workflow_def = NULL
-- @param workflow_task = NULL
-- @param max_retries = NULL
INSERT INTO execution (
    action,
    action_ref,
    config,
    env_vars,
    parent,
    enforcement,
    executor,
    status,
    is_workflow,
    workflow_def,
    workflow_task,
    max_retries
)
VALUES (
    :action,
    :action_ref,
    :config,
    :env_vars,
    :parent,
    :enforcement,
    :executor,
    :status,
    :is_workflow,
    :workflow_def,
    :workflow_task,
    :max_retries
)
RETURNING NULL; -- @use execution_columns

-- name: lock_execution(execution_id, created)$
-- Keep everybody else from changing an execution until the end of the transaction, and
-- return its id; nothing for an unknown one.
-- @param created = NULL

-- FOR UPDATE does not reach what TimescaleDB has compressed; history does not record this.
UPDATE execution
SET updated = now()
WHERE
    FALSE -- @use wanted_execution(:execution_id, :created)
RETURNING id;

-- name: create_retry(execution_id, retry_reason)<!
-- record_class: Execution
-- Store an execution that repeats one which failed, timed out or was abandoned, and
-- return it; nothing for an unknown one and for one that may not be tried again, or
-- has been. Call `lock_execution` before: of two at once both might do it.
-- @param retry_reason = NULL
-- @column max_retries null
-- @column original_execution null
INSERT INTO execution (
    action,
    action_ref,
    config,
    env_vars,
    parent,
    enforcement,
    is_workflow,
    workflow_def,
    workflow_task,
    retry_count,
    max_retries,
    retry_reason,
    original_execution
)
SELECT
    action,
    action_ref,
    config,
    env_vars,
    parent,
    enforcement,
    is_workflow,
    workflow_def,
    workflow_task,
    retry_count + 1 AS retry_count,
    max_retries,
    :retry_reason AS retry_reason,
    id AS original_execution
FROM execution
WHERE
    id = :execution_id
    AND FALSE -- @use retriable
ORDER BY created DESC
LIMIT 1
RETURNING NULL; -- @use execution_columns

-- name: move_execution_status(execution_id, status, expected_status, created)<!
-- record_class: Execution
-- Move an execution to another status and return it; nothing for an unknown one, one
-- that may not move there, and one that is not in the expected status. Of two at once
-- the second is judged by what the first has left.
-- @param created = NULL
UPDATE execution
SET status = :status
WHERE
    FALSE -- @use wanted_execution(:execution_id, :created)
    AND status = :expected_status -- @optional
    AND execution_may_move(status, :status)
RETURNING NULL; -- @use execution_columns

-- name: update_execution(execution_id, executor, result, started_at, workflow_task, created)<!
-- record_class: Execution
-- Set what is given of an execution, also to NULL, and return it; nothing for an unknown
-- one. `result` and `workflow_task` are JSON text, in which null is the null of JSON.
-- @param created = NULL
UPDATE execution
SET
    executor = :executor, -- @optional
    result = :result::text::jsonb, -- @optional
    started_at = :started_at, -- @optional
    workflow_task = :workflow_task::text::jsonb, -- @optional
    updated = now()
WHERE
    FALSE -- @use wanted_execution(:execution_id, :created)
RETURNING NULL; -- @use execution_columns
