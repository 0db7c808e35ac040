-- name: get_statistics(train_id, since, until)^
-- record_class: Statistics
-- Return the counts and sums of the requests of a train from `since` on and
-- before `until`; zeros when there are none. An average duration is
-- `duration_ms_sum / duration_count`.
-- @param since = NULL
-- @param until = NULL
SELECT
    count(*) AS request_count,
    (
        SELECT count(*) AS error_count
        FROM api_requests AS failed
        WHERE
            failed.train_id = :train_id
            AND (failed.error IS NOT NULL OR failed.response_status >= 400)
            AND failed.timestamp >= coalesce(:since, '-infinity'::timestamptz)
            AND failed.timestamp < coalesce(:until, 'infinity'::timestamptz)
    ) AS error_count,
    coalesce(sum(input_tokens), 0) AS input_tokens,
    coalesce(sum(output_tokens), 0) AS output_tokens,
    coalesce(sum(input_tokens) + sum(output_tokens), 0) AS total_tokens,
    coalesce(sum(cache_creation_input_tokens), 0) AS cache_creation_input_tokens,
    coalesce(sum(cache_read_input_tokens), 0) AS cache_read_input_tokens,
    coalesce(sum(duration_ms), 0) AS duration_ms_sum,
    count(duration_ms) AS duration_count,
    max(duration_ms) AS duration_ms_max,
    coalesce(sum(tool_call_count), 0) AS tool_call_count,
    min(timestamp) AS first_request_at,
    max(timestamp) AS last_request_at
FROM api_requests
WHERE
    train_id = :train_id
    AND timestamp >= coalesce(:since, '-infinity'::timestamptz)
    AND timestamp < coalesce(:until, 'infinity'::timestamptz);

-- name: list_model_statistics(train_id, since, until, after_request_count, after_model, row_limit)
-- record_class: ModelStatistics
-- Return a page of the counts and sums of a train by model from `since` on and
-- before `until`, most requests first; requests without a model are a row,
-- too. Give the last row's `request_count` and `model` for the next page,
-- which is empty at the end.
-- @param since = NULL
-- @param until = NULL
-- @param after_request_count = NULL
-- @param after_model = NULL
-- @param row_limit = 100
SELECT
    model,
    count(*) AS request_count,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(input_tokens) + sum(output_tokens) AS total_tokens,
    sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
    sum(cache_read_input_tokens) AS cache_read_input_tokens,
    coalesce(sum(duration_ms), 0) AS duration_ms_sum,
    count(duration_ms) AS duration_count,
    sum(tool_call_count) AS tool_call_count
FROM api_requests
WHERE
    train_id = :train_id
    AND timestamp >= coalesce(:since, '-infinity'::timestamptz)
    AND timestamp < coalesce(:until, 'infinity'::timestamptz)
GROUP BY model
HAVING
    :after_request_count::bigint IS NULL
    OR count(*) < :after_request_count
    OR (
        count(*) = :after_request_count
        AND (
            model > :after_model
            OR (:after_model::text IS NULL AND model IS NOT NULL)
        )
    )
ORDER BY request_count DESC, model ASC NULLS FIRST
LIMIT :row_limit;

-- name: list_type_statistics(train_id, since, until, after_request_count, after_request_type, row_limit)
-- record_class: TypeStatistics
-- Return a page of the counts and sums of a train by type of request from
-- `since` on and before `until`, most requests first; requests without a type
-- are a row, too. Give the last row's `request_count` and `request_type` for
-- the next page, which is empty at the end.
-- @param since = NULL
-- @param until = NULL
-- @param after_request_count = NULL
-- @param after_request_type = NULL
-- @param row_limit = 100
SELECT
    request_type,
    count(*) AS request_count,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(input_tokens) + sum(output_tokens) AS total_tokens,
    sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
    sum(cache_read_input_tokens) AS cache_read_input_tokens,
    coalesce(sum(duration_ms), 0) AS duration_ms_sum,
    count(duration_ms) AS duration_count,
    sum(tool_call_count) AS tool_call_count
FROM api_requests
WHERE
    train_id = :train_id
    AND timestamp >= coalesce(:since, '-infinity'::timestamptz)
    AND timestamp < coalesce(:until, 'infinity'::timestamptz)
GROUP BY request_type
HAVING
    :after_request_count::bigint IS NULL
    OR count(*) < :after_request_count
    OR (
        count(*) = :after_request_count
        AND (
            request_type > :after_request_type
            OR (:after_request_type::text IS NULL AND request_type IS NOT NULL)
        )
    )
