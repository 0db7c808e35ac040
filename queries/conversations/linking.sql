-- fragment: relative_columns
-- The columns of a `Relative` but its body and its response.
/*
    request.request_id,
    request.train_id,
    request.timestamp,
    request.current_message_hash,
    request.parent_message_hash,
    request.system_hash,
    request.message_count,
    request.conversation_id,
    request.branch_id,
    request.parent_request_id,
    request.parent_task_request_id,
    request.is_subtask,
    request.task_tool_invocation
*/

-- name: lock_trains(train_ids)$
-- Wait until no other transaction links requests of these trains, keep others from it until
-- the end of this one, and return the isolation level of the transaction.
WITH locked AS MATERIALIZED (
    SELECT
        count(
            pg_advisory_xact_lock(
                hashtextextended('api_requests.' || wanted.train_id, 0)
            )::text
        ) AS trains
    -- One after another in the same order, so that no two wait for each other.
    FROM (
        SELECT DISTINCT unnest(:train_ids::text[]) AS train_id
        ORDER BY train_id
    ) AS wanted
)

SELECT current_setting('transaction_isolation') AS isolation_level
FROM locked;

-- name: list_relatives(questions, train_ids, message_hashes, timestamps, are_contested, answers)
-- record_class: Relative
-- Return the requests that answer questions about a hash and a time, the earliest first.
-- `before` asks for those whose messages have the hash and that are not later, and for what
-- continues those; `after` for those not earlier that continue messages of the hash;
-- `task` for those of a day from then on that begin with messages of the hash and continue
-- nothing; `beside` for those of the very time. There are at most
-- `answers` of each question, those that are nearest in time. The bodies are there of
-- those that may get another place, and responses where the question is contested or has
-- more than one answer.
-- @param answers = 50
-- @column body null
-- @column response_content null
WITH question AS (
    SELECT
        asked.about,
        asked.train_id,
        -- The type of the columns: compared as text, they would be in no index.
        asked.message_hash::character(64) AS message_hash,
        asked.moment,
        asked.is_contested
    FROM
        unnest(
            :questions::text[],
            :train_ids::text[],
            :message_hashes::text[],
            :timestamps::timestamptz[],
            :are_contested::boolean[]
        ) AS asked (about, train_id, message_hash, moment, is_contested)
),

before AS (
    SELECT
        candidate.request_id,
        question.is_contested
        OR count(*) OVER (
            PARTITION BY question.train_id, question.message_hash, question.moment
        ) > 1 AS is_contested
    FROM question
    CROSS JOIN
        LATERAL (
            SELECT api_requests.request_id
            FROM api_requests
            WHERE
                api_requests.train_id = question.train_id
                AND api_requests.current_message_hash = question.message_hash
                AND api_requests.timestamp <= question.moment
            ORDER BY
                api_requests.timestamp DESC,
                api_requests.request_id DESC
            LIMIT :answers
        ) AS candidate
    WHERE question.about = 'before'
),

waiting AS (
    SELECT found.request_id
    FROM question
    CROSS JOIN
        LATERAL (
            SELECT api_requests.request_id
            FROM api_requests
            WHERE
                question.about = 'after'
                AND api_requests.train_id = question.train_id
                AND api_requests.parent_message_hash = question.message_hash
                AND api_requests.timestamp >= question.moment
            ORDER BY
                api_requests.timestamp,
                api_requests.request_id
            LIMIT :answers
        ) AS found
    UNION ALL
    SELECT found.request_id
    FROM question
    CROSS JOIN
        LATERAL (
            SELECT api_requests.request_id
            FROM api_requests
            WHERE
                question.about = 'task'
                AND api_requests.train_id = question.train_id
                AND api_requests.current_message_hash = question.message_hash
                AND api_requests.timestamp >= question.moment
                AND api_requests.timestamp <= question.moment + interval '24 hours'
                AND api_requests.parent_request_id IS NULL
            ORDER BY
                api_requests.timestamp,
                api_requests.request_id
            LIMIT :answers
        ) AS found
    UNION ALL
    SELECT found.request_id
    FROM question
    CROSS JOIN
        LATERAL (
            SELECT api_requests.request_id
            FROM api_requests
            WHERE
                question.about = 'beside'
                AND api_requests.train_id = question.train_id
                AND api_requests.timestamp = question.moment
                AND api_requests.conversation_id IS NOT NULL
            ORDER BY api_requests.request_id
            LIMIT :answers
        ) AS found
),

relative AS (
    SELECT
        found.request_id,
        bool_or(found.is_waiting) AS is_waiting,
        bool_or(found.is_contested) AS is_contested
    FROM (
        SELECT
            before.request_id,
            FALSE AS is_waiting,
            before.is_contested
        FROM before
        UNION ALL
        SELECT
            child.request_id,
            FALSE AS is_waiting,
            FALSE AS is_contested
        FROM before
        INNER JOIN api_requests AS child ON before.request_id = child.parent_request_id
        UNION ALL
        SELECT
            waiting.request_id,
            TRUE AS is_waiting,
            TRUE AS is_contested
        FROM waiting
    ) AS found
    GROUP BY found.request_id
)

SELECT
    NULL, -- @use relative_columns
    CASE WHEN relative.is_waiting THEN request.body END AS body,
    CASE
        WHEN relative.is_contested THEN request.response_body -> 'content'
    END AS response_content
FROM relative
INNER JOIN api_requests AS request ON relative.request_id = request.request_id
ORDER BY request.timestamp, request.request_id;

