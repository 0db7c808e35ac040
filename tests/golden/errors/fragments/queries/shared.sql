-- fragment: is_open
/* item.closed_at IS NULL */

-- fragment: either
/* item.closed_at IS NULL OR item.is_kept */

-- fragment: seen_by(member_id)
/* item.owner_id = :member_id */

-- fragment: item_columns
/*
    item.item_id,
    item.label
*/

-- fragment: open_items
/* SELECT item_id FROM item WHERE closed_at IS NULL */

-- fragment: labels
/* LEFT JOIN label USING (item_id) */
