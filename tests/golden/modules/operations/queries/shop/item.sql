-- name: list_items(min_id)
-- record_class: Item
-- Return the items from an id on, by id.
SELECT
    id,
    name,
    price
FROM item
WHERE id >= :min_id
ORDER BY id;

-- name: get_item(id)^
-- record_class: Item
-- Return an item, if there is one.
SELECT
    id,
    name,
    price
FROM item
WHERE id = :id;

-- name: get_totals()^
-- Return the number of items and the sum of their prices.
SELECT
    count(*) AS items,
    sum(price) AS price
FROM item;

-- name: count_items()$
-- Return the number of items.
SELECT count(*) AS items FROM item;

-- name: get_highest_price()$
-- Return the highest price, or NULL without items.
SELECT max(price) AS price FROM item;

-- name: get_name(id)$
-- Return the name of an item; it is never NULL.
SELECT name FROM item WHERE id = :id;

-- name: get_price(id)$
-- Return the price of an item, which may be NULL or missing.
SELECT price FROM item WHERE id = :id;

-- name: rename_item(id, name)!
-- Rename an item.
UPDATE item SET name = :name WHERE id = :id;

-- name: create_item(name, price)<!
-- Create an item and return what the database made of it.
INSERT INTO item (name, price) VALUES (:name, :price)
RETURNING
    id,
    added_at;

-- name: reprice_item(id, price)<!
-- Change the price of an item and return the item, if there is one.
UPDATE item SET price = :price
WHERE id = :id
RETURNING
    id,
    name;

-- name: add_items(name, price)*!
-- Create items.
INSERT INTO item (name, price) VALUES (:name, :price);

-- name: refresh_statistics()#
-- Let the planner know what the table looks like.
ANALYZE item;
RESET search_path;
