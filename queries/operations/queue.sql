-- fragment: job_columns
-- The columns of a `Job`.
/*
    id,
    status,
    retries,
    created_at,
    platform,
    scheduled_at,
    content,
    idempotency_key,
    next_retry_at,
    remote_id,
    posted_at,
    last_error,
    dead_letter_at,
    dead_letter_reason,
    replayed_at,
    updated_at,
    locked_by,
    locked_until,
    attempt_token
*/

-- fragment: joined_job_columns
-- The same, where `job` is joined with something.
/*
    job.id,
    job.status,
    job.retries,
    job.created_at,
    job.platform,
    job.scheduled_at,
    job.content,
    job.idempotency_key,
    job.next_retry_at,
    job.remote_id,
    job.posted_at,
    job.last_error,
    job.dead_letter_at,
    job.dead_letter_reason,
    job.replayed_at,
    job.updated_at,
    job.locked_by,
    job.locked_until,
    job.attempt_token
*/

-- name: get_job(job_id)^
-- record_class: Job
-- Return a job; nothing for an unknown id.
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
WHERE id = :job_id;

-- name: list_jobs(row_limit)
-- record_class: Job
-- Return a page of the jobs in the order they were scheduled.
-- @page id
-- @param row_limit = 100
-- @param row_limit max 10000
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
ORDER BY id
LIMIT :row_limit;

-- name: list_jobs_by_status(status, after_id, row_limit)
-- record_class: Job
-- Return a page of the jobs of one status in the order they were scheduled; give the last
-- row's `id` for the next page, which is empty at the end.
-- @param after_id = 0
-- @param row_limit = 100
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
WHERE
    -- One status, said so that idx_queue_status has the order, and the primary key has
    -- not. By that one a rare status was looked for among all jobs. A cursor would be a
    -- second bound, of which the index begins at the first.
    (status, id) > (:status, :after_id)
    AND status <= :status
ORDER BY status, id
LIMIT :row_limit;

-- name: list_jobs_of(statuses, platform, after_id, row_limit)
-- record_class: Job
-- Return a page of the jobs of some statuses, of one platform or, without it, of all, in
-- the order they were scheduled; give the last row's `id` for the next page, which is
-- empty at the end.
-- @param after_id = 0
-- @param row_limit = 100
SELECT NULL -- @use joined_job_columns
-- A page of each status comes from its own part of the index.
FROM (SELECT DISTINCT unnest(:statuses::text[]) AS status) AS wanted
CROSS JOIN
    LATERAL (
        SELECT NULL -- @use job_columns
        FROM assistly_queue_jobs AS candidate
        WHERE
            -- As above. Not a page of ours, whose limit stands once, at its end.
            (candidate.status, candidate.id) > (wanted.status, :after_id)
            AND candidate.status <= wanted.status
            AND candidate.platform = :platform -- @optional
        ORDER BY candidate.status, candidate.id
        LIMIT :row_limit
    ) AS job
ORDER BY job.id
LIMIT :row_limit;

-- name: list_dead_letters(row_limit)
-- record_class: Job
-- Return a page of the dead letters, oldest first.
-- @page id
-- @param row_limit = 100
-- @param row_limit max 10000
-- @column dead_letter_at null
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
WHERE status = 'dead_letter'
ORDER BY id
LIMIT :row_limit;

-- name: find_schedule_conflict(platform, scheduled_at, min_gap)^
-- record_class: Job
-- Return the earliest job of a platform that is still to be posted, or being posted, within
-- the gap before or after a time, both ends included; nothing when that time is free.
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
WHERE
    platform = :platform
    AND status IN ('scheduled', 'retrying', 'processing')
    -- Days of 24 hours, whatever the clocks of the session's zone do.
    AND scheduled_at BETWEEN
    :scheduled_at::timestamptz
    - make_interval(secs => extract(EPOCH FROM :min_gap::interval))
    AND :scheduled_at::timestamptz
    + make_interval(secs => extract(EPOCH FROM :min_gap::interval))
ORDER BY scheduled_at, id
LIMIT 1;

-- name: get_live_job_by_key(idempotency_key)^
-- record_class: Job
-- Return the job of a key that is still to be posted, or being posted; nothing when there
-- is none.
-- @column idempotency_key null
SELECT NULL -- @use job_columns
FROM assistly_queue_jobs
WHERE
    idempotency_key = :idempotency_key
    AND status IN ('scheduled', 'retrying', 'processing')
