-- A domain becomes a train: a team, which may use several domains. The names change, the
-- data stays as it is.
-- Safe to run again.
-- Locks: ACCESS EXCLUSIVE on api_requests, hourly_stats, conversation_analyses,
-- analysis_audit_log and domain_accounts, for a moment: names are all that changes. What
-- runs at that time must know the new names.

DO $do$
DECLARE
    relation text;
    old_name text;
BEGIN
    FOREACH relation IN ARRAY ARRAY[
        'api_requests',
        'hourly_stats',
        'conversation_analyses',
        'analysis_audit_log',
        'domain_accounts'
    ] LOOP
        IF EXISTS (
            SELECT FROM pg_catalog.pg_attribute
            WHERE
                attrelid = to_regclass(relation)
                AND attname = 'domain'
                AND NOT attisdropped
        ) THEN
            -- ALTER TABLE renames the columns of materialised views, too.
            EXECUTE format('ALTER TABLE %I RENAME COLUMN domain TO train_id', relation);
        END IF;
    END LOOP;
    IF to_regclass('domain_accounts') IS NOT NULL THEN
        ALTER TABLE domain_accounts RENAME TO train_default_accounts;
        ALTER TABLE train_default_accounts
        RENAME CONSTRAINT domain_accounts_pkey TO train_default_accounts_pkey;
    END IF;
    -- From PostgreSQL 18 on NOT NULL has a name, made of those of table and column.
    FOR relation, old_name IN
        SELECT conrelid::regclass::text, conname
        FROM pg_catalog.pg_constraint
        WHERE
            contype = 'n'
            AND conname ~ '(^|_)domain_'
            AND conrelid IN (
                to_regclass('api_requests'),
                to_regclass('conversation_analyses'),
                to_regclass('train_default_accounts')
            )
    LOOP
        EXECUTE format(
            'ALTER TABLE %s RENAME CONSTRAINT %I TO %I',
            relation,
            old_name,
            replace(
                replace(old_name, 'domain_accounts_', 'train_default_accounts_'),
                'domain_not_null',
                'train_id_not_null'
            )
        );
    END LOOP;
END
$do$;
COMMENT ON TABLE train_default_accounts
IS 'The account of a train, for requests without one.';

ALTER INDEX IF EXISTS idx_requests_domain_usage RENAME TO idx_requests_train_usage;
ALTER INDEX IF EXISTS idx_analyses_domain RENAME TO idx_analyses_train;
ALTER INDEX IF EXISTS idx_analysis_audit_domain RENAME TO idx_analysis_audit_train;

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
        UPDATE api_requests SET account_id = train_default_accounts.account_id
        FROM train_default_accounts
        WHERE
            api_requests.request_id = ANY (batch)
            AND api_requests.account_id IS NULL
            AND train_default_accounts.train_id = api_requests.train_id;
        GET DIAGNOSTICS changed_rows = ROW_COUNT;
        PERFORM finish_backfill_batch('account ids', batch, changed_rows);
        COMMIT;
    END LOOP;
    PERFORM finish_backfill('account ids');
END
$procedure$;
