-- fragment: member_columns
-- The columns of a `Member`.
/*
    id,
    train_id,
    email,
    role,
    added_by,
    added_at
*/

-- name: get_member(train_id, email)^
-- record_class: Member
-- Return a member of a train, ignoring the case of the address; nothing when there is none.
SELECT NULL -- @use member_columns
FROM train_members
WHERE
    train_id = :train_id
    AND lower(email) = lower(:email)
ORDER BY id
LIMIT 1;

-- name: list_members(train_id, after_email, row_limit)
-- record_class: Member
-- Return a page of the members of a train in the order of their addresses, in lower case;
-- give the last row's `email` for the next page, which is empty at the end.
-- @param after_email = ''
-- @param row_limit = 100
SELECT NULL -- @use member_columns
FROM train_members
WHERE
    train_id = :train_id
    AND lower(email) > lower(:after_email)
ORDER BY lower(email)
LIMIT :row_limit;

-- name: list_memberships(email, row_limit)
-- record_class: Member
-- Return a page of what an address belongs to, in the order of the trains' ids.
-- @page train_id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use member_columns
FROM train_members
WHERE lower(email) = lower(:email)
ORDER BY train_id
LIMIT :row_limit;

-- name: has_other_owner(train_id, email)$
-- Return whether a train has an owner besides an address.
SELECT count(*) > 0 AS has_other_owner
FROM train_members
WHERE
    train_id = :train_id
    AND role = 'owner'
    AND lower(email) <> lower(:email);

-- name: add_member(train_id, email, role, added_by)<!
-- record_class: Member
-- Add a member to a train and return it; nothing when there is one of that address, in
-- whatever case, and when there is no such train.
INSERT INTO train_members (train_id, email, role, added_by)
SELECT
    train_id,
    :email AS email,
    :role AS role,
    :added_by AS added_by
FROM trains
WHERE train_id = :train_id
ON CONFLICT (train_id, lower(email)) DO NOTHING
RETURNING NULL; -- @use member_columns

-- name: change_role(train_id, email, role)<!
-- record_class: Member
-- Change the role of a member and return it; nothing when there is none of that address.
UPDATE train_members
SET role = :role
WHERE
    id = (
        SELECT member.id
        FROM train_members AS member
        WHERE
            member.train_id = :train_id
            AND lower(member.email) = lower(:email)
        ORDER BY member.id
        LIMIT 1
    )
RETURNING NULL; -- @use member_columns

-- name: remove_member(train_id, email)!
-- Remove a member from a train and return 1; 0 when there is none of that address.
DELETE FROM train_members
WHERE
    train_id = :train_id
    AND lower(email) = lower(:email);
