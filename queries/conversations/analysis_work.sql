-- name: claim_analysis(lease, user_context, now)<!
-- record_class: ClaimedAnalysis
-- Give a worker the oldest analysis that is pending and return it, with the token of this
-- attempt and the end of its lease, and an entry in the log; nothing when none is pending.
-- Who claims at the same time gets the next one, and does not wait.
-- @column started_at not null
-- @column locked_until not null
-- @param user_context = NULL
-- @param now = NULL
WITH oldest AS MATERIALIZED (
    SELECT id
    FROM conversation_analyses
    WHERE status = 'pending'
    ORDER BY created_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
),

claimed AS (
    UPDATE conversation_analyses AS analysis
    SET
        status = 'processing',
        attempt_token = analysis.attempt_token + 1,
        started_at = coalesce(:now, statement_timestamp()),
        -- Days of 24 hours, whatever the clocks of the session's zone do.
        locked_until
        = coalesce(:now, statement_timestamp())
        + make_interval(secs => extract(EPOCH FROM :lease::interval))
    FROM oldest
    WHERE analysis.id = oldest.id
    RETURNING
        analysis.id,
        analysis.conversation_id,
        analysis.branch_id,
        analysis.train_id,
        analysis.status,
        analysis.custom_prompt,
        analysis.retry_count,
        analysis.attempt_token,
        analysis.started_at,
        analysis.locked_until
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
        'claim' AS event_type,
        claimed.status AS outcome,
        claimed.conversation_id,
        claimed.branch_id,
        claimed.train_id,
        NULL AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', claimed.id,
            'status_before', 'pending',
            'attempt_token', claimed.attempt_token,
            'retry_count', claimed.retry_count
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM claimed
)

SELECT
    id,
    conversation_id,
    branch_id,
    train_id,
    custom_prompt,
    retry_count,
    attempt_token,
    started_at,
    locked_until
FROM claimed;

-- name: complete_analysis(analysis_id, attempt_token, content, data, raw_response, model_used, prompt_tokens, completion_tokens, user_context, now)<!
-- record_class: EndedAnalysis
-- Store what an attempt found in the place of what was found before, and return the
-- analysis, as completed, with an entry in the log; nothing, and nothing is changed, when
-- the attempt is not the current one of an analysis that is being worked on.
-- @param data = NULL
-- @param raw_response = NULL
-- @param model_used = NULL
-- @param prompt_tokens = NULL
-- @param completion_tokens = NULL
-- @param user_context = NULL
-- @param now = NULL
WITH completed AS (
    UPDATE conversation_analyses
    SET
        status = 'completed',
        content = :content,
        data = :data,
        raw_response = :raw_response,
        model_used = :model_used,
        prompt_tokens = :prompt_tokens,
        completion_tokens = :completion_tokens,
        error_message = NULL,
        completed_at = coalesce(:now, statement_timestamp()),
        locked_until = NULL
    WHERE
        id = :analysis_id
        AND attempt_token = :attempt_token
        AND status = 'processing'
    RETURNING
        id,
        conversation_id,
        branch_id,
        train_id,
        status,
        retry_count,
        attempt_token,
        model_used,
        prompt_tokens,
        completion_tokens
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
        'complete' AS event_type,
        completed.status AS outcome,
        completed.conversation_id,
        completed.branch_id,
        completed.train_id,
        NULL AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', completed.id,
            'status_before', 'processing',
            'attempt_token', completed.attempt_token,
            'retry_count', completed.retry_count,
            'model_used', completed.model_used,
            'prompt_tokens', completed.prompt_tokens,
            'completion_tokens', completed.completion_tokens
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM completed
)

SELECT
    id,
    conversation_id,
    branch_id,
    train_id,
    status,
    retry_count,
    attempt_token
FROM completed;

-- name: fail_analysis(analysis_id, attempt_token, error, max_attempts, user_context, now)<!
-- record_class: EndedAnalysis
-- Note that an attempt failed, and why, and return the analysis: pending again, or failed
-- when this was the last attempt, with an entry in the log; nothing, and nothing is
-- changed, when the attempt is not the current one of an analysis that is being worked on.
-- @param max_attempts = 3
-- @param user_context = NULL
-- @param now = NULL
WITH ended AS (
    UPDATE conversation_analyses
    SET
        status = CASE
            WHEN retry_count + 1 >= :max_attempts
                THEN 'failed'::conversation_analysis_status
            ELSE 'pending'
        END,
        retry_count = retry_count + 1,
        error_message = :error,
        started_at = CASE WHEN retry_count + 1 >= :max_attempts THEN started_at END,
        locked_until = NULL
    WHERE
        id = :analysis_id
        AND attempt_token = :attempt_token
        AND status = 'processing'
    RETURNING
        id,
        conversation_id,
        branch_id,
        train_id,
        status,
        retry_count,
        attempt_token,
        error_message
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
        'fail' AS event_type,
        ended.status AS outcome,
        ended.conversation_id,
        ended.branch_id,
        ended.train_id,
        NULL AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', ended.id,
            'status_before', 'processing',
            'attempt_token', ended.attempt_token,
            'retry_count', ended.retry_count,
            'error_message', ended.error_message
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM ended
)

SELECT
    id,
    conversation_id,
    branch_id,
    train_id,
    status,
    retry_count,
    attempt_token
FROM ended;

-- name: reset_stuck_analyses(row_limit, max_attempts, user_context, now)
-- record_class: EndedAnalysis
-- Take the analyses back whose lease has ended, as a failure of their attempts, and return
-- them, pending again, or failed after their last attempt, each with an entry in the log;
-- empty when there are no more.
-- @param row_limit = 100
-- @param max_attempts = 3
-- @param user_context = NULL
-- @param now = NULL
WITH expired AS MATERIALIZED (
    SELECT id
    FROM conversation_analyses
    WHERE
        status = 'processing'
        AND locked_until <= coalesce(:now, statement_timestamp())
    ORDER BY locked_until, id
    LIMIT :row_limit
    FOR UPDATE SKIP LOCKED
),

ended AS (
    UPDATE conversation_analyses AS analysis
    SET
        status = CASE
            WHEN analysis.retry_count + 1 >= :max_attempts
                THEN 'failed'::conversation_analysis_status
            ELSE 'pending'
        END,
        retry_count = analysis.retry_count + 1,
        error_message = 'the lease of attempt ' || analysis.attempt_token || ' ended',
        started_at = CASE
            WHEN analysis.retry_count + 1 >= :max_attempts THEN analysis.started_at
        END,
        locked_until = NULL
    FROM expired
    WHERE analysis.id = expired.id
    RETURNING
        analysis.id,
        analysis.conversation_id,
        analysis.branch_id,
        analysis.train_id,
        analysis.status,
        analysis.retry_count,
        analysis.attempt_token,
        analysis.error_message
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
        'reset' AS event_type,
        ended.status AS outcome,
        ended.conversation_id,
        ended.branch_id,
        ended.train_id,
        NULL AS request_id,
        coalesce(:user_context, '{}'::jsonb) AS user_context,
        jsonb_build_object(
            'analysis_id', ended.id,
            'status_before', 'processing',
            'attempt_token', ended.attempt_token,
            'retry_count', ended.retry_count,
            'error_message', ended.error_message
        ) AS metadata,
        coalesce(:now, clock_timestamp()) AS timestamp
    FROM ended
    ORDER BY ended.id
)

SELECT
    id,
    conversation_id,
    branch_id,
    train_id,
    status,
    retry_count,
    attempt_token
FROM ended
ORDER BY id;
