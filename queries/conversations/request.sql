-- fragment: request_columns
-- The columns of a `ListedRequest`.
/*
    request_id,
    timestamp,
    train_id,
    account_id,
    method,
    path,
    request_type,
    model,
    response_status,
    response_streaming,
    duration_ms,
    first_token_ms,
    input_tokens,
    output_tokens,
    total_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    tool_call_count,
    error,
    completed_at,
    conversation_id,
    branch_id,
    message_count,
    parent_request_id,
    parent_task_request_id,
    is_subtask
*/

-- name: get_request(request_id)^
-- record_class: Request
-- Return a request with all that is known of it; nothing when the id is
-- unknown.
SELECT
    request_id,
    timestamp,
    train_id,
    account_id,
    method,
    path,
    headers,
    body,
    request_type,
    api_key_hash,
    model,
    ip_address,
    response_status,
    response_headers,
    response_body,
    response_streaming,
    duration_ms,
    first_token_ms,
    input_tokens,
    output_tokens,
    total_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    usage_data,
    tool_call_count,
    error,
    completed_at,
    created_at,
    current_message_hash,
    parent_message_hash,
    system_hash,
    conversation_id,
    branch_id,
    message_count,
    parent_request_id,
    parent_task_request_id,
    is_subtask,
    task_tool_invocation
FROM api_requests
WHERE request_id = :request_id;

-- name: list_requests(train_id, since, until, after_timestamp, after_request_id, row_limit)
-- record_class: RequestSummary
-- Return a page of the requests of a train from `since` on and before `until`,
-- newest first; give the last row's `timestamp` and `request_id` for the next
-- page, which is empty at the end.
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use request_columns
FROM api_requests
WHERE
    train_id = :train_id
    -- First, before `until`: of two bounds the server goes to the first and walks on.
    AND (timestamp, request_id) < (:after_timestamp, :after_request_id) -- @optional
    AND timestamp >= :since -- @optional
    AND timestamp < :until -- @optional
ORDER BY timestamp DESC, request_id DESC
LIMIT :row_limit;

-- name: list_failed_requests(train_id, since, until, after_timestamp, after_request_id, row_limit)
-- record_class: RequestSummary
-- Return a page of the requests of a train with an error, or a status of 400
-- or more, from `since` on and before `until`, newest first; give the last
-- row's `timestamp` and `request_id` for the next page, which is empty at the
-- end.
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use request_columns
FROM api_requests
WHERE
    train_id = :train_id
    AND (error IS NOT NULL OR response_status >= 400)
    -- First, before `until`: of two bounds the server goes to the first and walks on.
    AND (timestamp, request_id) < (:after_timestamp, :after_request_id) -- @optional
    AND timestamp >= :since -- @optional
    AND timestamp < :until -- @optional
ORDER BY timestamp DESC, request_id DESC
LIMIT :row_limit;

-- name: list_conversation_requests(conversation_id, row_limit)
-- record_class: RequestSummary
-- Return a page of the requests of a conversation, those of all branches,
-- oldest first.
-- @page timestamp, request_id
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column conversation_id null
SELECT NULL -- @use request_columns
FROM api_requests
WHERE conversation_id = :conversation_id
ORDER BY timestamp, request_id
LIMIT :row_limit;

-- name: list_branch_requests(conversation_id, branch_id, row_limit)
-- record_class: RequestSummary
-- Return a page of the requests of a branch of a conversation, oldest first.
-- @page timestamp, request_id
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column conversation_id null
SELECT NULL -- @use request_columns
FROM api_requests
WHERE
    conversation_id = :conversation_id
    AND branch_id = :branch_id
ORDER BY timestamp, request_id
LIMIT :row_limit;

-- name: list_subtasks(request_id, row_limit)
-- record_class: RequestSummary
-- Return a page of the sub-tasks that the answer to a request called for, each
-- by its first request, oldest first.
-- @page timestamp, request_id
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column parent_task_request_id null
SELECT NULL -- @use request_columns
FROM api_requests AS beginning
WHERE
    parent_task_request_id = :request_id
    AND parent_request_id IS NULL
    -- A beginning that was sent again is on the same branch.
    AND NOT EXISTS (
        SELECT 1 AS earlier
        FROM api_requests AS earlier
        WHERE
            earlier.parent_task_request_id = beginning.parent_task_request_id
            AND earlier.parent_request_id IS NULL
            AND earlier.branch_id = beginning.branch_id
            AND (earlier.timestamp, earlier.request_id)
            < (beginning.timestamp, beginning.request_id)
    )
ORDER BY timestamp, request_id
LIMIT :row_limit;

-- name: list_subtask_counts(request_ids)
-- record_class: SubtaskCount
-- Return how many sub-tasks the answers to some requests called for, one row
-- for each request in the order of their ids, also at 0 and for an unknown
-- one.
-- @param request_ids[] not null
SELECT
    wanted.request_id,
    counted.subtask_count
