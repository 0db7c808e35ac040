-- fragment: item_columns
/*
    item.item_id,
    item.label,
    item.closed_at -- NULL while it is open
*/

-- fragment: visible(member_id)
-- What a member may see: their own, and what is public.
/*
(
    item.owner_id = :member_id
    OR item.is_public
)
*/
