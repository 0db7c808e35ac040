-- fragment: analysis_columns
-- The columns of an `Analysis`.
/*
    id,
    conversation_id,
    branch_id,
    train_id,
    status,
    model_used,
    content,
    data,
    raw_response,
    error_message,
    retry_count,
    prompt_tokens,
    completion_tokens,
    custom_prompt,
    created_at,
    updated_at,
    started_at,
    completed_at,
    locked_until,
    attempt_token
*/

-- fragment: summary_columns
-- The columns of an `AnalysisSummary`.
/*
    id,
    conversation_id,
    branch_id,
    train_id,
    status,
    model_used,
    error_message,
    retry_count,
    prompt_tokens,
    completion_tokens,
    created_at,
    updated_at,
    started_at,
    completed_at,
    locked_until
*/

-- name: get_analysis(conversation_id, branch_id)^
-- record_class: Analysis
-- Return the analysis of a branch; nothing when nobody asked for one.
-- @param branch_id = 'main'
SELECT NULL -- @use analysis_columns
FROM conversation_analyses
WHERE
    conversation_id = :conversation_id
    AND branch_id = :branch_id;

-- name: get_analysis_by_id(analysis_id)^
-- record_class: Analysis
-- Return an analysis; nothing for an unknown id.
SELECT NULL -- @use analysis_columns
FROM conversation_analyses
WHERE id = :analysis_id;

-- name: list_analyses(status, row_limit)
-- record_class: AnalysisSummary
-- Return a page of the analyses of one status, without what they say, newest first.
-- @page created_at DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use summary_columns
FROM conversation_analyses
WHERE status = :status
ORDER BY created_at DESC, id DESC
LIMIT :row_limit;

-- name: list_train_analyses(train_id, statuses, before_created_at, before_id, row_limit)
-- record_class: AnalysisSummary
-- Return a page of the analyses of a train, all or those of some statuses, without what
-- they say, newest first; give the last row's `created_at` and `id` for the next page,
-- which is empty at the end.
-- @param statuses = NULL
-- @param before_created_at = NULL
-- @param before_id = NULL
-- @param row_limit = 100
SELECT NULL -- @use summary_columns
-- A page of each status comes from its own part of the index.
FROM (
    SELECT DISTINCT
        unnest(
            coalesce(:statuses, enum_range(NULL::conversation_analysis_status))
        ) AS wanted_status
) AS wanted
CROSS JOIN
    LATERAL (
        SELECT NULL -- @use summary_columns
        FROM conversation_analyses AS candidate
        WHERE
            -- One train and one status, said so that idx_analyses_train has the order,
            -- and no other index has.
            (candidate.train_id, candidate.status) >= (:train_id, wanted.wanted_status)
            AND (
                candidate.train_id,
                candidate.status,
                candidate.created_at,
                candidate.id
            ) < (
                :train_id,
                wanted.wanted_status,
                coalesce(:before_created_at, 'infinity'::timestamptz),
                coalesce(:before_id, 0::bigint)
            )
        ORDER BY
            candidate.train_id DESC,
            candidate.status DESC,
            candidate.created_at DESC,
            candidate.id DESC
        LIMIT :row_limit
    ) AS analysis
ORDER BY analysis.created_at DESC, analysis.id DESC
LIMIT :row_limit;

-- name: count_analyses()
-- record_class: AnalysisCount
-- Return how many analyses each status has, in the order of an analysis's life; all four,
-- also at 0.
WITH counted AS (
    SELECT
        status,
        count(*) AS analyses
    FROM conversation_analyses
    GROUP BY status
)

SELECT
    known.status,
    coalesce(counted.analyses, 0) AS analyses
FROM unnest(enum_range(NULL::conversation_analysis_status)) AS known (status)
LEFT JOIN counted ON known.status = counted.status
ORDER BY known.status;