FROM (SELECT DISTINCT unnest(:request_ids::uuid[]) AS request_id) AS wanted
CROSS JOIN
    LATERAL (
        SELECT count(DISTINCT subtask.branch_id) AS subtask_count
        FROM api_requests AS subtask
        WHERE
            subtask.parent_task_request_id = wanted.request_id
            AND subtask.parent_request_id IS NULL
    ) AS counted
ORDER BY wanted.request_id;

-- name: get_response_body(request_id)^
-- record_class: ResponseBody
-- Return the answer to a request; nothing when the id is unknown.
SELECT
    request_id,
    response_body
FROM api_requests
WHERE request_id = :request_id;

-- name: create_request(request_id, timestamp, train_id, account_id, method, path, headers, body, request_type, api_key_hash, model, ip_address, response_streaming, current_message_hash, parent_message_hash, system_hash, conversation_id, branch_id, message_count, parent_request_id, parent_task_request_id, is_subtask)!
-- Store a request, `headers` and `body` as JSON texts; 0 when the id is there
-- already.
-- @param account_id = NULL
-- @param method = 'POST'
-- @param body = NULL
-- @param request_type = NULL
-- @param api_key_hash = NULL
-- @param model = NULL
-- @param ip_address = NULL
-- @param response_streaming = FALSE
-- @param current_message_hash = NULL
-- @param parent_message_hash = NULL
-- @param system_hash = NULL
-- @param conversation_id = NULL
-- @param branch_id = 'main'
-- @param message_count = 0
-- @param parent_request_id = NULL
-- @param parent_task_request_id = NULL
-- @param is_subtask = FALSE
INSERT INTO api_requests (
    request_id,
    timestamp,
    train_id,
    account_id,
    method,
    path,
    headers,
    body,
    request_type,
    api_key_hash,
    model,
    ip_address,
    response_streaming,
    current_message_hash,
    parent_message_hash,
    system_hash,
    conversation_id,
    branch_id,
    message_count,
    parent_request_id,
    parent_task_request_id,
    is_subtask
)
VALUES (
    :request_id,
    :timestamp,
    :train_id,
    :account_id,
    :method,
    :path,
    :headers::text::jsonb,
    :body::text::jsonb,
    :request_type,
    :api_key_hash,
    :model,
    :ip_address,
    :response_streaming,
    :current_message_hash,
    :parent_message_hash,
    :system_hash,
    :conversation_id,
    :branch_id,
    :message_count,
    :parent_request_id,
    :parent_task_request_id,
    :is_subtask
)
ON CONFLICT (request_id) DO NOTHING;

-- name: complete_request(request_id, response_status, response_headers, response_body, response_streaming, model, duration_ms, first_token_ms, input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens, usage_data, tool_call_count, task_tool_invocation, error, completed_at)!
-- Store what is known of the answer to a request, JSON as texts; what is NULL
-- stays as it is, and a model that the request named stays. 0 when the id is
-- unknown.
-- @param response_status = NULL
-- @param response_headers = NULL
-- @param response_body = NULL
-- @param response_streaming = NULL
-- @param model = NULL
-- @param duration_ms = NULL
-- @param first_token_ms = NULL
-- @param input_tokens = NULL
-- @param output_tokens = NULL
-- @param cache_creation_input_tokens = NULL
-- @param cache_read_input_tokens = NULL
-- @param usage_data = NULL
-- @param tool_call_count = NULL
-- @param task_tool_invocation = NULL
-- @param error = NULL
-- @param completed_at = NULL
UPDATE api_requests
SET
    response_status = coalesce(:response_status, response_status),
    response_headers = coalesce(:response_headers::text::jsonb, response_headers),
    response_body = coalesce(:response_body::text::jsonb, response_body),
    response_streaming = coalesce(:response_streaming, response_streaming),
    model = coalesce(model, :model),
    duration_ms = coalesce(:duration_ms, duration_ms),
    first_token_ms = coalesce(:first_token_ms, first_token_ms),
    input_tokens = coalesce(:input_tokens, input_tokens),
    output_tokens = coalesce(:output_tokens, output_tokens),
    cache_creation_input_tokens
    = coalesce(:cache_creation_input_tokens, cache_creation_input_tokens),
    cache_read_input_tokens
    = coalesce(:cache_read_input_tokens, cache_read_input_tokens),
    usage_data = coalesce(:usage_data::text::jsonb, usage_data),
    tool_call_count = coalesce(:tool_call_count, tool_call_count),
    task_tool_invocation
    = coalesce(:task_tool_invocation::text::jsonb, task_tool_invocation),
    error = coalesce(:error, error),
    completed_at = coalesce(:completed_at, clock_timestamp())
WHERE request_id = :request_id;

-- name: mark_task_invocations(request_id, task_tool_invocation)!
-- Note the sub-tasks that the answer to a request called for, an array as JSON
-- text, or NULL for none; 0 when the id is unknown.
-- @param task_tool_invocation null
UPDATE api_requests
SET task_tool_invocation = :task_tool_invocation::text::jsonb
WHERE request_id = :request_id;
