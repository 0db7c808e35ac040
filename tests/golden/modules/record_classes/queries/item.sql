-- name: list_items()
-- record_class: Item
-- Return all items by id.
SELECT id, name, note FROM item ORDER BY id;

-- name: get_item(id)^
-- record_class: Item
-- Return an item.
SELECT id, name::text AS name, note FROM item WHERE id = :id;

-- name: create_item(id, name)<!
-- record_class: Item
-- Create an item.
INSERT INTO item (id, name) VALUES (:id, :name) RETURNING id, name, note;

-- name: list_names()
-- Return all names.
SELECT name FROM item ORDER BY name;
