-- Covering indexes for what looks over the requests of a conversation in order; those
-- that they make redundant go.
-- Safe to run again.
-- Locks: SHARE UPDATE EXCLUSIVE on api_requests: nobody waits, but for other changes of
-- the schema. A build takes minutes on millions of requests.
-- datalayer: transaction=off

-- The requests of a conversation in order, and all that its line in a list shows.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_conversation_window
ON api_requests (conversation_id, timestamp, request_id)
INCLUDE (
    domain, branch_id, is_subtask, model, message_count, input_tokens, output_tokens
)
WHERE conversation_id IS NOT NULL;

-- The requests of a branch in order.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_branch_window
ON api_requests (conversation_id, branch_id, timestamp, request_id)
WHERE conversation_id IS NOT NULL;

-- Both begin what the two above begin with.
DROP INDEX CONCURRENTLY IF EXISTS idx_requests_conversation;

DROP INDEX CONCURRENTLY IF EXISTS idx_requests_conversation_branch;

ANALYZE api_requests;
