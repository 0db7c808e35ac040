-- Covering indexes for sums over a span of time, of an account and of a domain; those
-- that they make redundant go.
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

-- The requests of a domain in order, the conversations they belong to, and what it did.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_domain_usage
ON api_requests (domain, timestamp, request_id)
INCLUDE (
    conversation_id,
    is_subtask,
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

-- What it begins with.
DROP INDEX CONCURRENTLY IF EXISTS idx_requests_domain_timestamp;

-- Nothing reads the requests of all domains by their time, and for a large domain the
-- server would take it for a shorter way to the newest requests.
DROP INDEX CONCURRENTLY IF EXISTS idx_requests_timestamp;

-- Whether an account took part in a conversation. Equal keys are stored once.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_conversation_account
ON api_requests (conversation_id, account_id)
WHERE conversation_id IS NOT NULL AND account_id IS NOT NULL;

-- What went wrong, which is little.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_errors
ON api_requests (domain, timestamp, request_id)
WHERE error IS NOT NULL OR response_status >= 400;

-- A vacuum after each fiftieth of the requests, not each fifth: until there was one, the
-- newest requests are read in the table, too, and those are what lists begin with.
ALTER TABLE api_requests SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);

ANALYZE api_requests;
