-- fragment: lock_columns
-- The columns of a `WorkerLock`.
/*
    id,
    owner_id,
    acquired_at,
    expires_at,
    token
*/

-- fragment: held_lock(lock_id, owner_id, token, now)
-- The lock that somebody still holds by this token.
/*
id = :lock_id
AND owner_id = :owner_id
AND token = :token
AND expires_at > coalesce(:now, clock_timestamp())
*/

-- name: get_worker_lock(lock_id, now)^
-- record_class: WorkerLock
-- Return who holds a lock; nothing when it is free.
-- @param lock_id = 1
-- @param now = NULL
SELECT NULL -- @use lock_columns
FROM assistly_worker_lock
WHERE
    id = :lock_id
    AND expires_at > coalesce(:now, clock_timestamp());

-- name: acquire_worker_lock(owner_id, ttl, lock_id, now)<!
-- record_class: WorkerLock
-- Take a lock that is free, has expired or is one's own, and return it, with a token larger
-- than any before; nothing when another one holds it.
-- @param lock_id = 1
-- @param now = NULL
INSERT INTO assistly_worker_lock AS held (id, owner_id, acquired_at, expires_at, token)
SELECT
    :lock_id AS id,
    :owner_id AS owner_id,
    coalesce(:now, clock_timestamp()) AS acquired_at,
    -- Days of 24 hours, whatever the clocks of the session's zone do.
    coalesce(:now, clock_timestamp())
    + make_interval(secs => extract(EPOCH FROM :ttl::interval))
        AS expires_at,
    1 AS token
WHERE
    -- Who only asks shall neither write nor wait for the holder's guarded transaction.
    NOT EXISTS (
        SELECT
        FROM assistly_worker_lock AS other
        WHERE
            other.id = :lock_id
            AND other.owner_id <> :owner_id
            AND other.expires_at > coalesce(:now, clock_timestamp())
    )
ON CONFLICT (id) DO UPDATE
    SET
        owner_id = excluded.owner_id,
        acquired_at = coalesce(:now, clock_timestamp()),
        expires_at
        = coalesce(:now, clock_timestamp())
        + make_interval(secs => extract(EPOCH FROM :ttl::interval)),
        token = held.token + 1
    WHERE
    held.owner_id = excluded.owner_id
    OR held.expires_at <= coalesce(:now, clock_timestamp())
RETURNING NULL; -- @use lock_columns

-- name: renew_worker_lock(owner_id, token, ttl, lock_id, now)<!
-- record_class: WorkerLock
-- Let a lock that is held and has not expired end `ttl` from now, and return it; nothing
-- when it is lost.
-- @param lock_id = 1
-- @param now = NULL
UPDATE assistly_worker_lock
SET
    expires_at
    = coalesce(:now, clock_timestamp())
    + make_interval(secs => extract(EPOCH FROM :ttl::interval))
WHERE
    FALSE -- @use held_lock(:lock_id, :owner_id, :token, :now)
RETURNING NULL; -- @use lock_columns

-- name: release_worker_lock(owner_id, token, lock_id, now)!
-- Give a lock back and return 1; 0 when it was lost before.
-- @param lock_id = 1
-- @param now = NULL
UPDATE assistly_worker_lock
SET expires_at = coalesce(:now, clock_timestamp())
WHERE
    FALSE; -- @use held_lock(:lock_id, :owner_id, :token, :now)

-- name: guard_worker_lock(token, lock_id, now)^
-- record_class: WorkerLock
-- Return the lock when this is its newest token and it has not expired, and keep others
-- from taking it until the end of the transaction; nothing when it is lost.
-- @param lock_id = 1
-- @param now = NULL
SELECT NULL -- @use lock_columns
FROM assistly_worker_lock
WHERE
    id = :lock_id
    AND token = :token
    AND expires_at > coalesce(:now, clock_timestamp())
FOR SHARE;
