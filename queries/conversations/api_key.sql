-- fragment: key_columns
-- The columns of an `ApiKey`.
/*
    id,
    train_id,
    key_hash,
    key_prefix,
    key_suffix,
    name,
    created_by,
    created_at,
    last_used_at,
    revoked_at,
    revoked_by
*/

-- name: get_api_key(train_id, key_id)^
-- record_class: ApiKey
-- Return a key of a train; nothing when the train has no key of that id.
SELECT NULL -- @use key_columns
FROM train_api_keys
WHERE
    train_id = :train_id
    AND id = :key_id;

-- name: list_api_keys(train_id, row_limit)
-- record_class: ApiKey
-- Return a page of the keys of a train, also the revoked ones, in the order they were
-- created.
-- @page id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use key_columns
FROM train_api_keys
WHERE train_id = :train_id
ORDER BY id
LIMIT :row_limit;

-- name: use_api_key(key_hash, precision, now)^
-- record_class: ApiKey
-- Return the key of a hash and note that it is used; nothing when there is none or it is
-- revoked. What was noted less than `precision` ago, a minute if not given, stays: a key
-- in constant use is written now and then, and who finds it locked does not wait.
-- @param precision = NULL
-- @param now = NULL
WITH noted AS (
    UPDATE train_api_keys
    SET last_used_at = coalesce(:now, clock_timestamp())
    WHERE
        id = (
            SELECT due.id
            FROM train_api_keys AS due
            WHERE
                due.key_hash = :key_hash
                AND due.revoked_at IS NULL
                AND (
                    due.last_used_at IS NULL
                    OR due.last_used_at
                    <= coalesce(:now, clock_timestamp())
                    - coalesce(:precision, '1 minute'::interval)
                )
            FOR NO KEY UPDATE SKIP LOCKED
        )
    RETURNING
        id,
        last_used_at
)

SELECT
    found.id,
    found.train_id,
    found.key_hash,
    found.key_prefix,
    found.key_suffix,
    found.name,
    found.created_by,
    found.created_at,
    coalesce(noted.last_used_at, found.last_used_at) AS last_used_at,
    found.revoked_at,
    found.revoked_by
FROM train_api_keys AS found
LEFT JOIN noted ON found.id = noted.id
WHERE
    found.key_hash = :key_hash
    AND found.revoked_at IS NULL
ORDER BY found.id
LIMIT 1;

-- name: create_api_key(train_id, key_hash, key_prefix, key_suffix, name, created_by)<!
-- record_class: ApiKey
-- Store a key of a train and return it; nothing when there is no such train.
INSERT INTO train_api_keys (
    train_id,
    key_hash,
    key_prefix,
    key_suffix,
    name,
    created_by
)
SELECT
    train_id,
    :key_hash AS key_hash,
    :key_prefix AS key_prefix,
    :key_suffix AS key_suffix,
    :name AS name,
    :created_by AS created_by
FROM trains
WHERE train_id = :train_id
RETURNING NULL; -- @use key_columns

-- name: revoke_api_key(train_id, key_id, revoked_by, now)<!
-- record_class: ApiKey
-- Revoke a key of a train and return it; nothing when it is revoked already, and when the
-- train has no key of that id.
-- @column revoked_at null
-- @param revoked_by null
-- @param now = NULL
UPDATE train_api_keys
SET
    revoked_at = coalesce(:now, clock_timestamp()),
    revoked_by = :revoked_by
WHERE
    train_id = :train_id
    AND id = :key_id
    AND revoked_at IS NULL
RETURNING NULL; -- @use key_columns

-- name: delete_api_key(train_id, key_id)!
-- Delete a key of a train and return 1; 0 when the train has no key of that id.
DELETE FROM train_api_keys
WHERE
    train_id = :train_id
    AND id = :key_id;
