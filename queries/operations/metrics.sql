-- name: get_metrics()^
-- record_class: StoredMetrics
-- Return the row of metrics; nothing before the first measurement.
SELECT
    payload,
    updated_at
FROM assistly_metrics
WHERE id = 1;

-- name: increment_counter(name, amount)$
-- Add to a counter, which begins at 0, and return what it is now. Of a fraction that
-- somebody else stored there the whole part counts, and anything but a number is 0.
-- @param amount = 1
INSERT INTO assistly_metrics AS metrics (id, payload)
VALUES (
    1,
    jsonb_build_object('counters', jsonb_build_object(:name::text, :amount::bigint))
)
ON CONFLICT (id) DO UPDATE
    SET
        payload
        = CASE jsonb_typeof(metrics.payload)
            WHEN 'object' THEN metrics.payload
            ELSE '{}'
        END
        || jsonb_build_object(
            'counters',
            CASE jsonb_typeof(metrics.payload -> 'counters')
                WHEN 'object' THEN metrics.payload -> 'counters'
                ELSE '{}'
            END
            || jsonb_build_object(
                :name,
                CASE jsonb_typeof(metrics.payload -> 'counters' -> :name)
                    WHEN 'number'
                        THEN trunc((metrics.payload -> 'counters' -> :name)::numeric)
                    ELSE 0
                END::bigint
                + :amount
            )
        ),
        updated_at = clock_timestamp()
RETURNING (metrics.payload -> 'counters' ->> :name)::bigint AS counter;

-- name: observe_latency(name, milliseconds)!
-- Add a measurement to the count, the total and the maximum of a latency. What somebody
-- else stored there that is not a number counts as nothing.
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
        payload
        = CASE jsonb_typeof(metrics.payload)
            WHEN 'object' THEN metrics.payload
            ELSE '{}'
        END
        || jsonb_build_object(
            'latencies',
            CASE jsonb_typeof(metrics.payload -> 'latencies')
                WHEN 'object' THEN metrics.payload -> 'latencies'
                ELSE '{}'
            END
            || jsonb_build_object(
                :name,
                jsonb_build_object(
                    'count',
                    CASE jsonb_typeof(
                        metrics.payload -> 'latencies' -> :name -> 'count'
                    )
                        WHEN 'number'
                            THEN trunc(
                                (
                                    metrics.payload -> 'latencies' -> :name -> 'count'
                                )::numeric
                            )
                        ELSE 0
                    END
                    + 1,
                    'total',
                    CASE jsonb_typeof(
                        metrics.payload -> 'latencies' -> :name -> 'total'
                    )
                        WHEN 'number'
                            THEN (
                                metrics.payload -> 'latencies' -> :name -> 'total'
                            )::numeric
                        ELSE 0
                    END
                    + :milliseconds,
                    'max',
                    CASE jsonb_typeof(metrics.payload -> 'latencies' -> :name -> 'max')
                        WHEN 'number'
                            THEN greatest(
                                (
                                    metrics.payload -> 'latencies' -> :name -> 'max'
                                )::numeric,
                                :milliseconds
                            )
                        ELSE :milliseconds
                    END
                )
            )
        ),
        updated_at = clock_timestamp();
