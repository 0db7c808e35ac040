-- Covering indexes for sums over a span of time: of an account, of a domain, of all.
-- Safe to run again.
-- Locks: SHARE UPDATE EXCLUSIVE on api_requests: nobody waits, but for other changes of
-- the schema. A build takes minutes on millions of requests.
-- datalayer: transaction=off

-- The tokens that an account used.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_account_usage
ON api_requests (account_id, timestamp)
INCLUDE (
    domain,
    model,
    input_tokens,
    output_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens
)
WHERE account_id IS NOT NULL;

-- What a domain did.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_domain_usage
ON api_requests (domain, timestamp)
INCLUDE (
    model,
    request_type,
    response_status,
    duration_ms,
    input_tokens,
    output_tokens,
    cache_creation_input_tokens,
    cache_read_input_tokens,
    tool_call_count
);

-- What went wrong, which is little.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_errors
ON api_requests (domain, timestamp, request_id)
WHERE error IS NOT NULL OR response_status >= 400;

ANALYZE api_requests;