ORDER BY id
LIMIT 1;

-- name: count_jobs()
-- record_class: StatusCount
-- Return how many jobs each status has, in the order of a job's life; all five, also at 0.
WITH counted AS (
    SELECT
        status,
        count(*) AS jobs
    FROM assistly_queue_jobs
    GROUP BY status
)

SELECT
    known.status,
    coalesce(counted.jobs, 0) AS jobs
FROM (
    VALUES
    (1, 'scheduled'),
    (2, 'retrying'),
    (3, 'processing'),
    (4, 'posted'),
    (5, 'dead_letter')
) AS known (place, status)
LEFT JOIN counted ON known.status = counted.status
ORDER BY known.place;

-- name: get_queue_age(now)$
-- Return for how long the oldest job that is due has been waiting for a worker; NULL when
-- none is due. `now` replaces the server's clock in tests.
-- @param now = NULL
SELECT
    coalesce(:now, statement_timestamp())
    - min(coalesce(next_retry_at, scheduled_at)) AS age
FROM assistly_queue_jobs
WHERE
    status IN ('scheduled', 'retrying')
    AND coalesce(next_retry_at, scheduled_at) <= coalesce(:now, statement_timestamp());

-- name: get_next_work(now)$
-- Return how long it is until a job is due or a lease ends, negative for work that is there
-- already; NULL when no job waits and none is being worked on.
-- @param now = NULL
SELECT
    least(
        (
            SELECT min(coalesce(next_retry_at, scheduled_at))
            FROM assistly_queue_jobs
            WHERE status IN ('scheduled', 'retrying')
        ),
        (
            SELECT min(locked_until)
            FROM assistly_queue_jobs
            WHERE status = 'processing'
        )
    ) - coalesce(:now, statement_timestamp()) AS wait;

-- name: get_queue_outlook(now)^
-- record_class: QueueOutlook
-- Return how many jobs are due and for how long the oldest of them has been, how long it is
-- until the next one is due, how many leases have ended without their jobs being reclaimed,
-- and for how long the first of them has; NULL where there is no such job.
-- @param now = NULL
WITH moment AS MATERIALIZED (
    SELECT coalesce(:now, statement_timestamp()) AS now
),

due AS (
    SELECT
        count(*) AS jobs,
        min(waiting.due_at) AS oldest_at
    FROM (
        SELECT coalesce(next_retry_at, scheduled_at) AS due_at
        FROM assistly_queue_jobs
        WHERE
            status NOT IN ('processing', 'posted', 'dead_letter')
            -- With both ends few are expected, also before there are statistics.
            AND coalesce(next_retry_at, scheduled_at) >= '-infinity'
            AND coalesce(next_retry_at, scheduled_at)
            <= (SELECT moment.now FROM moment)
        -- The order of idx_queue_ready, which has nothing to sort.
        ORDER BY coalesce(next_retry_at, scheduled_at), id
    ) AS waiting
),

upcoming AS (
    SELECT min(waiting.due_at) AS next_at
    FROM (
        SELECT coalesce(next_retry_at, scheduled_at) AS due_at
        FROM assistly_queue_jobs
        WHERE
            status NOT IN ('processing', 'posted', 'dead_letter')
            AND coalesce(next_retry_at, scheduled_at)
            > (SELECT moment.now FROM moment)
        ORDER BY coalesce(next_retry_at, scheduled_at), id
        LIMIT 1
    ) AS waiting
),

expired AS (
    SELECT
        count(*) AS leases,
        min(locked_until) AS oldest_at
    FROM assistly_queue_jobs
    WHERE
        status = 'processing'
        AND locked_until <= (SELECT moment.now FROM moment)
)

SELECT
    due.jobs AS due_jobs,
    moment.now - due.oldest_at AS oldest_due_for,
    upcoming.next_at - moment.now AS next_due_in,
    expired.leases AS expired_leases,
    moment.now - expired.oldest_at AS oldest_expired_for
FROM moment
CROSS JOIN due
CROSS JOIN upcoming
CROSS JOIN expired;

