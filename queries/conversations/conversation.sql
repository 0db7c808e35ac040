-- fragment: conversation_filters(account_id, model, has_subtasks)
-- What may be asked of a conversation that is a candidate. Subqueries with a limit stay
-- what they are: a look into an index for each one, and never a join with all requests.
/*
(
    SELECT request.account_id
    FROM api_requests AS request
    WHERE
        request.conversation_id = candidate.conversation_id
        AND request.account_id = :account_id
    ORDER BY request.account_id
    LIMIT 1
) IS NOT NULL -- @optional
AND (
    SELECT request.model
    FROM api_requests AS request
    WHERE
        request.conversation_id = candidate.conversation_id
        AND request.model = :model
    ORDER BY request.timestamp DESC
    LIMIT 1
) IS NOT NULL -- @optional
AND coalesce(
    (
        SELECT request.is_subtask
        FROM api_requests AS request
        WHERE
            request.conversation_id = candidate.conversation_id
            AND request.is_subtask
        ORDER BY request.timestamp DESC
        LIMIT 1
    ),
    FALSE
) = :has_subtasks -- @optional
*/

-- fragment: conversation_sums
-- The sums of the requests of a conversation.
/*
min(request.timestamp) AS started_at,
count(*) AS request_count,
count(DISTINCT request.branch_id) AS branch_count,
count(DISTINCT request.branch_id) FILTER (
    WHERE request.is_subtask AND starts_with(request.branch_id, 'subtask_')
) AS subtask_count,
max(request.message_count) AS message_count,
sum(request.input_tokens) AS input_tokens,
sum(request.output_tokens) AS output_tokens,
sum(request.input_tokens) + sum(request.output_tokens) AS total_tokens,
coalesce(
    array_agg(DISTINCT request.model ORDER BY request.model)
    FILTER (WHERE request.model IS NOT NULL),
    '{}'
) AS models
*/

-- name: get_conversation(conversation_id)^
-- record_class: Conversation
-- Return a conversation with its sums; nothing when no request belongs to it.
-- @column message_count not null
-- @column input_tokens not null
-- @column output_tokens not null
-- @column total_tokens not null
-- @column started_at not null
SELECT
    newest.conversation_id,
    newest.train_id,
    total.started_at,
    newest.timestamp AS last_activity_at,
    newest.request_id AS last_request_id,
    newest.model AS last_model,
    total.request_count,
    total.branch_count,
    total.subtask_count,
    total.message_count,
    total.input_tokens,
    total.output_tokens,
    total.total_tokens,
    total.models
FROM api_requests AS newest
CROSS JOIN
    LATERAL (
        SELECT NULL -- @use conversation_sums
        FROM api_requests AS request
        WHERE request.conversation_id = newest.conversation_id
    ) AS total
WHERE newest.conversation_id = :conversation_id
ORDER BY newest.timestamp DESC, newest.request_id DESC
LIMIT 1;

-- name: list_conversations(train_id, since, until, account_id, model, has_subtasks, after_timestamp, after_request_id, row_limit)
-- record_class: Conversation
-- Return a page of the conversations of a train, newest activity first; give
-- the last row's `last_activity_at` and `last_request_id` for the next page,
-- which is empty at the end. Only those whose last activity was from `since`
-- on and before `until`, with a request of an account, of a model, and with or
-- without sub-tasks, where these are given. A filter that few pass reads far
-- back: give `since`, too.
-- @param row_limit = 50
-- @column message_count not null
-- @column input_tokens not null
-- @column output_tokens not null
-- @column total_tokens not null
-- @column started_at not null
WITH page AS MATERIALIZED (
    SELECT
        candidate.conversation_id,
        candidate.train_id,
        candidate.timestamp,
        candidate.request_id
    FROM api_requests AS candidate
    WHERE
        candidate.train_id = :train_id
        AND candidate.conversation_id IS NOT NULL
        -- First, before `until`: of two bounds the server goes to the first and walks on.
        AND (candidate.timestamp, candidate.request_id)
        < (:after_timestamp, :after_request_id) -- @optional
        AND candidate.timestamp >= :since -- @optional
        AND candidate.timestamp < :until -- @optional
        -- With a limit it stays a look into an index for each one that is walked past.
        AND (
            SELECT later.request_id
            FROM api_requests AS later
            WHERE
                later.conversation_id = candidate.conversation_id
                AND (later.timestamp, later.request_id)
                > (candidate.timestamp, candidate.request_id)
            ORDER BY later.timestamp, later.request_id
            LIMIT 1
        ) IS NULL
        AND FALSE -- @use conversation_filters(:account_id, :model, :has_subtasks)
    ORDER BY candidate.timestamp DESC, candidate.request_id DESC
    LIMIT :row_limit
)

