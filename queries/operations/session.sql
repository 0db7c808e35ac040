-- fragment: session_columns
-- The columns of a `Session`.
/*
    user_id,
    session,
    updated_at
*/

-- name: get_or_create_session(user_id, initial)^
-- record_class: Session
-- Return the session of a user, which is created with `initial` when there is none, or
-- with an empty object.
-- @param initial = NULL
WITH existing AS (
    SELECT NULL -- @use session_columns
    FROM assistly_sessions
    WHERE user_id = :user_id
),

created AS (
    INSERT INTO assistly_sessions (user_id, session, updated_at)
    SELECT
        :user_id AS user_id,
        coalesce(:initial, '{}'::jsonb) AS session,
        clock_timestamp() AS updated_at
    WHERE NOT EXISTS (SELECT FROM existing)
    -- Whoever comes second of two gets the row of the first.
    ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
    RETURNING NULL -- @use session_columns
)

SELECT NULL -- @use session_columns
FROM existing
UNION ALL
SELECT NULL -- @use session_columns
FROM created
LIMIT 1;

-- name: save_session(user_id, session)<!
-- record_class: Session
-- Store the session of a user, in the place of the one before, and return it. None is
-- stored as the null of JSON.
INSERT INTO assistly_sessions (user_id, session, updated_at)
VALUES (:user_id, coalesce(:session, 'null'::jsonb), clock_timestamp())
ON CONFLICT (user_id) DO UPDATE
    SET
        session = excluded.session,
        updated_at = clock_timestamp()
RETURNING NULL; -- @use session_columns
