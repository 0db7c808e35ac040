-- fragment: bare
item.closed_at IS NULL

-- name: list_items()
SELECT item_id
FROM item
WHERE FALSE; -- @use bare
