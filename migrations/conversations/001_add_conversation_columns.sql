-- Which conversation a request belongs to, found by the hashes of its messages.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, for a moment: constant defaults write no row,
-- and a CHECK comes NOT VALID, to be validated while everybody goes on.

ALTER TABLE api_requests
-- 64 hexadecimal digits: one column shorter, and no request is stored any more.
ADD COLUMN IF NOT EXISTS current_message_hash character(64),
ADD COLUMN IF NOT EXISTS parent_message_hash character(64),
ADD COLUMN IF NOT EXISTS conversation_id uuid,
ADD COLUMN IF NOT EXISTS branch_id text NOT NULL DEFAULT 'main',
ADD COLUMN IF NOT EXISTS message_count integer NOT NULL DEFAULT 0;

COMMENT ON COLUMN api_requests.current_message_hash IS 'SHA-256 of all its messages.';
COMMENT ON COLUMN api_requests.parent_message_hash
IS 'SHA-256 of its messages but the last two: the current hash of its parent.';

ALTER TABLE api_requests DROP CONSTRAINT IF EXISTS api_requests_message_count;
ALTER TABLE api_requests
ADD CONSTRAINT api_requests_message_count CHECK (message_count >= 0) NOT VALID;

-- datalayer: transaction=off
ALTER TABLE api_requests VALIDATE CONSTRAINT api_requests_message_count;
