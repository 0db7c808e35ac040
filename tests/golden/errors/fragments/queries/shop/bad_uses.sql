-- name: unknown_name()
SELECT item_id
FROM item
WHERE FALSE; -- @use is_opened

-- name: other_folder()
SELECT item_id
FROM item
WHERE FALSE; -- @use far_away

-- name: no_name()
SELECT item_id
FROM item
WHERE FALSE; -- @use

-- name: block_comment()
SELECT item_id
FROM item
WHERE FALSE /* @use is_open */;

-- name: misspelt()
SELECT item_id
FROM item
WHERE FALSE; -- @uses is_open

-- name: not_at_the_start()
SELECT item_id
FROM item
WHERE FALSE; -- only open ones -- @use is_open

-- name: in_the_header()
-- @use is_open
SELECT item_id
FROM item;

-- name: without_argument(member_id)
SELECT item_id
FROM item
WHERE FALSE; -- @use seen_by

-- name: other_argument(person_id)
SELECT item_id
FROM item
WHERE FALSE; -- @use seen_by(:person_id)

-- name: needless_argument(member_id)
SELECT item_id
FROM item
WHERE FALSE; -- @use is_open(:member_id)

-- name: not_declared(label)
SELECT item_id
FROM item
WHERE item.label = :label
    AND FALSE; -- @use seen_by(:member_id)

-- name: own_line(member_id)
SELECT item_id
FROM item
WHERE FALSE
-- @use seen_by(:member_id)
;

-- name: nothing_stands_in()
SELECT item_id
FROM item
WHERE TRUE -- @use is_open
ORDER BY item_id;

-- name: stands_above()
SELECT item_id
FROM item
WHERE FALSE
-- @use is_open
;

-- name: negated()
SELECT item_id
FROM item
WHERE NOT FALSE; -- @use is_open

-- name: goes_on()
SELECT item_id
FROM item
WHERE FALSE -- @use is_open
    IS NOT NULL;

-- name: alternatives()
SELECT item_id
FROM item
WHERE FALSE; -- @use either

-- name: compared()
SELECT item_id
FROM item
WHERE closed_at IS NOT NULL; -- @use item_columns

-- name: with_comma()
SELECT item_id
FROM item
WHERE FALSE, -- @use is_open
    TRUE;

-- name: subquery_in_a_list()
SELECT NULL -- @use open_items
FROM item;

-- name: exists_always()
SELECT item_id
FROM item
WHERE EXISTS (
    SELECT NULL -- @use open_items
);

-- name: no_condition()
SELECT item_id
FROM item
WHERE FALSE; -- @use item_columns

-- name: columns_of_insert()!
INSERT INTO shop.item (
    label,
    NULL -- @use item_columns
)
VALUES ('it', 1, 'more');
