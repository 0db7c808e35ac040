-- name: get_latest_execution_change(execution_id)^
-- record_class: ExecutionChange
-- Return the newest change of an execution, which may be its deletion; nothing for an
-- unknown one.
SELECT NULL -- @use change_columns
FROM execution_history
WHERE entity_id = :execution_id
-- Not by the index on seq, which would walk past the changes of all others.
ORDER BY seq + 0 DESC
LIMIT 1;

-- name: list_execution_history(execution_id, before_seq, row_limit)
-- record_class: ExecutionChange
-- Return a page of the changes of an execution, newest first, also after its deletion;
-- at least 1 and at most 1000. Give the last row's `seq` for the next page, which is
-- empty at the end.
-- @param row_limit = 100
SELECT NULL -- @use change_columns
FROM execution_history
WHERE
    entity_id = :execution_id
    AND seq < :before_seq -- @optional
-- Not by the index on seq, which would walk past the changes of all others.
ORDER BY seq + 0 DESC
LIMIT least(greatest(:row_limit::integer, 1), 1000);

-- name: search_execution_history(entity_id, entity_ref, operation, changed_field, since, until, before_seq, row_limit)
-- record_class: ExecutionChange
-- Return a page of the changes that pass all filters, newest first; at least 1 and at
-- most 1000. `since` and `until` are inclusive. Give the last row's `seq` for the next
-- page, which is empty at the end.
-- @param row_limit = 100
SELECT NULL -- @use change_columns
FROM execution_history
WHERE
    FALSE -- @use change_filters(:entity_id, :entity_ref, :operation, :changed_field, :since, :until)
    AND seq < :before_seq -- @optional
ORDER BY seq DESC
LIMIT least(greatest(:row_limit::integer, 1), 1000);

-- name: count_execution_history(entity_id, entity_ref, operation, changed_field, since, until)$
-- Return how many changes pass all filters; `since` and `until` are inclusive.
SELECT count(*) AS changes
FROM execution_history
WHERE
    FALSE; -- @use change_filters(:entity_id, :entity_ref, :operation, :changed_field, :since, :until)

-- name: list_execution_status_changes(since, until, entity_ref, before_seq, row_limit)
-- record_class: ExecutionStatusChange
-- Return a page of the moves from one status to another, newest first; at least 1 and
-- at most 1000. `since` and `until` are inclusive. Give the last row's `seq` for the
-- next page, which is empty at the end.
-- @param row_limit = 100
-- @column old_status not null
-- @column new_status not null
SELECT
    seq,
    time,
    entity_id,
    entity_ref,
    old_values ->> 'status' AS old_status,
    new_values ->> 'status' AS new_status
FROM execution_history
WHERE
    'status' = any(changed_fields)
    AND entity_ref = :entity_ref -- @optional
    AND time >= :since -- @optional
    AND time <= :until -- @optional
    AND seq < :before_seq -- @optional
ORDER BY seq DESC
LIMIT least(greatest(:row_limit::integer, 1), 1000);

-- name: list_execution_timeline(execution_id, after_seq, row_limit)
-- record_class: ExecutionPeriod
-- Return a page of the periods that an execution spent in a status, oldest first; at
-- least 1 and at most 1000. `until` and `duration` are NULL while the last one lasts,
-- `since` where the beginning is no longer kept. Give the last row's `seq` for the next
-- page, which is empty at the end.
-- @param row_limit = 1000
-- @column status not null
WITH change AS (
    SELECT
        seq,
        operation,
        changed_fields,
        old_values,
        new_values,
        -- `time` is when a transaction began; a later change may belong to an older one.
        max(time) OVER (ORDER BY seq) AS moment
    FROM execution_history
    WHERE entity_id = :execution_id
),

step AS (
    SELECT
        seq,
        operation,
        moment,
        old_values ->> 'status' AS old_status,
        new_values ->> 'status' AS status,
        lead(moment) OVER (ORDER BY seq) AS until,
        row_number() OVER (ORDER BY seq) AS place
    FROM change
    WHERE operation <> 'UPDATE' OR 'status' = any(changed_fields)
),

period AS (
    SELECT
        0::bigint AS seq,
        old_status AS status,
        NULL::timestamptz AS since,
        moment AS until
    FROM step
    WHERE place = 1 AND operation = 'UPDATE'
    UNION ALL
    SELECT
        seq,
        status,
        moment AS since,
        until
    FROM step
    WHERE operation <> 'DELETE'
)

SELECT
    seq,
    status,
    since,
    until,
    until - since AS duration
FROM period
WHERE seq > :after_seq -- @optional
ORDER BY seq
LIMIT least(greatest(:row_limit::integer, 1), 1000);

-- name: get_execution_state(execution_id, moment)^
-- record_class: ExecutionState
-- Return what history knows of an execution at a moment, as it is recorded; nothing when
-- there was none. If its beginning is no longer kept, `is_complete` is false and
-- `known_fields` what all that is kept tells. `seq` is the last change until then.
WITH change AS (
    SELECT
        seq,
        operation,
        entity_ref,
        old_values,
        new_values,
        -- `time` is when a transaction began; a later change may belong to an older one.
        max(time) OVER so_far <= :moment AS is_past,
        -- From an INSERT to a DELETE, whichever of the two are kept.
        count(*) FILTER (WHERE operation = 'INSERT') OVER so_far
        + count(*) FILTER (WHERE operation = 'DELETE') OVER before AS life
    FROM execution_history
    WHERE entity_id = :execution_id
    WINDOW
        so_far AS (ORDER BY seq ROWS UNBOUNDED PRECEDING),
        before AS (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),

-- The last change until the moment, or else the first one after it.
nearest AS (
    SELECT
        seq,
        operation,
        entity_ref,
        is_past,
        life
    FROM change
    ORDER BY
        is_past DESC,
        CASE WHEN is_past THEN -seq ELSE seq END ASC
    LIMIT 1
),

told AS (
    SELECT
        change.seq,
        change.operation,
        change.is_past,
        CASE WHEN change.is_past THEN change.new_values ELSE change.old_values END
            AS recorded
    FROM nearest
    INNER JOIN change ON nearest.life = change.life
),

field AS (
    SELECT DISTINCT ON (recorded.key)
        recorded.key AS name,
        recorded.value
    FROM told
    CROSS JOIN jsonb_each(told.recorded) AS recorded
    ORDER BY
        recorded.key ASC,
        told.is_past DESC,
        CASE WHEN told.is_past THEN -told.seq ELSE told.seq END ASC
),

kept AS (
    SELECT coalesce(bool_or(operation = 'INSERT'), FALSE) AS is_complete
    FROM told
)

SELECT
    kept.is_complete,
    CASE WHEN nearest.is_past THEN nearest.seq END AS seq,
    CASE WHEN nearest.is_past THEN nearest.entity_ref END AS entity_ref,
    -- What is not in the row of an INSERT was NULL.
    CASE
        WHEN kept.is_complete
            THEN '{"env_vars": null, "result": null, "workflow_task": null}'::jsonb
        ELSE '{}'::jsonb
    END
    || coalesce(
        (SELECT jsonb_object_agg(field.name, field.value) AS known FROM field),
        '{}'::jsonb
    ) AS known_fields
FROM nearest
CROSS JOIN kept
WHERE
    (nearest.is_past AND nearest.operation <> 'DELETE')
    OR (NOT nearest.is_past AND nearest.operation <> 'INSERT');
