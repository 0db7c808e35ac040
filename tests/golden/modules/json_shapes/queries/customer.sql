-- name: list_customers()
-- record_class: Customer
-- Return all customers with what they bought.
SELECT
    customer.customer_id,
    customer.notes,
    coalesce(
        jsonb_agg(to_jsonb(purchase) ORDER BY purchase.purchase_id)
        FILTER (WHERE purchase.purchase_id IS NOT NULL),
        '[]'
    ) AS purchases,
    jsonb_build_object(
        'name', customer.name,
        'last', max(purchase.bought_at),
        'items', sum(purchase.quantity)
    ) AS summary
FROM customer
LEFT JOIN purchase ON customer.customer_id = purchase.customer_id
GROUP BY customer.customer_id
ORDER BY customer.customer_id;

-- name: get_customer(customer_id)^
-- record_class: Customer
-- Return a customer; a summary knows the first purchase as well.
SELECT
    customer_id,
    notes,
    coalesce(
        (
            SELECT jsonb_agg(purchase ORDER BY purchase_id) AS all_of_them
            FROM purchase
            WHERE purchase.customer_id = customer.customer_id
        ),
        '[]'
    ) AS purchases,
    jsonb_build_object(
        'name', name,
        'last', (
            SELECT max(bought_at) AS bought_at
            FROM purchase
            WHERE purchase.customer_id = customer.customer_id
        ),
        'items', 0,
        'first', (
            SELECT jsonb_build_object('on', bought_at::date, 'price', price) AS first
            FROM purchase
            WHERE purchase.customer_id = customer.customer_id
            ORDER BY bought_at, purchase_id
            LIMIT 1
        )
    ) AS summary
FROM customer
WHERE customer_id = :customer_id;

-- name: get_prices(customer_id)$
-- Return the prices that a customer paid, by purchase.
SELECT jsonb_object_agg(purchase_id, price) AS prices
FROM purchase
WHERE customer_id = :customer_id;

-- name: get_report()$
-- Return keys that Python cannot have as attributes.
SELECT
    json_build_object(
        'class', 1,
        'two words', json_build_array(1, 'a', NULL),
        'a', json_build_object('type', 'int', 'int', 5)
    ) AS report;

-- name: get_maybe()$
-- Return a value of JSON that can be null.
SELECT
    CASE WHEN count(*) > 5 THEN 'null'::jsonb ELSE to_jsonb(count(*)) END AS maybe
FROM customer;

-- name: list_documents()
-- Return documents in an array, and one of which the author knows more.
-- @type known expected.types.Known
SELECT
    array_agg(jsonb_strip_nulls(to_jsonb(purchase))) AS documents,
    jsonb_build_object('a', 1) AS known
FROM purchase
GROUP BY customer_id;

-- name: list_clumsy_names()
-- Return keys whose classes would have one name, and annotations that fill a line.
SELECT
    jsonb_build_object(
        'a b', jsonb_build_object('list', 1),
        'a_b', jsonb_build_object('str', 'x'),
        '__x', jsonb_build_array(),
        'none', jsonb_build_object()
    ) AS document,
    jsonb_build_object(
        'a_key_that_is_rather_long', jsonb_build_array(
            price, jsonb_build_object('a', 1), jsonb_build_array(receipt)
        ),
        'dict', jsonb_agg(notes)
    ) AS another_document_with_a_long_name,
    jsonb_build_array(price, jsonb_build_object('a', 1), jsonb_build_array(receipt)) AS
    list
FROM purchase
INNER JOIN customer ON purchase.customer_id = customer.customer_id
GROUP BY purchase.purchase_id;
