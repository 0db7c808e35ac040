-- fragment: own(member_id)
/*
item.owner_id = :member_id
AND item.label <> ''
*/
