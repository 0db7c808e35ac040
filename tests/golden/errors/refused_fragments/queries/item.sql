-- fragment: item_columns
/*
    item.item_id,
    item.lable
*/

-- fragment: visible(member_id)
/* item.owner_id = :member_id::text */

-- fragment: marked(label)
/* item.label || :label = item.item_id -- @optional */

-- name: list_items(member_id)
-- Return items.
SELECT NULL -- @use item_columns
FROM item
ORDER BY :member_id::int;

-- name: list_others()
-- Return items: the same mistake is told once.
SELECT NULL -- @use item_columns
FROM item;

-- name: list_visible(member_id)
-- Return items.
SELECT item_id
FROM item
WHERE item.is_public AND FALSE; -- @use visible(:member_id)

-- name: list_after(member_id)
-- A mistake behind a fragment stays at its own place.
SELECT item_id
FROM item
WHERE
    item_id > 0
    AND (FALSE -- @use own(:member_id)
    ) AND nothing;

-- name: list_marked(label)
-- Return items.
SELECT item_id
FROM item
WHERE FALSE; -- @use marked(:label)
