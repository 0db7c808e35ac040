-- fragment: having_label(pattern)
-- A part that may be left out, wherever it is used.
/*
item.label LIKE :pattern || '%' -- @optional
*/

-- fragment: tags
/*
LEFT JOIN tag
    ON item.item_id = tag.item_id
*/

-- fragment: open_items
/*
SELECT item.item_id
FROM item
WHERE item.closed_at IS NULL
*/

-- name: list_visible_items(member_id, pattern)
-- record_class: Item
-- Return the items that a member may see, by label.
SELECT NULL -- @use item_columns
FROM item
WHERE
    FALSE -- @use visible(:member_id)
    AND FALSE -- @use having_label(:pattern)
ORDER BY item.label, item.item_id;

-- name: get_item(item_id, member_id)^
-- record_class: Item
-- Return an item that a member may see.
SELECT NULL -- @use item_columns
FROM item
WHERE item.item_id = :item_id
    AND FALSE; -- @use visible(:member_id)

-- name: close_items(item_ids, member_id)
-- record_class: ClosedItem
-- Close open items that a member may see, and return them.
WITH opened AS (
    SELECT NULL -- @use open_items
)

UPDATE item
SET closed_at = now()
FROM opened
WHERE
    item.item_id = opened.item_id
    AND item.item_id = ANY (:item_ids)
    AND FALSE -- @use visible(:member_id)
RETURNING NULL; -- @use item_columns

-- name: list_tags(member_id)
-- Return the tags of the items that a member may see, NULL for an item without.
SELECT
    NULL, -- @use item_columns
    tag.tag
FROM item -- @use tags
WHERE FALSE -- @use visible(:member_id)
ORDER BY item.item_id, tag.tag;
