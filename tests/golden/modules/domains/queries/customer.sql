-- name: list_customers()
-- record_class: Customer
-- Return all customers by id.
SELECT
    id,
    email,
    work,
    price,
    shop_price,
    opening,
    flag,
    document,
    names,
    owner,
    emails
FROM customer
ORDER BY id;

-- name: list_emails(given)
-- Return what is of the domain in other ways than as a column.
WITH known AS (
    SELECT email AS address FROM customer
    UNION
    SELECT work::email_address FROM customer
)

SELECT
    address,
    coalesce(address, 'a@b'::email_address) AS certain,
    lower(address) AS plain,
    :given::email_address AS given
FROM known
ORDER BY address;

-- name: get_email(id)$
-- Return the address of a customer.
SELECT email FROM customer WHERE id = :id;

-- name: create_customer(id, email, work, emails, owner)<!
-- Add a customer.
-- @param work = 'none@example.org'
INSERT INTO customer (id, email, work, emails, owner)
VALUES (:id, :email, :work, :emails, :owner)
RETURNING id, email, emails;

-- name: find_customer(email)^
-- Return the customer of an address, which is compared as a text.
SELECT id FROM customer WHERE email = :email LIMIT 1;
