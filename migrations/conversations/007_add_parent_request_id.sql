-- The request that a request continues; for older ones the last one before, with the
-- messages that it continues, in batches.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, for a moment: the constraints come NOT VALID
-- and are validated while everybody goes on.

ALTER TABLE api_requests ADD COLUMN IF NOT EXISTS parent_request_id uuid;
COMMENT ON COLUMN api_requests.parent_request_id
IS 'The request that this one continues, in the same conversation.';

-- A constraint cannot be added IF NOT EXISTS.
ALTER TABLE api_requests
DROP CONSTRAINT IF EXISTS api_requests_parent_request_id_fkey,
DROP CONSTRAINT IF EXISTS api_requests_parent_is_another;
ALTER TABLE api_requests
ADD CONSTRAINT api_requests_parent_request_id_fkey FOREIGN KEY (parent_request_id)
REFERENCES api_requests (request_id) ON DELETE SET NULL NOT VALID,
ADD CONSTRAINT api_requests_parent_is_another
CHECK (parent_request_id <> request_id) NOT VALID;

CREATE OR REPLACE PROCEDURE backfill_parent_requests(batch_size integer DEFAULT 5000)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    called_at timestamptz := clock_timestamp();
    batch uuid[];
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('parent requests', batch_size, called_at);
        EXIT WHEN batch IS NULL;
        UPDATE api_requests SET parent_request_id = found.parent_id
        FROM (
            SELECT
                child.request_id,
                (
                    SELECT parent.request_id
                    FROM api_requests AS parent
                    WHERE
                        parent.domain = child.domain
                        AND parent.current_message_hash = child.parent_message_hash
                        AND parent.conversation_id = child.conversation_id
                        AND parent.timestamp <= child.timestamp
                        AND parent.request_id <> child.request_id
                    ORDER BY parent.timestamp DESC, parent.request_id DESC
                    LIMIT 1
                ) AS parent_id
            FROM api_requests AS child
            WHERE
                child.request_id = ANY (batch)
                AND child.parent_request_id IS NULL
                AND child.parent_message_hash IS NOT NULL
        ) AS found
        WHERE
            api_requests.request_id = found.request_id
            AND found.parent_id IS NOT NULL;
        GET DIAGNOSTICS changed_rows = ROW_COUNT;
        PERFORM finish_backfill_batch('parent requests', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('parent requests');
END
$procedure$;

-- datalayer: transaction=off
-- What continues a request; its deletion looks for them, too.
CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_requests_parent_request
ON api_requests (parent_request_id, timestamp, request_id)
WHERE parent_request_id IS NOT NULL;

CALL backfill_parent_requests();

DROP PROCEDURE IF EXISTS backfill_parent_requests;

ALTER TABLE api_requests
VALIDATE CONSTRAINT api_requests_parent_request_id_fkey,
VALIDATE CONSTRAINT api_requests_parent_is_another;