ORDER BY request_count DESC, request_type ASC NULLS FIRST
LIMIT :row_limit;

-- name: get_dashboard_statistics(train_id, since, until)^
-- record_class: DashboardStatistics
-- Return what a train did from `since` on and before `until`: its requests,
-- how many of them failed and were of sub-tasks, the conversations and
-- branches they belong to, tokens and times; zeros when there was nothing.
-- @param until = NULL
-- Summed up by conversation first: the server counts different values by sorting all.
WITH counted AS (
    SELECT
        conversation_id,
        model,
        count(*) AS request_count,
        count(*) FILTER (WHERE is_subtask) AS subtask_request_count,
        sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
        sum(cache_read_input_tokens) AS cache_read_input_tokens,
        sum(duration_ms) AS duration_ms_sum,
        count(duration_ms) AS duration_count,
        sum(tool_call_count) AS tool_call_count,
        max(timestamp) AS last_request_at
    FROM api_requests
    WHERE
        train_id = :train_id
        AND timestamp >= :since
        AND timestamp < coalesce(:until, 'infinity'::timestamptz)
    GROUP BY conversation_id, model
),

activity AS (
    SELECT
        coalesce(sum(request_count), 0)::bigint AS request_count,
        coalesce(sum(subtask_request_count), 0)::bigint AS subtask_request_count,
        count(DISTINCT conversation_id) AS conversation_count,
        count(DISTINCT model) AS model_count,
        coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
        coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
        coalesce(sum(cache_creation_input_tokens), 0)::bigint
            AS cache_creation_input_tokens,
        coalesce(sum(cache_read_input_tokens), 0)::bigint AS cache_read_input_tokens,
        coalesce(sum(duration_ms_sum), 0)::bigint AS duration_ms_sum,
        coalesce(sum(duration_count), 0)::bigint AS duration_count,
        coalesce(sum(tool_call_count), 0)::bigint AS tool_call_count,
        max(last_request_at) AS last_request_at
    FROM counted
),

failures AS (
    SELECT count(*) AS error_count
    FROM api_requests
    WHERE
        train_id = :train_id
        AND (error IS NOT NULL OR response_status >= 400)
        AND timestamp >= :since
        AND timestamp < coalesce(:until, 'infinity'::timestamptz)
)

SELECT
    activity.request_count,
    failures.error_count,
    activity.conversation_count,
    activity.subtask_request_count,
    activity.model_count,
    activity.input_tokens,
    activity.output_tokens,
    activity.input_tokens + activity.output_tokens AS total_tokens,
    activity.cache_creation_input_tokens,
    activity.cache_read_input_tokens,
    activity.duration_ms_sum,
    activity.duration_count,
    activity.tool_call_count,
    activity.last_request_at
FROM activity
CROSS JOIN failures;

-- name: list_hourly_statistics(since, until, train_id, model, row_limit)
-- record_class: HourlyStatistics
-- Return each hour (UTC) from that of `since` on and before `until`, also
-- those in which nothing happened, of one train or all and one model or all,
-- as of the last refresh; give the last row's `hour` plus an hour as `since`
-- for the next page, which is empty at the end.
-- @param train_id = NULL
-- @param model = NULL
-- @param row_limit = 1000
WITH hours AS (
    SELECT series.hour
    FROM
        generate_series(
            date_trunc('hour', :since::timestamptz, 'UTC'),
            least(
                :until::timestamptz,
                date_trunc('hour', :since::timestamptz, 'UTC')
                + :row_limit::integer * interval '1 hour'
            )
            - interval '1 microsecond',
            interval '1 hour'
        ) AS series (hour)
)

SELECT
    hours.hour,
    coalesce(sum(counted.request_count), 0)::bigint AS request_count,
    coalesce(sum(counted.input_tokens), 0)::bigint AS input_tokens,
    coalesce(sum(counted.output_tokens), 0)::bigint AS output_tokens,
    coalesce(sum(counted.input_tokens) + sum(counted.output_tokens), 0)::bigint
        AS total_tokens,
    coalesce(sum(counted.cache_creation_input_tokens), 0)::bigint
        AS cache_creation_input_tokens,
    coalesce(sum(counted.cache_read_input_tokens), 0)::bigint
        AS cache_read_input_tokens,
    coalesce(sum(counted.duration_ms_sum), 0)::bigint AS duration_ms_sum,
    coalesce(sum(counted.duration_count), 0)::bigint AS duration_count,
    coalesce(sum(counted.tool_call_count), 0)::bigint AS tool_call_count
