-- fragment: idempotency_columns
-- The columns of an `Idempotency`.
/*
    key,
    saved_at,
    value,
    fingerprint,
    state
*/

-- name: get_idempotency(key)^
-- record_class: Idempotency
-- Return what is stored under a key; nothing for one that was never used, or long ago.
SELECT NULL -- @use idempotency_columns
FROM assistly_idempotency
WHERE key = :key;

-- name: begin_idempotent(key, fingerprint, now)<!
-- record_class: Idempotency
-- Take the right to run the request of a key and return the entry, whose `saved_at` names
-- this attempt; nothing when somebody has it, or has done it.
-- @param fingerprint = NULL
-- @param now = NULL
INSERT INTO assistly_idempotency (key, saved_at, fingerprint)
VALUES (:key, coalesce(:now, clock_timestamp()), :fingerprint)
ON CONFLICT (key) DO NOTHING
RETURNING NULL; -- @use idempotency_columns

-- name: finish_idempotent(key, begun_at, value, now)<!
-- record_class: Idempotency
-- Store the answer of the attempt that began at `begun_at` and return the entry; nothing
-- when that attempt was abandoned, or is done. None is stored as the null of JSON.
-- @column value null
-- @param now = NULL
UPDATE assistly_idempotency
SET
    saved_at = coalesce(:now, clock_timestamp()),
    value = coalesce(:value, 'null'::jsonb),
    state = 'done'
WHERE
    key = :key
    AND saved_at = :begun_at
    AND state = 'in_flight'
RETURNING NULL; -- @use idempotency_columns

-- name: abandon_idempotent(key, max_age, now)!
-- Forget a request that has been under way for `max_age` or longer, so that somebody may
-- run it again, and return 1; 0 when there is none. Of two at once one gets 1.
-- @param now = NULL
DELETE FROM assistly_idempotency
WHERE
    key = :key
    AND state = 'in_flight'
    -- Days of 24 hours, whatever the clocks of the session's zone do.
    AND saved_at <= coalesce(:now, clock_timestamp())
    - make_interval(secs => extract(EPOCH FROM :max_age::interval));

-- name: release_idempotent(key, begun_at)!
-- Forget the attempt that began at `begun_at`, so that somebody may run the request again,
-- and return 1; 0 when that attempt was abandoned, or is done.
DELETE FROM assistly_idempotency
WHERE
    key = :key
    AND saved_at = :begun_at
    AND state = 'in_flight';
