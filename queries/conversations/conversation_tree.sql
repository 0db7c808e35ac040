-- name: find_conversation(id)$
-- Return the conversation of an id, which is its own or that of one of its requests;
-- nothing when there is neither, or the request belongs to no conversation.
SELECT coalesce(
    (
        SELECT conversation_id
        FROM api_requests
        WHERE conversation_id = :id
        ORDER BY timestamp, request_id
        LIMIT 1
    ),
    (
        SELECT conversation_id
        FROM api_requests
        WHERE request_id = :id
    )
) AS conversation_id;

-- name: list_tree_requests(conversation_id, with_messages, after_timestamp, after_request_id, row_limit)
-- record_class: TreeRequest
-- Return a page of the requests of a conversation, oldest first, with where each belongs
-- and how it begins; with its last message and its answer if these are wanted. Give the
-- last row's `timestamp` and `request_id` for the next page, which is empty at the end.
-- @param with_messages = FALSE
-- @param row_limit = 500
WITH page AS (
    SELECT
        request_id,
        conversation_id,
        timestamp,
        train_id,
        account_id,
        branch_id,
        is_subtask,
        parent_request_id,
        parent_task_request_id,
        model,
        message_count,
        input_tokens,
        output_tokens,
        cache_creation_input_tokens,
        cache_read_input_tokens,
        tool_call_count,
        duration_ms,
        response_status,
        error,
        body #> '{messages,-1,content}' AS content,
        CASE WHEN :with_messages THEN body #> '{messages,-1}' END AS last_message,
        CASE WHEN :with_messages THEN response_body END AS answer
    FROM api_requests
    WHERE
        conversation_id = :conversation_id
        AND (timestamp, request_id) > (:after_timestamp, :after_request_id) -- @optional
    ORDER BY timestamp, request_id
    LIMIT :row_limit
)

SELECT
    request_id,
    conversation_id,
    timestamp,
    train_id,
    account_id,
    branch_id,
    is_subtask,
    parent_request_id,
    parent_task_request_id,
    model,
    message_count,
    input_tokens,
    output_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    tool_call_count,
    duration_ms,
    response_status,
    error,
    left(
        CASE jsonb_typeof(content)
            WHEN 'string' THEN content #>> '{}'
            WHEN 'array' THEN coalesce(
                jsonb_path_query_first(
                    content,
                    '$[*] ? (
                        @.type == "text"
                        && !(@.text starts with "<system-reminder>")
                    ).text'
                ) #>> '{}',
                '[' || (content #>> '{0,type}') || ']'
            )
        END,
        300
    ) AS first_words,
    last_message,
    answer
FROM page
ORDER BY timestamp, request_id;
