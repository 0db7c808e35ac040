-- fragment: event_columns
-- The columns of an `AnalysisEvent`.
/*
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
*/

-- name: list_conversation_analysis_events(conversation_id, branch_id, row_limit)
-- record_class: AnalysisEvent
-- Return a page of what was done about the analyses of a conversation, or of one of its
-- branches, newest first.
-- @page id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use event_columns
FROM analysis_audit_log
WHERE
    conversation_id = :conversation_id
    AND branch_id = :branch_id -- @optional
ORDER BY id DESC
LIMIT :row_limit;

-- name: list_train_analysis_events(train_id, before_id, row_limit)
-- record_class: AnalysisEvent
-- Return a page of what was done about the analyses of a train, newest first; give the last
-- row's `id` for the next page, which is empty at the end.
-- @column train_id null
-- @param before_id = NULL
-- @param row_limit = 100
SELECT NULL -- @use event_columns
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
-- @param row_limit = 100
SELECT NULL -- @use event_columns
FROM analysis_audit_log
WHERE
    -- First, before `until`: of two bounds the server goes to the first and walks on.
    (timestamp, id) < (:before_timestamp, :before_id) -- @optional
    AND timestamp >= :since -- @optional
    AND timestamp < :until -- @optional
ORDER BY timestamp DESC, id DESC
LIMIT :row_limit;
