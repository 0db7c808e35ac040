-- fragment: current_attempt(job_id, attempt_token)
-- The job that is being worked on by this attempt.
/*
id = :job_id
AND attempt_token = :attempt_token
-- Hidden from the planner, as in extend_leases.
AND status = (SELECT 'processing')
*/

-- fragment: ended_columns
-- The columns of an `EndedJob`.
/*
    id,
    status,
    retries,
    next_retry_at
*/

-- name: claim_due_jobs(worker, row_limit, lease, since, now)
-- record_class: ClaimedJob
-- Give a worker at most so many of the jobs that are due, those that have waited longest,
-- and return them in the order of `scheduled_at`, each with the token of this attempt, the
-- end of its lease and when it was due. `since` leaves out what was due before, which a
-- worker that claims in turn has seen; `now` replaces the server's clock in tests.
-- @param since = NULL
-- @param now = NULL
WITH due AS MATERIALIZED (
    SELECT
        id,
        coalesce(next_retry_at, scheduled_at) AS due_at
    FROM assistly_queue_jobs
    WHERE
        -- As in the condition of idx_queue_ready, which no other index has.
        status NOT IN ('processing', 'posted', 'dead_letter')
        AND coalesce(next_retry_at, scheduled_at)
        <= coalesce(:now, statement_timestamp())
        -- What the planner sees of the arguments makes it plan each time, for a claim
        -- that takes a quarter of what planning takes.
        AND coalesce(next_retry_at, scheduled_at)
        >= (SELECT coalesce(:since, '-infinity'::timestamptz))
    ORDER BY coalesce(next_retry_at, scheduled_at), id
    LIMIT (SELECT :row_limit::bigint)
    FOR UPDATE SKIP LOCKED
),

claimed AS (
    UPDATE assistly_queue_jobs AS job
    SET
        status = 'processing',
        next_retry_at = NULL,
        locked_by = :worker,
        -- Days of 24 hours, whatever the clocks of the session's zone do.
        locked_until
        = coalesce(:now, statement_timestamp())
        + make_interval(secs => extract(EPOCH FROM :lease::interval)),
        attempt_token = job.attempt_token + 1,
        updated_at = coalesce(:now, statement_timestamp())
    FROM due
    WHERE job.id = due.id
    RETURNING
        job.id,
        job.platform,
        job.scheduled_at,
        job.content,
        job.idempotency_key,
        job.retries,
        job.attempt_token,
        job.locked_until,
        due.due_at
)

SELECT
    id,
    platform,
    scheduled_at,
    content,
    idempotency_key,
    retries,
    attempt_token,
    locked_until,
    due_at
FROM claimed
ORDER BY scheduled_at, id;

-- name: extend_leases(job_ids, attempt_tokens, lease, now)
-- record_class: ExtendedLease
-- Let the leases of attempts end a lease from now, and return those that were extended;
-- not among them is what another worker has by now, or what is not worked on any more.
-- @param now = NULL
WITH held AS MATERIALIZED (
    SELECT
        job.id,
        -- Asked for below, or the planner may go through all that is processed, and
        -- through what was while a reader keeps it, to find these few.
        job.status
    FROM assistly_queue_jobs AS job
    INNER JOIN
        -- So that the planner does not count them each time.
        unnest((SELECT :job_ids::bigint[]), :attempt_tokens::bigint[])
            AS given (id, attempt_token)
        ON job.id = given.id AND job.attempt_token = given.attempt_token
    -- One order for all, so that nobody waits for somebody who waits.
    ORDER BY job.id
    FOR UPDATE OF job
)

UPDATE assistly_queue_jobs AS job
SET
    locked_until
    = coalesce(:now, statement_timestamp())
    + make_interval(secs => extract(EPOCH FROM :lease::interval)),
    updated_at = coalesce(:now, statement_timestamp())
FROM held
WHERE
    job.id = held.id
    AND held.status = 'processing'
RETURNING
    job.id,
    job.locked_until;

-- name: complete_job(job_id, attempt_token, remote_id, now)<!
-- record_class: EndedJob
-- Note that a job was posted, and under which id there, and return it; nothing, and nothing
-- is changed, when the attempt is not the current one of a job that is being worked on.
-- @param remote_id = NULL
-- @param now = NULL
UPDATE assistly_queue_jobs
SET
    status = 'posted',
    remote_id = :remote_id,
    posted_at = coalesce(:now, statement_timestamp()),
    last_error = NULL,
    locked_by = NULL,
    locked_until = NULL,
    updated_at = coalesce(:now, statement_timestamp())
WHERE
    FALSE -- @use current_attempt(:job_id, :attempt_token)
RETURNING NULL; -- @use ended_columns

