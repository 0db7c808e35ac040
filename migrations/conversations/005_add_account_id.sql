-- Which account paid for a request; for older ones by their domain, in batches.
-- The mapping is of those who run this: create and fill domain_accounts before, or fill
-- it later and `CALL backfill_account_ids()`. Only requests without an account change.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, for a moment; the batches lock the requests
-- that they change.

ALTER TABLE api_requests ADD COLUMN IF NOT EXISTS account_id text;
COMMENT ON COLUMN api_requests.account_id IS 'The account whose tokens were used.';

CREATE TABLE IF NOT EXISTS domain_accounts (
    domain text NOT NULL,
    account_id text NOT NULL,
    CONSTRAINT domain_accounts_pkey PRIMARY KEY (domain)
);
COMMENT ON TABLE domain_accounts IS 'The account of a domain, for older requests.';

CREATE OR REPLACE PROCEDURE backfill_account_ids(batch_size integer DEFAULT 10000)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    called_at timestamptz := clock_timestamp();
    batch uuid[];
    changed_rows bigint;
BEGIN
    LOOP
        batch := next_backfill_batch('account ids', batch_size, called_at);
        EXIT WHEN batch IS NULL;
        UPDATE api_requests SET account_id = domain_accounts.account_id
        FROM domain_accounts
        WHERE
            api_requests.request_id = ANY (batch)
            AND api_requests.account_id IS NULL
            AND domain_accounts.domain = api_requests.domain;
        GET DIAGNOSTICS changed_rows = ROW_COUNT;
        PERFORM finish_backfill_batch('account ids', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('account ids');
END
$procedure$;

-- datalayer: transaction=off
CALL backfill_account_ids();