SELECT
    page.conversation_id,
    page.train_id,
    total.started_at,
    page.timestamp AS last_activity_at,
    page.request_id AS last_request_id,
    total.last_model,
    total.request_count,
    total.branch_count,
    total.subtask_count,
    total.message_count,
    total.input_tokens,
    total.output_tokens,
    total.total_tokens,
    total.models
FROM page
CROSS JOIN
    LATERAL (
        SELECT
            max(request.model) FILTER (WHERE request.request_id = page.request_id)
                AS last_model,
            NULL -- @use conversation_sums
        FROM api_requests AS request
        WHERE request.conversation_id = page.conversation_id
    ) AS total
ORDER BY page.timestamp DESC, page.request_id DESC;

-- name: count_conversations(train_id, since, until, account_id, model, has_subtasks, maximum)$
-- Return how many conversations of a train `list_conversations` would list, at
-- most `maximum`: counting ends there.
-- @param maximum = 10000
-- Each conversation once, and then a look at what it is: not one at each of its requests.
WITH active AS MATERIALIZED (
    SELECT DISTINCT conversation_id
    FROM api_requests
    WHERE
        train_id = :train_id
        AND conversation_id IS NOT NULL
        AND timestamp >= :since -- @optional
        AND timestamp < :until -- @optional
)

SELECT count(*) AS conversations
FROM (
    SELECT candidate.conversation_id
    FROM active AS candidate
    WHERE
        (
            SELECT later.request_id
            FROM api_requests AS later
            WHERE
                later.conversation_id = candidate.conversation_id
                AND later.timestamp >= :until
            ORDER BY later.timestamp
            LIMIT 1
        ) IS NULL -- @optional
        AND FALSE -- @use conversation_filters(:account_id, :model, :has_subtasks)
    ORDER BY candidate.conversation_id
    LIMIT :maximum
) AS counted;

-- name: list_branches(conversation_ids, after_conversation_id, after_started_at, after_branch_id, row_limit)
-- record_class: Branch
-- Return a page of the branches of some conversations with their sums, by the
-- ids of the conversations, those of one in the order they began; give the
-- last row's `conversation_id`, `started_at` and `branch_id` for the next
-- page, which is empty at the end.
-- @param conversation_ids[] not null
-- @param after_conversation_id = NULL
-- @param after_started_at = NULL
-- @param after_branch_id = NULL
-- @param row_limit = 1000
-- @column first_request_id not null
-- @column last_request_id not null
SELECT
    conversation_id,
    branch_id,
    min(timestamp) AS started_at,
    max(timestamp) AS last_activity_at,
    -- There is no min(uuid) before PostgreSQL 18.
    (array_agg(request_id ORDER BY timestamp, request_id))[1] AS first_request_id,
    (array_agg(request_id ORDER BY timestamp DESC, request_id DESC))[1]
        AS last_request_id,
    bool_or(is_subtask) AS is_subtask,
    count(*) AS request_count,
    max(message_count) AS message_count,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(input_tokens) + sum(output_tokens) AS total_tokens
FROM api_requests
WHERE
    conversation_id = any(:conversation_ids)
    AND conversation_id >= coalesce(
        :after_conversation_id, '00000000-0000-0000-0000-000000000000'::uuid
    )
GROUP BY conversation_id, branch_id
HAVING
    (conversation_id, min(timestamp), branch_id) > (
        coalesce(
            :after_conversation_id, '00000000-0000-0000-0000-000000000000'::uuid
        ),
        coalesce(:after_started_at, '-infinity'::timestamptz),
        coalesce(:after_branch_id, '')
    )
ORDER BY conversation_id, started_at, branch_id
LIMIT :row_limit;
