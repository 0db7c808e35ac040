-- fragment: usage_of(account_id, train_id, model)
-- The requests of an account, or a train, or both, and of all models or one.
/*
account_id = :account_id -- @optional
AND train_id = :train_id -- @optional
AND model = :model -- @optional
*/

-- fragment: used_sums
-- What is summed up of the requests of a group.
/*
count(*) AS request_count,
sum(input_tokens) AS input_tokens,
sum(output_tokens) AS output_tokens,
sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
sum(cache_read_input_tokens) AS cache_read_input_tokens
*/

-- fragment: spent_tokens
-- The tokens of what may have no requests.
/*
coalesce(spent.input_tokens, 0) AS input_tokens,
coalesce(spent.output_tokens, 0) AS output_tokens,
coalesce(spent.input_tokens, 0) + coalesce(spent.output_tokens, 0)
    AS total_tokens,
coalesce(spent.cache_creation_input_tokens, 0) AS cache_creation_input_tokens,
coalesce(spent.cache_read_input_tokens, 0) AS cache_read_input_tokens
*/

-- name: get_usage(account_id, train_id, model, duration, until)^
-- record_class: Usage
-- Return the tokens of an account, of a train, or of both together, and of one model or
-- all, in the time of that duration that ends at `until`, itself not included, or now;
-- sums of 0 when there is no request.
-- @param until = NULL
SELECT
    count(*) AS request_count,
    coalesce(sum(input_tokens), 0) AS input_tokens,
    coalesce(sum(output_tokens), 0) AS output_tokens,
    coalesce(sum(input_tokens), 0) + coalesce(sum(output_tokens), 0) AS total_tokens,
    coalesce(sum(cache_creation_input_tokens), 0) AS cache_creation_input_tokens,
    coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens
FROM api_requests
WHERE
    FALSE -- @use usage_of(:account_id, :train_id, :model)
    -- Days of 24 hours, whatever the clocks of the session's zone do.
    AND timestamp
    >= coalesce(:until, statement_timestamp())
    - make_interval(secs => extract(EPOCH FROM :duration::interval))
    AND timestamp < coalesce(:until, statement_timestamp());

-- name: list_daily_usage(account_id, train_id, model, days, until)
-- record_class: DailyUsage
-- Return the tokens of an account, of a train, or of both together, and of one model or
-- all, on each of so many days of UTC, of which the last one is that of `until`, or today;
-- days without requests are there, with 0.
-- @param days = 30
-- @param until = NULL
WITH spent AS (
    SELECT
        (timestamp AT TIME ZONE 'UTC')::date AS used_on,
        NULL -- @use used_sums
    FROM api_requests
    WHERE
        FALSE -- @use usage_of(:account_id, :train_id, :model)
        AND timestamp
        >= date_trunc('day', coalesce(:until, statement_timestamp()), 'UTC')
        - make_interval(hours => 24 * (:days::integer - 1))
        AND timestamp
        < date_trunc('day', coalesce(:until, statement_timestamp()), 'UTC')
        + make_interval(hours => 24)
    GROUP BY used_on
)

SELECT
    calendar.used_on,
    coalesce(spent.request_count, 0) AS request_count,
    NULL -- @use spent_tokens
FROM (
    SELECT
        (coalesce(:until, statement_timestamp()) AT TIME ZONE 'UTC')::date
        - past.days AS used_on
    FROM generate_series(0, :days::integer - 1) AS past (days)
) AS calendar
LEFT JOIN spent ON calendar.used_on = spent.used_on
ORDER BY calendar.used_on;

-- name: list_usage(account_id, train_id, model, since, until, width)
-- record_class: UsageBucket
-- Return the tokens of an account, of a train, or of both together, and of one model or
-- all, from `since` on and before `until`, or now, in buckets of that width, the last one
-- cut off at the end; buckets without requests are there, with 0.
-- @param until = NULL
WITH spent AS (
    SELECT
        date_bin(:width, timestamp, :since) AS started_at,
        NULL -- @use used_sums
    FROM api_requests
    WHERE
        FALSE -- @use usage_of(:account_id, :train_id, :model)
        AND timestamp >= :since
        AND timestamp < coalesce(:until, statement_timestamp())
    GROUP BY started_at
)

