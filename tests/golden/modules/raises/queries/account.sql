-- name: create_account(email, balance, settings)<!
-- record_class: Account
-- Store an account and return it.
-- @raises account_pkey AlreadyRegistered
-- @raises idx_account_email_lower AlreadyRegistered
-- @raises account_balance_check BalanceTooLow
INSERT INTO account (email, balance, settings)
VALUES (:email, :balance, :settings)
RETURNING email, balance;

-- name: change_account(email, balance, settings)!
-- Change what is given.
-- @raises account_balance_check BalanceTooLow
UPDATE account
SET
    balance = :balance, -- @optional
    settings = :settings -- @optional
WHERE email = :email;
