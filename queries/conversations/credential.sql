-- fragment: account_columns
-- The columns of an `Account`.
/*
    id,
    account_id,
    account_name,
    expires_at,
    scopes,
    is_max,
    created_at,
    updated_at
*/

-- name: get_credential(account_id)^
-- record_class: StoredCredential
-- Return the credential of an account, its tokens encrypted; nothing when there is none.
SELECT
    id,
    account_id,
    account_name,
    access_token,
    refresh_token,
    expires_at,
    scopes,
    is_max,
    created_at,
    updated_at
FROM anthropic_credentials
WHERE account_id = :account_id;

-- name: get_train_credential(train_id, account_name)^
-- record_class: StoredCredential
-- Return the credential of an account that a train may use, its tokens encrypted; nothing
-- when there is none, or it is not linked to the train.
SELECT
    credential.id,
    credential.account_id,
    credential.account_name,
    credential.access_token,
    credential.refresh_token,
    credential.expires_at,
    credential.scopes,
    credential.is_max,
    credential.created_at,
    credential.updated_at
FROM anthropic_credentials AS credential
INNER JOIN train_accounts AS link ON credential.id = link.credential_id
WHERE
    link.train_id = :train_id
    AND credential.account_name = :account_name;

-- name: list_accounts(row_limit)
-- record_class: Account
-- Return a page of the accounts that have credentials, without tokens, in the order they
-- were created.
-- @page id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use account_columns
FROM anthropic_credentials
ORDER BY id
LIMIT :row_limit;

-- name: list_train_accounts(train_id, row_limit)
-- record_class: Account
-- Return a page of the accounts that a train may use, without tokens, in the order they
-- were created.
-- @page id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT
    link.credential_id AS id,
    credential.account_id,
    credential.account_name,
    credential.expires_at,
    credential.scopes,
    credential.is_max,
    credential.created_at,
    credential.updated_at
FROM train_accounts AS link
INNER JOIN anthropic_credentials AS credential ON link.credential_id = credential.id
WHERE link.train_id = :train_id
ORDER BY id
LIMIT :row_limit;

-- name: hold_credentials(after_id, row_limit)
-- record_class: HeldTokens
-- Return a page of the tokens of all accounts, encrypted, and keep others from writing
-- them until the end of the transaction.
-- @param row_limit = 100
SELECT
    id,
    account_id,
    access_token,
    refresh_token
FROM anthropic_credentials
WHERE id > :after_id
ORDER BY id
LIMIT :row_limit
FOR NO KEY UPDATE;

-- name: create_credential(account_id, account_name, access_token, refresh_token, expires_at, scopes, is_max)<!
-- record_class: Account
-- Store the credential of an account, its tokens encrypted, and return the account;
-- nothing when the account has one, or another account has the name.
INSERT INTO anthropic_credentials (
    account_id,
    account_name,
    access_token,
    refresh_token,
    expires_at,
    scopes,
    is_max
)
VALUES (
    :account_id,
    :account_name,
    :access_token,
    :refresh_token,
    :expires_at,
    :scopes,
    :is_max
)
ON CONFLICT DO NOTHING
RETURNING NULL; -- @use account_columns

-- name: update_tokens(account_id, access_token, refresh_token, expires_at)<!
-- record_class: Account
-- Store new tokens of an account, encrypted, and return the account; nothing when it has
-- no credential.
UPDATE anthropic_credentials
SET
    access_token = :access_token,
    refresh_token = :refresh_token,
    expires_at = :expires_at
WHERE account_id = :account_id
RETURNING NULL; -- @use account_columns

-- name: update_account(account_id, account_name, scopes, is_max)<!
-- record_class: Account
-- Change what is given of an account and return it; nothing when it has no credential.
-- NULL leaves what is there.
UPDATE anthropic_credentials
SET
    account_name = coalesce(:account_name, account_name),
    scopes = coalesce(:scopes, scopes),
    is_max = coalesce(:is_max, is_max)
WHERE account_id = :account_id
RETURNING NULL; -- @use account_columns

-- name: replace_tokens(credential_id, access_token, refresh_token)!
-- Store tokens that are encrypted anew.
UPDATE anthropic_credentials
SET
    access_token = :access_token,
    refresh_token = :refresh_token
WHERE id = :credential_id;

-- name: delete_credential(account_id)!
-- Delete the credential of an account with its links to trains, and return 1; 0 when it
-- has none.
DELETE FROM anthropic_credentials
WHERE account_id = :account_id;

-- name: link_account(train_id, account_id)!
-- Let a train use an account and return 1; 0 when it may already, and when one of the two
-- is unknown.
INSERT INTO train_accounts (train_id, credential_id)
SELECT
    trains.train_id,
    credential.id AS credential_id
FROM trains
CROSS JOIN anthropic_credentials AS credential
WHERE
    trains.train_id = :train_id
    AND credential.account_id = :account_id
ON CONFLICT (train_id, credential_id) DO NOTHING;

-- name: unlink_account(train_id, account_id)!
-- Take an account from a train and return 1; 0 when the train had not got it.
DELETE FROM train_accounts
USING anthropic_credentials AS credential
WHERE
    train_accounts.credential_id = credential.id
    AND train_accounts.train_id = :train_id
    AND credential.account_id = :account_id;
