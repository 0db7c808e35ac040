CREATE TABLE account (
    email text CONSTRAINT account_pkey PRIMARY KEY,
    balance integer NOT NULL CONSTRAINT account_balance_check CHECK (balance >= 0),
    settings jsonb NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX idx_account_email_lower ON account (lower(email));
