-- The hash of the system prompt, apart from that of the messages: a client changes the
-- prompt in the middle of a conversation. Older requests have none.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, for a moment.

ALTER TABLE api_requests ADD COLUMN IF NOT EXISTS system_hash character(64);
COMMENT ON COLUMN api_requests.system_hash IS 'SHA-256 of the system prompt.';
