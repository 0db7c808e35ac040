-- Indexes for the lists of requests and conversations, and for finding a parent.
-- Safe to run again.
-- Locks: SHARE UPDATE EXCLUSIVE on api_requests: nobody waits, but for other changes of
-- the schema. A build takes minutes on millions of requests.
-- datalayer: transaction=off

-- The requests of a domain, newest first, and which conversations they belong to.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_domain_timestamp
ON api_requests (domain, timestamp, request_id)
INCLUDE (conversation_id);

-- A parent is found by the hash of all its messages; its other children by theirs.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_current_hash
ON api_requests (domain, current_message_hash, timestamp, request_id)
WHERE current_message_hash IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_parent_hash
ON api_requests (domain, parent_message_hash, timestamp, request_id)
WHERE parent_message_hash IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_conversation
ON api_requests (conversation_id)
WHERE conversation_id IS NOT NULL;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_conversation_branch
ON api_requests (conversation_id, branch_id)
WHERE conversation_id IS NOT NULL;

-- The index on the domain and the time begins with it.
DROP INDEX CONCURRENTLY IF EXISTS idx_requests_domain;

ANALYZE api_requests;

ANALYZE streaming_chunks;
