-- name: get_analysis(conversation_id, branch_id)^
-- record_class: Analysis
-- Return the analysis of a branch; nothing when nobody asked for one.
-- @param branch_id = 'main'
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
    attempt_token
FROM conversation_analyses
WHERE
    conversation_id = :conversation_id
    AND branch_id = :branch_id;

-- name: get_analysis_by_id(analysis_id)^
-- record_class: Analysis
-- Return an analysis; nothing for an unknown id.
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
    attempt_token
FROM conversation_analyses
WHERE id = :analysis_id;

-- name: list_analyses(status, before_created_at, before_id, row_limit)
-- record_class: AnalysisSummary
-- Return a page of the analyses of one status, without what they say, newest first; give
-- the last row's `created_at` and `id` for the next page, which is empty at the end.
-- @param before_created_at = NULL
-- @param before_id = NULL
-- @param row_limit = 100
SELECT
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
FROM conversation_analyses
WHERE
    status = :status
    AND (created_at, id) < (
        coalesce(:before_created_at, 'infinity'::timestamptz),
        coalesce(:before_id, 0)
    )
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
SELECT
    analysis.id,
    analysis.conversation_id,
    analysis.branch_id,
    analysis.train_id,
    analysis.status,
    analysis.model_used,
    analysis.error_message,
    analysis.retry_count,
    analysis.prompt_tokens,
    analysis.completion_tokens,
    analysis.created_at,
    analysis.updated_at,
    analysis.started_at,
    analysis.completed_at,
    analysis.locked_until
-- A page of each status comes from its own part of the index.
FROM (
    SELECT DISTINCT
        unnest(
            coalesce(:statuses, enum_range(NULL::conversation_analysis_status))
        ) AS status
) AS wanted
CROSS JOIN
    LATERAL (
        SELECT
            candidate.id,
            candidate.conversation_id,
            candidate.branch_id,
            candidate.train_id,
            candidate.status,
            candidate.model_used,
            candidate.error_message,
            candidate.retry_count,
            candidate.prompt_tokens,
            candidate.completion_tokens,
            candidate.created_at,
            candidate.updated_at,
            candidate.started_at,
            candidate.completed_at,
            candidate.locked_until
        FROM conversation_analyses AS candidate
        WHERE
            candidate.train_id = :train_id
            AND candidate.status = wanted.status
            AND (candidate.created_at, candidate.id) < (
                coalesce(:before_created_at, 'infinity'::timestamptz),
                coalesce(:before_id, 0)
            )
        ORDER BY candidate.created_at DESC, candidate.id DESC
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