-- name: list_origins(questions, train_ids, texts, timestamps, answers)
-- record_class: Relative
-- Return the requests whose responses answer questions about a text and a time, and the
-- sub-tasks that they have begun, the earliest first. `prompt_hash` and `prompt` ask for
-- those that invoked a task within a day before, by the hash of its prompt or by the
-- prompt itself, and `summary` for those whose response has the text. There are at most
-- `answers` of each question, the newest ones.
-- @param answers = 20
-- @column body null
-- @column response_content null
WITH question AS (
    SELECT
        asked.about,
        asked.train_id,
        asked.moment,
        jsonb_build_array(jsonb_build_object('prompt_hash', asked.sent)) AS by_hash,
        jsonb_build_array(
            jsonb_build_object('input', jsonb_build_object('prompt', asked.sent))
        ) AS by_prompt,
        jsonb_build_object(
            'content',
            jsonb_build_array(jsonb_build_object('type', 'text', 'text', asked.sent))
        ) AS by_summary
    FROM
        unnest(
            :questions::text[],
            :train_ids::text[],
            :texts::text[],
            :timestamps::timestamptz[]
        ) AS asked (about, train_id, sent, moment)
),

origin AS (
    SELECT found.request_id
    FROM question
    CROSS JOIN
        LATERAL (
            WITH hit AS MATERIALIZED (
                -- By the index on it, not among all requests of a day.
                SELECT
                    api_requests.request_id,
                    api_requests.train_id,
                    api_requests.timestamp
                FROM api_requests
                WHERE
                    api_requests.task_tool_invocation
                    @> CASE
                        WHEN question.about = 'prompt' THEN question.by_prompt
                        ELSE question.by_hash
                    END
            )

            SELECT hit.request_id
            FROM hit
            WHERE
                hit.train_id = question.train_id
                AND hit.timestamp <= question.moment
                AND hit.timestamp >= question.moment - interval '24 hours'
            ORDER BY
                hit.timestamp DESC,
                hit.request_id DESC
            LIMIT :answers
        ) AS found
    WHERE question.about <> 'summary'
    UNION ALL
    SELECT found.request_id
    FROM question
    CROSS JOIN
        LATERAL (
            WITH hit AS MATERIALIZED (
                -- By the index on it, not among all responses of a train.
                SELECT
                    api_requests.request_id,
                    api_requests.train_id,
                    api_requests.timestamp
                FROM api_requests
                WHERE api_requests.response_body @> question.by_summary
            )

            SELECT hit.request_id
            FROM hit
            WHERE
                hit.train_id = question.train_id
                AND hit.timestamp <= question.moment
            ORDER BY
                hit.timestamp DESC,
                hit.request_id DESC
            LIMIT :answers
        ) AS found
    WHERE question.about = 'summary'
),

relative AS (
    SELECT
        found.request_id,
        bool_or(found.is_root) AS is_root
    FROM (
        SELECT
            origin.request_id,
            FALSE AS is_root
        FROM origin
        UNION ALL
        SELECT
            root.request_id,
            TRUE AS is_root
        FROM origin
        INNER JOIN api_requests AS root
            ON origin.request_id = root.parent_task_request_id
        WHERE root.parent_request_id IS NULL
        UNION ALL
        SELECT
            child.request_id,
            FALSE AS is_root
        FROM origin
        INNER JOIN api_requests AS child ON origin.request_id = child.parent_request_id
    ) AS found
    GROUP BY found.request_id
)

SELECT
    NULL, -- @use relative_columns
    CASE WHEN relative.is_root THEN request.body END AS body,
    request.response_body -> 'content' AS response_content
FROM relative
INNER JOIN api_requests AS request ON relative.request_id = request.request_id
ORDER BY request.timestamp, request.request_id;

-- name: list_conversation_relatives(conversation_ids)
-- record_class: Relative
-- Return all requests of some conversations, the earliest first, with neither bodies nor
-- responses.
-- @column conversation_id null
-- @column body null
-- @column response_content null
SELECT
    NULL, -- @use relative_columns
    NULL::jsonb AS body,
    NULL::jsonb AS response_content
FROM api_requests AS request
WHERE request.conversation_id = any(:conversation_ids::uuid[])
ORDER BY request.timestamp, request.request_id;

-- name: get_relative(request_id)^
-- record_class: Relative
-- Return a request without its body; nothing for an unknown id.
-- @column body null
-- @column response_content null
SELECT
    NULL, -- @use relative_columns
    NULL::jsonb AS body,
    request.response_body -> 'content' AS response_content
FROM api_requests AS request
WHERE request.request_id = :request_id;

-- name: list_branch_names(conversation_id)
-- Return the names of the branches of a conversation, in order; none for an unknown one.
SELECT DISTINCT branch_id
FROM api_requests
WHERE conversation_id = :conversation_id
ORDER BY branch_id;

-- name: move_requests(request_ids, conversation_ids, branch_ids, parent_ids, task_ids, are_subtasks)!
-- Give stored requests other places, and return how many there were.
-- @param conversation_ids[] null
-- @param parent_ids[] null
-- @param task_ids[] null
UPDATE api_requests
SET
    conversation_id = moved.conversation_id,
    branch_id = moved.branch_id,
    parent_request_id = moved.parent_id,
    parent_task_request_id = moved.task_id,
    is_subtask = moved.is_subtask
FROM
    unnest(
        :request_ids::uuid[],
        :conversation_ids::uuid[],
        :branch_ids::text[],
        :parent_ids::uuid[],
        :task_ids::uuid[],
        :are_subtasks::boolean[]
    ) AS moved (
        request_id, conversation_id, branch_id, parent_id, task_id, is_subtask
    )
WHERE api_requests.request_id = moved.request_id;