FROM hours
LEFT JOIN hourly_stats AS counted
    ON
        hours.hour = counted.hour
        AND counted.hour >= date_trunc('hour', :since, 'UTC')
        AND counted.hour < :until
        AND (:train_id::text IS NULL OR counted.train_id = :train_id)
        AND (:model::text IS NULL OR counted.model = :model)
GROUP BY hours.hour
ORDER BY hours.hour
LIMIT :row_limit;

-- name: list_hourly_activity(train_id, since, until, row_limit)
-- record_class: HourlyStatistics
-- Return each hour (UTC) of a train from that of `since` on and before
-- `until`, also those in which nothing happened, counted now; give the last
-- row's `hour` plus an hour as `since` for the next page, which is empty at
-- the end. The first and the last hour are whole ones.
-- @param row_limit = 1000
WITH hours AS (
    SELECT series.hour
    FROM
        generate_series(
            date_trunc('hour', :since::timestamptz, 'UTC'),
            least(
                :until::timestamptz,
                date_trunc('hour', :since::timestamptz, 'UTC')
                + :row_limit::integer * interval '1 hour'
            )
            - interval '1 microsecond',
            interval '1 hour'
        ) AS series (hour)
),

counted AS (
    SELECT
        date_trunc('hour', timestamp, 'UTC') AS hour,
        count(*) AS request_count,
        sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
        sum(cache_read_input_tokens) AS cache_read_input_tokens,
        sum(duration_ms) AS duration_ms_sum,
        count(duration_ms) AS duration_count,
        sum(tool_call_count) AS tool_call_count
    FROM api_requests
    WHERE
        train_id = :train_id
        AND timestamp >= (SELECT min(hours.hour) FROM hours)
        AND timestamp < (SELECT max(hours.hour) + interval '1 hour' FROM hours)
    GROUP BY date_trunc('hour', timestamp, 'UTC')
)

SELECT
    hours.hour,
    coalesce(counted.request_count, 0) AS request_count,
    coalesce(counted.input_tokens, 0) AS input_tokens,
    coalesce(counted.output_tokens, 0) AS output_tokens,
    coalesce(counted.input_tokens + counted.output_tokens, 0) AS total_tokens,
    coalesce(counted.cache_creation_input_tokens, 0) AS cache_creation_input_tokens,
    coalesce(counted.cache_read_input_tokens, 0) AS cache_read_input_tokens,
    coalesce(counted.duration_ms_sum, 0) AS duration_ms_sum,
    coalesce(counted.duration_count, 0) AS duration_count,
    coalesce(counted.tool_call_count, 0) AS tool_call_count
FROM hours
LEFT JOIN counted ON hours.hour = counted.hour
ORDER BY hours.hour
LIMIT :row_limit;

-- name: list_active_trains(since, after_timestamp, after_train_id, row_limit)
-- record_class: ActiveTrain
-- Return a page of the trains with requests since some time, last activity
-- first, whether they are registered or not; give the last row's
-- `last_request_at` and `train_id` for the next page, which is empty at the
-- end.
-- @param since = NULL
-- @param after_timestamp = NULL
-- @param after_train_id = NULL
-- @param row_limit = 100
WITH RECURSIVE train (train_id) AS (
    -- A jump from each train to the next one, however many requests it has.
    (
        SELECT train_id
        FROM api_requests
        ORDER BY train_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        (
            SELECT onward.train_id
            FROM api_requests AS onward
            WHERE onward.train_id > train.train_id
            ORDER BY onward.train_id
            LIMIT 1
        ) AS train_id
    FROM train
    WHERE train.train_id IS NOT NULL
),

active AS (
    SELECT
        train.train_id,
        (
            SELECT newest.timestamp
            FROM api_requests AS newest
            WHERE newest.train_id = train.train_id
            ORDER BY newest.timestamp DESC
            LIMIT 1
        ) AS last_request_at
    FROM train
    WHERE train.train_id IS NOT NULL
)

SELECT
    train_id,
    last_request_at
FROM active
WHERE
    last_request_at >= coalesce(:since, '-infinity'::timestamptz)
    AND (
        last_request_at < coalesce(:after_timestamp, 'infinity'::timestamptz)
        OR (
            last_request_at = :after_timestamp
            AND train_id > :after_train_id
        )
    )
ORDER BY last_request_at DESC, train_id ASC
LIMIT :row_limit;

-- name: refresh_hourly_stats()$
-- Count the requests of all hours anew, while others go on reading the last
-- count, and return the time as of which they are counted. Only the owner of
-- the view may.
SELECT statement_timestamp() AS refreshed_at
FROM refresh_hourly_stats();
