-- fragment: worker_columns
-- The columns of a `Worker`.
/*
    id,
    name,
    worker_type,
    worker_role,
    runtime,
    host,
    port,
    status,
    capabilities,
    meta,
    last_heartbeat,
    created,
    updated
*/

-- name: get_worker(worker_id)^
-- record_class: Worker
-- Return a worker; nothing for an unknown id.
SELECT NULL -- @use worker_columns
FROM worker
WHERE id = :worker_id;

-- name: get_worker_by_name(name)^
-- record_class: Worker
-- Return a worker; nothing for an unknown name.
SELECT NULL -- @use worker_columns
FROM worker
WHERE name = :name;

-- name: list_workers(status, worker_type, worker_role, after_name, row_limit)
-- record_class: Worker
-- Return a page of the workers that pass all filters, by name; give the last row's `name`
-- for the next page, which is empty at the end.
-- @param status = NULL
-- @param worker_type = NULL
-- @param worker_role = NULL
-- @param after_name = NULL
-- @param row_limit = 100
SELECT NULL -- @use worker_columns
FROM worker
WHERE
    (:status::worker_status IS NULL OR status = :status)
    AND (:worker_type::worker_type IS NULL OR worker_type = :worker_type)
    AND (:worker_role::worker_role IS NULL OR worker_role = :worker_role)
    AND (:after_name::text IS NULL OR name > :after_name)
ORDER BY name
LIMIT :row_limit;

-- name: list_healthy_workers(max_age_seconds, worker_role, after_name, row_limit)
-- record_class: Worker
-- Return a page of the workers that are active and were heard of in the last seconds, by
-- name; give the last row's `name` for the next page, which is empty at the end.
-- @param max_age_seconds = 30
-- @param worker_role = NULL
-- @param after_name = NULL
-- @param row_limit = 100
-- @column last_heartbeat null
SELECT NULL -- @use worker_columns
FROM worker
WHERE
    status = 'active'
    AND last_heartbeat > now() - :max_age_seconds::float8 * interval '1 second'
    AND (:worker_role::worker_role IS NULL OR worker_role = :worker_role)
    AND (:after_name::text IS NULL OR name > :after_name)
ORDER BY name
LIMIT :row_limit;

-- name: register_worker(name, worker_type, worker_role, runtime, host, port, capabilities, meta)<!
-- record_class: Worker
-- Register a worker by its name, for the first time or again, as active and alive, and
-- return it; again it keeps its id.
-- @param runtime = NULL
-- @param host = NULL
-- @param port = NULL
-- @param capabilities = NULL
-- @param meta = NULL
INSERT INTO worker (
    name,
    worker_type,
    worker_role,
    runtime,
    host,
    port,
    capabilities,
    meta,
    last_heartbeat
)
VALUES (
    :name,
    :worker_type,
    :worker_role,
    :runtime,
    :host,
    :port,
    :capabilities,
    :meta,
    now()
)
ON CONFLICT (name) DO UPDATE
    SET
        worker_type = excluded.worker_type,
        worker_role = excluded.worker_role,
        runtime = excluded.runtime,
        host = excluded.host,
        port = excluded.port,
        capabilities = excluded.capabilities,
        meta = excluded.meta,
        status = 'active',
        last_heartbeat = excluded.last_heartbeat
RETURNING NULL; -- @use worker_columns

-- name: update_worker_heartbeat(worker_id)$
-- Note that a worker is alive and return when; nothing for an unknown one. History does
-- not record it.
-- @column last_heartbeat not null
UPDATE worker
SET last_heartbeat = greatest(last_heartbeat, now())
WHERE id = :worker_id
RETURNING last_heartbeat;

-- name: update_worker(worker_id, fields, name, worker_type, worker_role, runtime, host, port, status, capabilities, meta)<!
-- record_class: Worker
-- Set those columns of a worker that `fields` names, also to NULL, and return it; nothing
-- for an unknown one.
-- @param name = NULL
-- @param worker_type = NULL
-- @param worker_role = NULL
-- @param runtime = NULL
-- @param host = NULL
-- @param port = NULL
-- @param status = NULL
-- @param capabilities = NULL
-- @param meta = NULL
-- @param name null
-- @param worker_type null
-- @param worker_role null
-- @param status null
UPDATE worker
SET
    name = CASE WHEN 'name' = any(:fields::text[]) THEN :name ELSE name END,
    worker_type = CASE
        WHEN 'worker_type' = any(:fields) THEN :worker_type ELSE worker_type
    END,
    worker_role = CASE
        WHEN 'worker_role' = any(:fields) THEN :worker_role ELSE worker_role
    END,
    runtime = CASE WHEN 'runtime' = any(:fields) THEN :runtime ELSE runtime END,
    host = CASE WHEN 'host' = any(:fields) THEN :host ELSE host END,
    port = CASE WHEN 'port' = any(:fields) THEN :port ELSE port END,
    status = CASE WHEN 'status' = any(:fields) THEN :status ELSE status END,
    capabilities = CASE
        WHEN 'capabilities' = any(:fields) THEN :capabilities ELSE capabilities
    END,
    meta = CASE WHEN 'meta' = any(:fields) THEN :meta ELSE meta END
WHERE id = :worker_id
RETURNING NULL; -- @use worker_columns

-- name: deregister_worker(worker_id)<!
-- record_class: Worker
-- Make a worker inactive and return it; nothing for an unknown one. It keeps its id, its
-- name and its history.
UPDATE worker
SET status = 'inactive'
WHERE id = :worker_id
RETURNING NULL; -- @use worker_columns
