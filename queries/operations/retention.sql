-- name: take_retention_turn(min_interval, now)$
-- Return true to one process in each interval, by the server's clock.
-- @param now = NULL
WITH taken AS (
    INSERT INTO assistly_retention AS turn (id, last_run_at)
    SELECT
        1 AS id,
        coalesce(:now, clock_timestamp()) AS last_run_at
    -- Most come too early: they shall neither write nor wait. A turn that lies a day
    -- ahead was taken by a clock that has been put back since.
    WHERE
        NOT EXISTS (
            SELECT
            FROM assistly_retention
            WHERE
                last_run_at
                > coalesce(:now, clock_timestamp()) - :min_interval::interval
                AND last_run_at
                < coalesce(:now, clock_timestamp()) + interval '24 hours'
        )
    ON CONFLICT (id) DO UPDATE
        SET last_run_at = excluded.last_run_at
        WHERE
        turn.last_run_at <= excluded.last_run_at - :min_interval
        OR turn.last_run_at >= excluded.last_run_at + interval '24 hours'
    RETURNING id
)

SELECT exists(SELECT FROM taken) AS is_taken;

-- name: delete_old_approvals(max_days, row_limit, now)!
-- Remove at most so many decided approvals older than `max_days` days of 24 hours, and
-- return how many went; one of exactly that age stays, and one that is locked.
-- @param row_limit = 1000
-- @param now = NULL
WITH chosen AS MATERIALIZED (
    SELECT id
    FROM assistly_approvals
    WHERE
        status <> 'pending'
        AND created_at < coalesce(:now, statement_timestamp())
        - make_interval(hours => 24 * :max_days::integer)
    ORDER BY created_at, id
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_approvals
-- As an array, for which the primary key is read: however large the table.
WHERE id = any((SELECT array_agg(chosen.id) FROM chosen)::text[]);

-- name: delete_surplus_approvals(max_rows, row_limit)!
-- Remove at most so many decided approvals that are not among the newest `max_rows` of all,
-- and return how many went; one that is locked stays.
-- @param row_limit = 1000
WITH chosen AS MATERIALIZED (
    SELECT id
    FROM assistly_approvals
    WHERE
        status <> 'pending'
        AND (created_at, id) <= (
            SELECT
                newer.created_at,
                newer.id
            FROM assistly_approvals AS newer
            ORDER BY newer.created_at DESC, newer.id DESC
            LIMIT
                1
                OFFSET :max_rows
        )
    ORDER BY created_at, id
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_approvals
WHERE id = any((SELECT array_agg(chosen.id) FROM chosen)::text[]);

-- name: delete_old_idempotency(max_days, row_limit, now)!
-- Forget at most so many answers older than `max_days` days of 24 hours, and return how
-- many went; one of exactly that age stays, one that is locked, and every request under
-- way.
-- @param row_limit = 1000
-- @param now = NULL
WITH chosen AS MATERIALIZED (
    SELECT key
    FROM assistly_idempotency
    WHERE
        state = 'done'
        AND saved_at < coalesce(:now, statement_timestamp())
        - make_interval(hours => 24 * :max_days::integer)
    ORDER BY saved_at, key
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_idempotency
WHERE key = any((SELECT array_agg(chosen.key) FROM chosen)::text[]);

-- name: delete_surplus_idempotency(max_rows, row_limit)!
-- Forget at most so many answers that are not among the newest `max_rows` of all entries,
-- and return how many went; one that is locked stays, and every request under way.
-- @param row_limit = 1000
WITH chosen AS MATERIALIZED (
    SELECT key
    FROM assistly_idempotency
    WHERE
        state = 'done'
        AND (saved_at, key) <= (
            SELECT
                newer.saved_at,
                newer.key
            FROM assistly_idempotency AS newer
            ORDER BY newer.saved_at DESC, newer.key DESC
            LIMIT
                1
                OFFSET :max_rows
        )
    ORDER BY saved_at, key
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_idempotency
WHERE key = any((SELECT array_agg(chosen.key) FROM chosen)::text[]);

-- name: delete_old_nonces(max_days, row_limit, now)!
-- Forget at most so many nonces older than `max_days` days of 24 hours, and return how many
-- went; one of exactly that age stays, and one that is locked.
-- @param row_limit = 1000
-- @param now = NULL
WITH chosen AS MATERIALIZED (
    SELECT nonce
    FROM assistly_nonces
    WHERE
        timestamp_ms
        -- As a bigint, or the index would not serve.
        < ceil(
            extract(EPOCH FROM coalesce(:now, statement_timestamp())) * 1000
        )::bigint
        - :max_days::integer * 86400000::bigint
    ORDER BY timestamp_ms, nonce
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
)

DELETE FROM assistly_nonces
WHERE nonce = any((SELECT array_agg(chosen.nonce) FROM chosen)::text[]);
