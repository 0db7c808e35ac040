-- Requests to a chat-completion API with their responses, chunks of streamed ones, and
-- sums by the hour.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE api_requests (
    request_id uuid NOT NULL,
    timestamp timestamptz NOT NULL,
    domain text NOT NULL,
    method text NOT NULL DEFAULT 'POST',
    path text NOT NULL,
    headers jsonb NOT NULL,
    body jsonb,
    request_type text,
    api_key_hash text,
    model text,
    ip_address inet,
    response_status integer,
    response_headers jsonb,
    response_body jsonb,
    response_streaming boolean NOT NULL DEFAULT FALSE,
    duration_ms integer,
    first_token_ms integer,
    input_tokens integer NOT NULL DEFAULT 0,
    output_tokens integer NOT NULL DEFAULT 0,
    total_tokens bigint NOT NULL
    GENERATED ALWAYS AS (input_tokens::bigint + output_tokens) STORED,
    cache_creation_input_tokens integer NOT NULL DEFAULT 0,
    cache_read_input_tokens integer NOT NULL DEFAULT 0,
    usage_data jsonb,
    tool_call_count integer NOT NULL DEFAULT 0,
    error text,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT api_requests_pkey PRIMARY KEY (request_id),
    CONSTRAINT api_requests_duration CHECK (duration_ms >= 0),
    CONSTRAINT api_requests_first_token CHECK (first_token_ms >= 0),
    CONSTRAINT api_requests_counts CHECK (
        input_tokens >= 0
        AND output_tokens >= 0
        AND cache_creation_input_tokens >= 0
        AND cache_read_input_tokens >= 0
        AND tool_call_count >= 0
    )
);
COMMENT ON TABLE api_requests IS 'What was asked of the API, and what came back.';
COMMENT ON COLUMN api_requests.api_key_hash IS 'SHA-256 of the key, as hexadecimal.';
COMMENT ON COLUMN api_requests.first_token_ms IS 'Until the first part of the answer.';
COMMENT ON COLUMN api_requests.usage_data IS 'The usage as the API told it, whole.';
CREATE INDEX idx_requests_timestamp ON api_requests (timestamp);
CREATE INDEX idx_requests_domain ON api_requests (domain);

CREATE TABLE streaming_chunks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    request_id uuid NOT NULL,
    chunk_index integer NOT NULL,
    timestamp timestamptz NOT NULL DEFAULT now(),
    data text NOT NULL,
    token_count integer NOT NULL DEFAULT 0,
    CONSTRAINT streaming_chunks_pkey PRIMARY KEY (id),
    CONSTRAINT streaming_chunks_request_id_fkey FOREIGN KEY (request_id)
    REFERENCES api_requests (request_id) ON DELETE CASCADE,
    CONSTRAINT streaming_chunks_request_id_chunk_index_key
    UNIQUE (request_id, chunk_index),
    CONSTRAINT streaming_chunks_chunk_index CHECK (chunk_index >= 0),
    CONSTRAINT streaming_chunks_token_count CHECK (token_count >= 0)
);
COMMENT ON TABLE streaming_chunks IS 'The parts of a streamed answer, from 0 on.';

-- Sums and counts, from which averages over any number of hours can be formed.
CREATE MATERIALIZED VIEW hourly_stats AS
SELECT
    date_trunc('hour', timestamp, 'UTC') AS hour,
    domain,
    model,
    count(*) AS request_count,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cache_creation_input_tokens) AS cache_creation_input_tokens,
    sum(cache_read_input_tokens) AS cache_read_input_tokens,
    sum(duration_ms) AS duration_ms_sum,
    count(duration_ms) AS duration_count,
    sum(tool_call_count) AS tool_call_count
FROM api_requests
GROUP BY 1, 2, 3;
COMMENT ON MATERIALIZED VIEW hourly_stats IS 'Requests by the hour (UTC) and model.';
-- REFRESH … CONCURRENTLY compares the rows by it, those without a model too.
CREATE UNIQUE INDEX hourly_stats_key
ON hourly_stats (hour, domain, model) NULLS NOT DISTINCT;

-- Readers go on reading while it runs. It needs the owner of the view.
CREATE FUNCTION refresh_hourly_stats() RETURNS void
LANGUAGE plpgsql
AS $function$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY hourly_stats;
END
$function$;
