-- name: list_customers()
-- record_class: Customer
-- Return all customers by id.
-- @type profile expected.types.Profile
-- @type home expected.types.Address validated
-- @type settings expected.types.Settings
-- @type visits[] expected.types.Visit
-- @column visits[] not null
-- @type orders expected.types.Orders
SELECT
    id,
    profile,
    home,
    settings,
    visits,
    orders,
    notes
FROM customer
ORDER BY id;

-- name: get_settings(id)$
-- Return the settings of a customer.
-- @type settings expected.types.Settings
SELECT settings FROM customer WHERE id = :id;

-- name: count_matching(profile, visits)$
-- Return the number of customers with a profile and some visits.
-- @type profile expected.types.Profile
-- @type visits[] expected.types.Visit
SELECT count(*) FROM customer WHERE profile = :profile AND visits @> :visits;

-- name: create_customers(id, profile, home, settings, visits, orders)*!
-- Create customers.
-- @type profile expected.types.Profile
-- @type home expected.types.Address
-- @type settings expected.types.Settings
-- @type visits[] expected.types.Visit
-- @param visits[] null
-- @type orders expected.types.Orders
INSERT INTO customer (id, profile, home, settings, visits, orders)
VALUES (:id, :profile, :home, :settings, :visits, :orders);

-- name: change_orders(id, orders)<!
-- Change the orders of a customer, and return what is stored then.
-- @type orders expected.types.Orders
UPDATE customer SET orders = :orders WHERE id = :id
RETURNING orders, home;