-- name: complete_jobs(job_ids, attempt_tokens, remote_ids, now)
-- record_class: CompletedJob
-- Note of many jobs that they were posted, and return those of which this is so; not among
-- them is an attempt that is not the current one of a job that is being worked on.
-- @param remote_ids[] null
-- @param now = NULL
WITH held AS MATERIALIZED (
    SELECT
        job.id,
        -- As in extend_leases.
        job.status,
        given.remote_id
    FROM assistly_queue_jobs AS job
    INNER JOIN
        -- So that the planner does not count them each time.
        unnest(
            (SELECT :job_ids::bigint[]), :attempt_tokens::bigint[], :remote_ids::text[]
        )
            AS given (id, attempt_token, remote_id)
        ON job.id = given.id AND job.attempt_token = given.attempt_token
    ORDER BY job.id
    FOR UPDATE OF job
)

UPDATE assistly_queue_jobs AS job
SET
    status = 'posted',
    remote_id = held.remote_id,
    posted_at = coalesce(:now, statement_timestamp()),
    last_error = NULL,
    locked_by = NULL,
    locked_until = NULL,
    updated_at = coalesce(:now, statement_timestamp())
FROM held
WHERE
    job.id = held.id
    AND held.status = 'processing'
RETURNING job.id;

-- name: fail_job(job_id, attempt_token, error, max_attempts, first_backoff, max_backoff, jitter, now)<!
-- record_class: EndedJob
-- Note that an attempt failed, and return the job: to be tried again after a backoff that
-- doubles with each failure, or a dead letter when this was the last attempt; nothing, and
-- nothing is changed, when the attempt is not the current one of a job that is being worked
-- on. The backoff is 5 minutes unless given, at most 24 hours unless given, and varied by
-- up to `jitter` of itself in both directions.
-- @param max_attempts = 3
-- @param first_backoff = NULL
-- @param max_backoff = NULL
-- @param jitter = 0.1
-- @param now = NULL
UPDATE assistly_queue_jobs
SET
    status
    = CASE WHEN retries + 1 >= :max_attempts THEN 'dead_letter' ELSE 'retrying' END,
    retries = retries + 1,
    last_error = :error,
    next_retry_at = CASE
        WHEN retries + 1 < :max_attempts
            THEN
                coalesce(:now, statement_timestamp())
                -- In seconds, as an interval has an end.
                + make_interval(
                    secs => least(
                        extract(
                            EPOCH FROM coalesce(:first_backoff, interval '5 minutes')
                        )::float8
                        -- Beyond 2 ^ 60 any backoff is at its maximum.
                        * 2 ^ least(retries, 60),
                        extract(
                            EPOCH FROM coalesce(:max_backoff, interval '24 hours')
                        )
                    )
                    * (1 + :jitter::float8 * (2 * random() - 1))
                )
    END,
    dead_letter_at = CASE
        WHEN retries + 1 >= :max_attempts THEN coalesce(:now, statement_timestamp())
    END,
    dead_letter_reason = CASE WHEN retries + 1 >= :max_attempts THEN :error END,
    locked_by = NULL,
    locked_until = NULL,
    updated_at = coalesce(:now, statement_timestamp())
WHERE
    FALSE -- @use current_attempt(:job_id, :attempt_token)
RETURNING NULL; -- @use ended_columns

-- name: reclaim_expired_jobs(row_limit, max_claims, now)
-- record_class: ReclaimedJob
-- Take the jobs back whose lease has ended, as due at once and without counting a failure,
-- and return them, those that ended first; empty when there are no more. A job that was
-- claimed `max_claims` times becomes a dead letter: it may be what ends its workers.
-- @param row_limit = 100
-- @param max_claims = NULL
-- @param now = NULL
WITH expired AS MATERIALIZED (
    SELECT
        id,
        locked_by,
        attempt_token >= :max_claims::bigint IS TRUE AS is_last
    FROM assistly_queue_jobs
    WHERE
        status = 'processing'
        -- As above; with both ends it expects few rows, which it gets by their index.
        AND locked_until > '-infinity'
        AND locked_until <= (SELECT coalesce(:now, statement_timestamp()))
    ORDER BY locked_until, id
    LIMIT (SELECT :row_limit::bigint)
    FOR UPDATE SKIP LOCKED
)

UPDATE assistly_queue_jobs AS job
SET
    status = CASE
        WHEN expired.is_last THEN 'dead_letter'
        WHEN job.retries > 0 THEN 'retrying'
        ELSE 'scheduled'
    END,
    last_error = 'the lease of ' || expired.locked_by || ' ended',
    dead_letter_at = CASE
        WHEN expired.is_last THEN coalesce(:now, statement_timestamp())
    END,
    dead_letter_reason = CASE
        WHEN expired.is_last
            THEN 'claimed ' || job.attempt_token || ' times, and the lease ended'
    END,
    locked_by = NULL,
    locked_until = NULL,
    updated_at = coalesce(:now, statement_timestamp())
FROM expired
WHERE job.id = expired.id
RETURNING
    job.id,
    job.status,
    job.attempt_token,
    expired.locked_by;