-- name: count_train_analyses(train_id)
-- record_class: AnalysisCount
-- Return how many analyses of a train each status has, in the order of an analysis's life;
-- all four, also at 0.
WITH counted AS (
    SELECT
        status,
        count(*) AS analyses
    FROM conversation_analyses
    WHERE train_id = :train_id
    GROUP BY status
)

SELECT
    known.status,
    coalesce(counted.analyses, 0) AS analyses
FROM unnest(enum_range(NULL::conversation_analysis_status)) AS known (status)
LEFT JOIN counted ON known.status = counted.status
ORDER BY known.status;

-- name: create_analysis(conversation_id, branch_id, custom_prompt, user_context, request_id, now)<!
-- record_class: Analysis
-- Ask for the analysis of a branch and return it, as pending, with an entry in the log;
-- nothing, and nothing is changed, when there is one, or when the branch has no request.
-- @param branch_id = 'main'
-- @param custom_prompt = NULL
-- @param user_context = NULL
-- @param request_id = NULL
-- @param now = NULL
WITH first_request AS (
    -- All requests of a conversation are of one train.
    SELECT train_id
    FROM api_requests
    WHERE
        conversation_id = :conversation_id
        AND branch_id = :branch_id
    ORDER BY timestamp, request_id
    LIMIT 1
),

created AS (
    INSERT INTO conversation_analyses (
        conversation_id,
        branch_id,
        train_id,
        custom_prompt,
        created_at,
        updated_at
    )
    SELECT
        :conversation_id AS conversation_id,
        :branch_id AS branch_id,
        train_id,
        :custom_prompt AS custom_prompt,
        coalesce(:now, statement_timestamp()) AS created_at,
        coalesce(:now, statement_timestamp()) AS updated_at
    FROM first_request
    ON CONFLICT (conversation_id, branch_id) DO NOTHING
    RETURNING NULL -- @use analysis_columns
),

logged AS (
    INSERT INTO analysis_audit_log (
        event_type,
        outcome,
        conversation_id,
        branch_id,
        train_id,
        request_id,
        user_context,
        metadata,
        timestamp
    )
    SELECT
        'create' AS event_type,
        created.status AS outcome,
        created.conversation_id,
        created.branch_id,
        created.train_id,
        :request_id AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', created.id,
            'status_before', NULL,
            'attempt_token', created.attempt_token,
            'retry_count', created.retry_count,
            'custom_prompt', created.custom_prompt
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM created
)

SELECT NULL -- @use analysis_columns
FROM created;

-- name: recreate_analysis(conversation_id, branch_id, custom_prompt, user_context, request_id, now)<!
-- record_class: Analysis
-- Return the analysis of a branch as it is, and a failed one as pending again, as if it had
-- never been tried, with an entry in the log; nothing when nobody asked for one.
-- @param branch_id = 'main'
-- @param custom_prompt = NULL
-- @param user_context = NULL
-- @param request_id = NULL
-- @param now = NULL
WITH existing AS MATERIALIZED (
    SELECT NULL -- @use analysis_columns
    FROM conversation_analyses
    WHERE
        conversation_id = :conversation_id
        AND branch_id = :branch_id
    FOR UPDATE
),

recreated AS (
    UPDATE conversation_analyses AS analysis
    SET
        status = 'pending',
        retry_count = 0,
        error_message = NULL,
        custom_prompt = :custom_prompt,
        started_at = NULL
    FROM existing
    WHERE
        analysis.id = existing.id
        AND existing.status = 'failed'
    RETURNING
        analysis.id,
        analysis.conversation_id,
        analysis.branch_id,
        analysis.train_id,
        analysis.status,
        analysis.model_used,
        analysis.content,
        analysis.data,
        analysis.raw_response,
        analysis.error_message,
        analysis.retry_count,
        analysis.prompt_tokens,
        analysis.completion_tokens,
        analysis.custom_prompt,
        analysis.created_at,
        analysis.updated_at,
        analysis.started_at,
        analysis.completed_at,
        analysis.locked_until,
        analysis.attempt_token
),

