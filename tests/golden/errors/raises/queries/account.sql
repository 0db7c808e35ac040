-- name: create_account(email)!
-- Name a constraint that is not there.
-- @raises account_pky AlreadyRegistered
INSERT INTO account (email, balance)
VALUES (:email, 0);

-- name: delete_account(email)!
-- Name nothing that is a class.
-- @raises account_pkey already_registered
DELETE FROM account
WHERE email = :email;

-- name: forget_account(email)!
-- Forget the class.
-- @raises account_pkey
DELETE FROM account
WHERE email = :email;
