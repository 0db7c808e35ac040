-- Answers by what they contain: the summary that a continued conversation begins with.
-- Safe to run again.
-- Locks: SHARE UPDATE EXCLUSIVE on api_requests: nobody waits, but for other changes of
-- the schema. The build takes long: minutes for each gigabyte of answers.
-- datalayer: transaction=off

-- One is enough: jsonb_path_ops finds whole members, and is a third of the other's size.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_response_body
ON api_requests USING gin (response_body jsonb_path_ops)
WHERE response_body IS NOT NULL;
