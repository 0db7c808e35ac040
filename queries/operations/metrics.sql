-- name: get_metrics()^
-- record_class: StoredMetrics
-- Return the row of metrics; nothing before the first measurement.
SELECT
    payload,
    updated_at
FROM assistly_metrics
WHERE id = 1;

-- name: increment_counter(name, amount)$
-- Add to a counter, which begins at 0, and return what it is now.
-- @param amount = 1
INSERT INTO assistly_metrics AS metrics (id, payload)
VALUES (
    1,
    jsonb_build_object('counters', jsonb_build_object(:name::text, :amount::bigint))
)
ON CONFLICT (id) DO UPDATE
    SET
        payload = metrics.payload || jsonb_build_object(
            'counters',
            CASE
                WHEN jsonb_typeof(metrics.payload -> 'counters') = 'object'
                    THEN metrics.payload -> 'counters'
                ELSE '{}'
            END
            || jsonb_build_object(
                :name,
                coalesce((metrics.payload -> 'counters' ->> :name)::bigint, 0) + :amount
            )
        ),
        updated_at = clock_timestamp()
RETURNING (metrics.payload -> 'counters' ->> :name)::bigint AS counter;

-- name: observe_latency(name, milliseconds)!
-- Add a measurement to the count, the total and the maximum of a latency.
INSERT INTO assistly_metrics AS metrics (id, payload)
VALUES (
    1,
    jsonb_build_object(
        'latencies',
        jsonb_build_object(
            :name::text,
            jsonb_build_object(
                'count', 1,
                'total', :milliseconds::numeric,
                'max', :milliseconds
            )
        )
    )
)
ON CONFLICT (id) DO UPDATE
    SET
        payload = metrics.payload || jsonb_build_object(
            'latencies',
            CASE
                WHEN jsonb_typeof(metrics.payload -> 'latencies') = 'object'
                    THEN metrics.payload -> 'latencies'
                ELSE '{}'
            END
            || jsonb_build_object(
                :name,
                jsonb_build_object(
                    'count',
                    coalesce(
                        (
                            metrics.payload #>> ARRAY['latencies', :name, 'count']
                        )::bigint,
                        0
                    ) + 1,
                    'total',
                    coalesce(
                        (
                            metrics.payload #>> ARRAY['latencies', :name, 'total']
                        )::numeric,
                        0
                    ) + :milliseconds,
                    'max',
                    greatest(
                        (metrics.payload #>> ARRAY['latencies', :name, 'max'])::numeric,
                        :milliseconds
                    )
                )
            )
        ),
        updated_at = clock_timestamp();