found AS (
    SELECT
        id,
        conversation_id,
        branch_id,
        train_id,
        status,
        model_used,
        content,
        data,
        raw_response,
        error_message,
        retry_count,
        prompt_tokens,
        completion_tokens,
        custom_prompt,
        created_at,
        updated_at,
        started_at,
        completed_at,
        locked_until,
        attempt_token,
        'failed' AS status_before
    FROM recreated
    UNION ALL
    SELECT
        id,
        conversation_id,
        branch_id,
        train_id,
        status,
        model_used,
        content,
        data,
        raw_response,
        error_message,
        retry_count,
        prompt_tokens,
        completion_tokens,
        custom_prompt,
        created_at,
        updated_at,
        started_at,
        completed_at,
        locked_until,
        attempt_token,
        status AS status_before
    FROM existing
    WHERE status <> 'failed'
),

logged AS (
    INSERT INTO analysis_audit_log (
        event_type,
        outcome,
        conversation_id,
        branch_id,
        train_id,
        request_id,
        user_context,
        metadata,
        timestamp
    )
    SELECT
        'create' AS event_type,
        found.status AS outcome,
        found.conversation_id,
        found.branch_id,
        found.train_id,
        :request_id AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', found.id,
            'status_before', found.status_before,
            'attempt_token', found.attempt_token,
            'retry_count', found.retry_count,
            'custom_prompt', found.custom_prompt
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM found
)

SELECT NULL -- @use analysis_columns
FROM found
-- One of the two has it.
ORDER BY id
LIMIT 1;

-- name: regenerate_analysis(conversation_id, branch_id, custom_prompt, user_context, request_id, now)<!
-- record_class: Analysis
-- Ask for the analysis of a branch anew, whatever became of it, and return it, as pending
-- and with what it said before, with an entry in the log; nothing when nobody asked for one.
-- @param branch_id = 'main'
-- @param custom_prompt = NULL
-- @param user_context = NULL
-- @param request_id = NULL
-- @param now = NULL
WITH existing AS MATERIALIZED (
    SELECT
        id,
        status
    FROM conversation_analyses
    WHERE
        conversation_id = :conversation_id
        AND branch_id = :branch_id
    FOR UPDATE
),

regenerated AS (
    UPDATE conversation_analyses AS analysis
    SET
        status = 'pending',
        retry_count = 0,
        error_message = NULL,
        custom_prompt = :custom_prompt,
        started_at = NULL,
        completed_at = NULL,
        locked_until = NULL
    FROM existing
    WHERE analysis.id = existing.id
    RETURNING
        analysis.id,
        analysis.conversation_id,
        analysis.branch_id,
        analysis.train_id,
        analysis.status,
        analysis.model_used,
        analysis.content,
        analysis.data,
        analysis.raw_response,
        analysis.error_message,
        analysis.retry_count,
        analysis.prompt_tokens,
        analysis.completion_tokens,
        analysis.custom_prompt,
        analysis.created_at,
        analysis.updated_at,
        analysis.started_at,
        analysis.completed_at,
        analysis.locked_until,
        analysis.attempt_token,
        existing.status AS status_before
),

logged AS (
    INSERT INTO analysis_audit_log (
        event_type,
        outcome,
        conversation_id,
        branch_id,
        train_id,
        request_id,
        user_context,
        metadata,
        timestamp
    )
    SELECT
        'regenerate' AS event_type,
        regenerated.status AS outcome,
        regenerated.conversation_id,
        regenerated.branch_id,
        regenerated.train_id,
        :request_id AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', regenerated.id,
            'status_before', regenerated.status_before,
            'attempt_token', regenerated.attempt_token,
            'retry_count', regenerated.retry_count,
            'custom_prompt', regenerated.custom_prompt
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM regenerated
)

SELECT NULL -- @use analysis_columns
FROM regenerated;