-- name: schedule_job(platform, content, scheduled_at, idempotency_key)<!
-- record_class: Job
-- Schedule a job and return it; when a job with the key is still to be posted, or being
-- posted, return that one and change nothing. Without a time it is due at once.
-- @param scheduled_at = NULL
-- @param idempotency_key = NULL
INSERT INTO assistly_queue_jobs AS job (
    platform,
    content,
    scheduled_at,
    idempotency_key
)
VALUES (
    :platform,
    :content,
    coalesce(:scheduled_at, statement_timestamp()),
    :idempotency_key
)
ON CONFLICT (idempotency_key)
WHERE status IN ('scheduled', 'retrying', 'processing')
-- The row is returned only when it is written.
DO UPDATE SET idempotency_key = excluded.idempotency_key
RETURNING NULL; -- @use joined_job_columns

-- name: schedule_jobs(platforms, contents, scheduled_ats, idempotency_keys)
-- record_class: Job
-- Schedule many jobs and return those that are new, in the order given: not those with a
-- key that a job has which is still to be posted, or being posted.
-- @param scheduled_ats[] null
-- @param idempotency_keys[] null
WITH new_jobs AS MATERIALIZED (
    SELECT
        nextval('assistly_queue_jobs_id_seq') AS id,
        given.platform,
        given.content,
        coalesce(given.scheduled_at, statement_timestamp()) AS scheduled_at,
        given.idempotency_key
    FROM
        unnest(
            :platforms::text[],
            :contents::text[],
            :scheduled_ats::timestamptz[],
            :idempotency_keys::text[]
        ) WITH ORDINALITY
            AS given (
                platform, content, scheduled_at, idempotency_key, place
            )
    ORDER BY given.place
),

created AS (
    INSERT INTO assistly_queue_jobs (
        id,
        platform,
        content,
        scheduled_at,
        idempotency_key
    )
    SELECT
        id,
        platform,
        content,
        scheduled_at,
        idempotency_key
    FROM new_jobs
    -- One order for all, as who comes second with a key waits for the first.
    ORDER BY idempotency_key, id
    ON CONFLICT (idempotency_key)
    WHERE status IN ('scheduled', 'retrying', 'processing')
    DO NOTHING
    RETURNING NULL -- @use job_columns
)

SELECT NULL -- @use job_columns
FROM created
ORDER BY id;

-- name: lock_platform(platform)$
-- Wait until no other transaction schedules with a gap for this platform, keep others from
-- it until the end of this one, and return the isolation level of the transaction.
WITH locked AS MATERIALIZED (
    SELECT
        pg_advisory_xact_lock(
            hashtextextended('assistly_queue_jobs.' || :platform::text, 0)
        ) AS answer
)

SELECT current_setting('transaction_isolation') AS isolation_level
FROM locked;

-- name: remove_job(job_id, force)<!
-- record_class: Job
-- Remove a job and return it as it was; nothing for an unknown id, and nothing for one that
-- is being worked on, unless `force`.
-- @param force = FALSE
DELETE FROM assistly_queue_jobs
WHERE
    id = :job_id
    AND (status <> 'processing' OR :force)
RETURNING NULL; -- @use job_columns

-- name: replay_dead_letter(job_id)<!
-- record_class: Job
-- Schedule a dead letter again, at once and as if it had never failed, and return it;
-- nothing when there is no such dead letter, or another job has its key by now.
-- @column replayed_at null
WITH replayed AS (
    UPDATE assistly_queue_jobs AS job
    SET
        status = 'scheduled',
        retries = 0,
        last_error = NULL,
        dead_letter_at = NULL,
        dead_letter_reason = NULL,
        replayed_at = statement_timestamp(),
        updated_at = statement_timestamp()
    WHERE
        job.id = :job_id
        AND job.status = 'dead_letter'
        AND NOT EXISTS (
            SELECT
            FROM assistly_queue_jobs AS other
            WHERE
                other.idempotency_key = job.idempotency_key
                AND other.status IN ('scheduled', 'retrying', 'processing')
        )
    RETURNING NULL -- @use joined_job_columns
),

woken AS MATERIALIZED (
    SELECT pg_notify('assistly_queue', '') AS answer
    FROM replayed
)

SELECT NULL -- @use job_columns
FROM replayed
CROSS JOIN woken;
