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

-- name: list_workers(status, worker_type, worker_role, row_limit)
-- record_class: Worker
-- Return a page of the workers that pass all filters, by name.
-- @page name
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use worker_columns
FROM worker
WHERE
    status = :status -- @optional
    AND worker_type = :worker_type -- @optional
    AND worker_role = :worker_role -- @optional
ORDER BY name
LIMIT :row_limit;

-- name: list_healthy_workers(max_age_seconds, worker_role, row_limit)
-- record_class: Worker
-- Return a page of the workers that are active and were heard of in the last seconds, by
-- name.
-- @page name
-- @param max_age_seconds = 30
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column last_heartbeat null
SELECT NULL -- @use worker_columns
FROM worker
WHERE
    status = 'active'
    AND last_heartbeat > now() - :max_age_seconds::float8 * interval '1 second'
    AND worker_role = :worker_role -- @optional
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

-- name: update_worker(worker_id, name, worker_type, worker_role, runtime, host, port, status, capabilities, meta)<!
-- record_class: Worker
-- Set what is given of a worker, also to NULL, and return it; nothing for an unknown one.
UPDATE worker
SET
    name = :name, -- @optional
    worker_type = :worker_type, -- @optional
    worker_role = :worker_role, -- @optional
    runtime = :runtime, -- @optional
    host = :host, -- @optional
    port = :port, -- @optional
    status = :status, -- @optional
    capabilities = :capabilities, -- @optional
    meta = :meta -- @optional
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
