-- name: list_conversation_analysis_events(conversation_id, branch_id, before_id, row_limit)
-- record_class: AnalysisEvent
-- Return a page of what was done about the analyses of a conversation, or of one of its
-- branches, newest first; give the last row's `id` for the next page, which is empty at the
-- end.
-- @param branch_id = NULL
-- @param before_id = NULL
-- @param row_limit = 100
SELECT
    id,
    event_type,
    outcome,
    conversation_id,
    branch_id,
    train_id,
    request_id,
    user_context,
    metadata,
    timestamp
FROM analysis_audit_log
WHERE
    conversation_id = :conversation_id
    AND (:branch_id::text IS NULL OR branch_id = :branch_id)
    AND id < coalesce(:before_id, 9223372036854775807)
ORDER BY id DESC
LIMIT :row_limit;

-- name: list_train_analysis_events(train_id, before_id, row_limit)
-- record_class: AnalysisEvent
-- Return a page of what was done about the analyses of a train, newest first; give the last
-- row's `id` for the next page, which is empty at the end.
-- @column train_id null
-- @param before_id = NULL
-- @param row_limit = 100
SELECT
    id,
    event_type,
    outcome,
    conversation_id,
    branch_id,
    train_id,
    request_id,
    user_context,
    metadata,
    timestamp
FROM analysis_audit_log
WHERE
    -- One train, said so that idx_analysis_audit_train has the order, and no other
    -- index has.
    train_id >= :train_id
    AND (train_id, id) < (:train_id, coalesce(:before_id, 9223372036854775807))
ORDER BY train_id DESC, id DESC
LIMIT :row_limit;

-- name: list_analysis_events(since, until, before_timestamp, before_id, row_limit)
-- record_class: AnalysisEvent
-- Return a page of what was done about analyses from `since` on and before `until`, newest
-- first; give the last row's `timestamp` and `id` for the next page, which is empty at the
-- end.
-- @param since = NULL
-- @param until = NULL
-- @param before_timestamp = NULL
-- @param before_id = NULL
-- @param row_limit = 100
SELECT
    id,
    event_type,
    outcome,
    conversation_id,
    branch_id,
    train_id,
    request_id,
    user_context,
    metadata,
    timestamp
FROM analysis_audit_log
WHERE
    timestamp >= coalesce(:since, '-infinity'::timestamptz)
    -- One bound: of two, the server may take the further one and walk to the page.
    AND (timestamp, id) < (
        least(:before_timestamp, coalesce(:until, 'infinity'::timestamptz)),
        CASE
            WHEN :before_timestamp < coalesce(:until, 'infinity'::timestamptz)
                THEN :before_id
            ELSE 0::bigint
        END
    )
ORDER BY timestamp DESC, id DESC
LIMIT :row_limit;