SELECT
    bucket.started_at,
    least(
        -- Days of 24 hours, whatever the clocks of the session's zone do.
        bucket.started_at + make_interval(secs => extract(EPOCH FROM :width::interval)),
        coalesce(:until, statement_timestamp())
    ) AS ended_at,
    coalesce(spent.request_count, 0) AS request_count,
    NULL -- @use spent_tokens
FROM
    generate_series(
        :since::timestamptz,
        coalesce(:until, statement_timestamp()),
        make_interval(secs => extract(EPOCH FROM :width::interval))
    ) AS bucket (started_at)
LEFT JOIN spent ON bucket.started_at = spent.started_at
WHERE bucket.started_at < coalesce(:until, statement_timestamp())
ORDER BY bucket.started_at;

-- name: list_sliding_usage(account_id, train_id, model, since, until, step, duration)
-- record_class: SlidingUsage
-- Return, for `since` and each step after it up to `until`, or now, the tokens of an
-- account, of a train, or of both together, and of one model or all, in the time of that
-- duration before, with 0 where there was no request.
-- @param until = NULL
WITH spent AS (
    -- A request is in all samples from the first one after it to the last one that is no
    -- further away than the duration.
    SELECT
        CASE
            WHEN timestamp < :since THEN :since
            ELSE
                date_bin(:step, timestamp, :since)
                + make_interval(secs => extract(EPOCH FROM :step::interval))
        END AS enters_at,
        date_bin(
            :step,
            timestamp + make_interval(secs => extract(EPOCH FROM :duration::interval)),
            :since
        )
        + make_interval(secs => extract(EPOCH FROM :step::interval)) AS leaves_at,
        NULL -- @use used_sums
    FROM api_requests
    WHERE
        FALSE -- @use usage_of(:account_id, :train_id, :model)
        -- Days of 24 hours, whatever the clocks of the session's zone do.
        AND timestamp
        >= :since::timestamptz
        - make_interval(secs => extract(EPOCH FROM :duration::interval))
        AND timestamp < coalesce(:until, statement_timestamp())
    GROUP BY enters_at, leaves_at
),

change AS (
    SELECT
        enters_at AS changed_at,
        request_count,
        input_tokens,
        output_tokens,
        cache_creation_input_tokens,
        cache_read_input_tokens
    FROM spent
    UNION ALL
    SELECT
        leaves_at AS changed_at,
        -request_count AS request_count,
        -input_tokens AS input_tokens,
        -output_tokens AS output_tokens,
        -cache_creation_input_tokens AS cache_creation_input_tokens,
        -cache_read_input_tokens AS cache_read_input_tokens
    FROM spent
),

running AS (
    SELECT
        sample.sampled_at,
        coalesce(sum(sum(change.request_count)) OVER past, 0)::bigint AS request_count,
        coalesce(sum(sum(change.input_tokens)) OVER past, 0)::bigint AS input_tokens,
        coalesce(sum(sum(change.output_tokens)) OVER past, 0)::bigint AS output_tokens,
        coalesce(sum(sum(change.cache_creation_input_tokens)) OVER past, 0)::bigint
            AS cache_creation_input_tokens,
        coalesce(sum(sum(change.cache_read_input_tokens)) OVER past, 0)::bigint
            AS cache_read_input_tokens
    FROM
        generate_series(
            :since::timestamptz,
            coalesce(:until, statement_timestamp()),
            make_interval(secs => extract(EPOCH FROM :step::interval))
        ) AS sample (sampled_at)
    LEFT JOIN change ON sample.sampled_at = change.changed_at
    GROUP BY sample.sampled_at
    WINDOW past AS (ORDER BY sample.sampled_at)
)

SELECT
    sampled_at,
    request_count,
    input_tokens,
    output_tokens,
    input_tokens + output_tokens AS total_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens
FROM running
ORDER BY sampled_at;
