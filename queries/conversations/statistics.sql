-- fragment: sums
-- What is counted of the requests of a group.
/*
count(*) AS request_count,
sum(input_tokens) AS input_tokens,
sum(output_tokens) AS output_tokens,
sum(input_tokens) + sum(output_tokens) AS total_tokens,
sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
sum(cache_read_input_tokens) AS cache_read_input_tokens,
coalesce(sum(duration_ms), 0) AS duration_ms_sum,
count(duration_ms) AS duration_count,
sum(tool_call_count) AS tool_call_count
*/

-- fragment: within(train_id, since, until)
-- The requests of a train in a time that need not have a beginning or an end.
/*
train_id = :train_id
AND timestamp >= :since -- @optional
AND timestamp < :until -- @optional
*/

-- fragment: hours(since, until, after, row_limit)
-- The hours (UTC) of a page: from the one of `since` on, or the one behind `after`.
/*
SELECT series.hour
FROM (
    SELECT
        greatest(
            date_trunc('hour', :since::timestamptz, 'UTC'),
            date_trunc('hour', :after::timestamptz, 'UTC') + interval '1 hour'
        ) AS hour
) AS first
CROSS JOIN
    LATERAL generate_series(
        first.hour,
        least(
            :until::timestamptz,
            first.hour + :row_limit::integer * interval '1 hour'
        ) - interval '1 microsecond',
        interval '1 hour'
    ) AS series (hour)
*/

-- name: get_statistics(train_id, since, until)^
-- record_class: Statistics
-- Return the counts and sums of the requests of a train from `since` on and
-- before `until`; zeros when there are none. An average duration is
-- `duration_ms_sum / duration_count`.
SELECT
    count(*) AS request_count,
    (
        SELECT count(*) AS error_count
        FROM api_requests AS failed
        WHERE
            failed.train_id = :train_id
            AND (failed.error IS NOT NULL OR failed.response_status >= 400)
            AND failed.timestamp >= :since -- @optional
            AND failed.timestamp < :until -- @optional
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
    FALSE; -- @use within(:train_id, :since, :until)

-- name: list_model_statistics(train_id, since, until, after_request_count, after_model, row_limit)
-- record_class: ModelStatistics
-- Return a page of the counts and sums of a train by model from `since` on and
-- before `until`, most requests first; requests without a model are a row,
-- too. Give the last row's `request_count` and `model` for the next page,
-- which is empty at the end.
-- @param after_model null
-- @param row_limit = 100
SELECT
    model,
    NULL -- @use sums
FROM api_requests
WHERE
    FALSE -- @use within(:train_id, :since, :until)
GROUP BY model
HAVING
    (
        count(*) < :after_request_count
        OR (
            count(*) = :after_request_count
            AND (
                model > :after_model
                OR (:after_model::text IS NULL AND model IS NOT NULL)
            )
        )
    ) -- @optional
ORDER BY request_count DESC, model ASC NULLS FIRST
LIMIT :row_limit;

-- name: list_type_statistics(train_id, since, until, after_request_count, after_request_type, row_limit)
-- record_class: TypeStatistics
-- Return a page of the counts and sums of a train by type of request from
-- `since` on and before `until`, most requests first; requests without a type
-- are a row, too. Give the last row's `request_count` and `request_type` for
-- the next page, which is empty at the end.
-- @param after_request_type null
-- @param row_limit = 100
SELECT
    request_type,
    NULL -- @use sums
FROM api_requests
WHERE
    FALSE -- @use within(:train_id, :since, :until)
GROUP BY request_type
HAVING
    (
        count(*) < :after_request_count
        OR (
            count(*) = :after_request_count
            AND (
                request_type > :after_request_type
                OR (:after_request_type::text IS NULL AND request_type IS NOT NULL)
            )
        )
    ) -- @optional
ORDER BY request_count DESC, request_type ASC NULLS FIRST
LIMIT :row_limit;

-- name: get_dashboard_statistics(train_id, since, until)^
-- record_class: DashboardStatistics
-- Return what a train did from `since` on and before `until`: its requests,
-- how many of them failed and were of sub-tasks, the conversations and
-- branches they belong to, tokens and times; zeros when there was nothing.
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
        AND timestamp < :until -- @optional
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
        AND timestamp < :until -- @optional
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

-- name: list_hourly_statistics(since, until, train_id, model, after, row_limit)
-- record_class: HourlyStatistics
-- Return each hour (UTC) from that of `since` on and before `until`, also
-- those in which nothing happened, of one train or all and one model or all,
-- as of the last refresh; give the last row's `hour` as `after` for the next
-- page, which is empty at the end.
-- @param after = NULL
-- @param row_limit = 1000
WITH hours AS (
    SELECT NULL -- @use hours(:since, :until, :after, :row_limit)
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
        AND counted.hour >= (SELECT min(shown.hour) FROM hours AS shown)
        AND counted.hour <= (SELECT max(shown.hour) FROM hours AS shown)
        AND counted.train_id = :train_id -- @optional
        AND counted.model = :model -- @optional
GROUP BY hours.hour
ORDER BY hours.hour
LIMIT :row_limit;

-- name: list_hourly_activity(train_id, since, until, after, row_limit)
-- record_class: HourlyStatistics
-- Return each hour (UTC) of a train from that of `since` on and before
-- `until`, also those in which nothing happened, counted now; give the last
-- row's `hour` as `after` for the next page, which is empty at the end. The
-- first and the last hour are whole ones.
-- @param after = NULL
-- @param row_limit = 1000
WITH hours AS (
    SELECT NULL -- @use hours(:since, :until, :after, :row_limit)
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

-- name: list_active_trains(since, row_limit)
-- record_class: ActiveTrain
-- Return a page of the trains with requests, or with requests since some
-- time, last activity first, whether they are registered or not.
-- @page last_request_at DESC, train_id
-- @param row_limit = 100
-- @param row_limit max 1000
-- @allow uncertain-page-keys: each jump leads to another train
-- @allow page-without-index: there are few trains, each found by a jump
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
    last_request_at IS NOT NULL
    AND last_request_at >= :since -- @optional
ORDER BY last_request_at DESC, train_id ASC
LIMIT :row_limit;

-- name: refresh_hourly_stats()$
-- Count the requests of all hours anew, while others go on reading the last
-- count, and return the time as of which they are counted. Only the owner of
-- the view may.
SELECT statement_timestamp() AS refreshed_at
FROM refresh_hourly_stats();
