-- name: register_nonce(nonce, timestamp_ms)$
-- Use a nonce; true for whoever is the first, under any concurrency.
WITH registered AS (
    INSERT INTO assistly_nonces (nonce, timestamp_ms)
    VALUES (:nonce, :timestamp_ms)
    ON CONFLICT (nonce) DO NOTHING
    RETURNING nonce
)

SELECT exists(SELECT FROM registered) AS is_first;

-- name: prune_nonces(before_ms, row_limit)!
-- Forget at most so many nonces older than a time, the oldest first, and return how many
-- went; one of exactly that time stays, and one that another session is pruning.
-- @param row_limit = 1000
WITH chosen AS MATERIALIZED (
    SELECT nonce
    FROM assistly_nonces
    WHERE timestamp_ms < :before_ms
    ORDER BY timestamp_ms, nonce
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_nonces
-- As an array, for which the primary key is read: however large the table.
WHERE nonce = any((SELECT array_agg(chosen.nonce) FROM chosen)::text[]);

-- name: get_clock_ms()$
-- Return the server's time in milliseconds since 1970, UTC.
SELECT (extract(EPOCH FROM clock_timestamp()) * 1000)::bigint AS clock_ms;
