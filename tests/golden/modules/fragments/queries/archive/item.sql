-- fragment: tags
-- Another folder has a fragment of this name, which is none of ours.
/* CROSS JOIN unnest(ARRAY['old']) AS tag(tag) */

-- name: list_closed(member_id)
-- Return the closed items that a member may see.
SELECT
    NULL, -- @use item_columns
    tag.tag
FROM item -- @use tags
WHERE
    item.closed_at IS NOT NULL
    AND FALSE -- @use visible(:member_id)
ORDER BY item.item_id;
