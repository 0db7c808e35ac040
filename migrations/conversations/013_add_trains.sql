-- Trains, the accounts that they may use in turn, and the keys of their clients.
-- Trains that have requests already are entered.
-- Locks: creates new relations only; nothing that exists is locked.

CREATE TABLE trains (
    id bigint GENERATED ALWAYS AS IDENTITY,
    train_id text NOT NULL,
    name text NOT NULL,
    description text,
    slack_webhook_url text,
    slack_channel text,
    slack_username text,
    slack_icon_emoji text,
    slack_enabled boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trains_pkey PRIMARY KEY (id),
    CONSTRAINT trains_train_id_key UNIQUE (train_id),
    CONSTRAINT trains_train_id_given CHECK (train_id <> ''),
    -- Who knows it can write to the channel.
    CONSTRAINT trains_slack_webhook_url_encrypted
    CHECK (slack_webhook_url ~ '^gAAAAA[A-Za-z0-9_-]{92,}={0,2}$')
);
COMMENT ON TABLE trains IS 'Teams that share keys, accounts and conversations.';
COMMENT ON COLUMN trains.train_id IS 'The name in addresses and requests (a slug).';
COMMENT ON COLUMN trains.slack_webhook_url IS 'Encrypted.';
CREATE TRIGGER trains_touch
BEFORE UPDATE ON trains
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE anthropic_credentials (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id text NOT NULL,
    account_name text NOT NULL,
    access_token text NOT NULL,
    refresh_token text NOT NULL,
    expires_at timestamptz NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    is_max boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT anthropic_credentials_pkey PRIMARY KEY (id),
    CONSTRAINT anthropic_credentials_account_id_key UNIQUE (account_id),
    CONSTRAINT anthropic_credentials_account_name_key UNIQUE (account_name),
    CONSTRAINT anthropic_credentials_scopes_given
    CHECK (array_position(scopes, NULL) IS NULL),
    -- How a Fernet token looks, 73 bytes or more: what is not encrypted is refused.
    CONSTRAINT anthropic_credentials_tokens_encrypted CHECK (
        access_token ~ '^gAAAAA[A-Za-z0-9_-]{92,}={0,2}$'
        AND refresh_token ~ '^gAAAAA[A-Za-z0-9_-]{92,}={0,2}$'
    )
);
COMMENT ON TABLE anthropic_credentials IS 'OAuth tokens of accounts, encrypted.';
CREATE TRIGGER anthropic_credentials_touch
BEFORE UPDATE ON anthropic_credentials
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TABLE train_accounts (
    train_id text NOT NULL,
    credential_id bigint NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT train_accounts_pkey PRIMARY KEY (train_id, credential_id),
    CONSTRAINT train_accounts_train_id_fkey FOREIGN KEY (train_id)
    REFERENCES trains (train_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT train_accounts_credential_id_fkey FOREIGN KEY (credential_id)
    REFERENCES anthropic_credentials (id) ON DELETE CASCADE
);
COMMENT ON TABLE train_accounts IS 'Which accounts a train may use.';
CREATE INDEX idx_train_accounts_credential ON train_accounts (credential_id);

CREATE TABLE train_api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY,
    train_id text NOT NULL,
    key_hash character(64) NOT NULL,
    key_prefix text NOT NULL,
    key_suffix text NOT NULL,
    name text,
    created_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    CONSTRAINT train_api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT train_api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT train_api_keys_key_hash_hexadecimal
    CHECK (key_hash ~ '^[0-9a-f]{64}$'),
    -- What people tell keys apart by, never a whole key.
    CONSTRAINT train_api_keys_parts_short
    CHECK (length(key_prefix) <= 16 AND length(key_suffix) <= 8),
    CONSTRAINT train_api_keys_train_id_fkey FOREIGN KEY (train_id)
    REFERENCES trains (train_id) ON UPDATE CASCADE ON DELETE CASCADE,
    CONSTRAINT train_api_keys_revoked
    CHECK (revoked_at IS NOT NULL OR revoked_by IS NULL)
);
COMMENT ON TABLE train_api_keys IS 'Keys of clients: never themselves, only SHA-256.';
CREATE INDEX idx_train_api_keys_train ON train_api_keys (train_id, id);

-- One step over the index for each train, however many requests it has.
INSERT INTO trains (train_id, name)
WITH RECURSIVE known (train_id) AS (
    (
        SELECT train_id
        FROM api_requests
        ORDER BY train_id
        LIMIT 1
    )
    UNION ALL
    SELECT
        (
            SELECT api_requests.train_id
            FROM api_requests
            WHERE api_requests.train_id > known.train_id
            ORDER BY api_requests.train_id
            LIMIT 1
        )
    FROM known
    WHERE known.train_id IS NOT NULL
)

SELECT
    train_id,
    train_id AS name
FROM known
WHERE train_id <> ''
ORDER BY train_id;
