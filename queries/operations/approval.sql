-- fragment: approval_columns
-- The columns of an `Approval`.
/*
    id,
    status,
    created_at,
    decided_at,
    payload
*/

-- name: get_approval(approval_id)^
-- record_class: Approval
-- Return an approval; nothing for an unknown id.
SELECT NULL -- @use approval_columns
FROM assistly_approvals
WHERE id = :approval_id;

-- name: list_approvals(status, row_limit)
-- record_class: Approval
-- Return a page of the approvals, all or those of one status, newest first.
-- @page created_at DESC, id DESC
-- @allow page-without-index: an index leads to the time, which few rows share
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use approval_columns
FROM assistly_approvals
WHERE status = :status -- @optional
ORDER BY created_at DESC, id DESC
LIMIT :row_limit;

-- name: add_approval(approval_id, payload, now)<!
-- record_class: Approval
-- Ask for an approval and return it, as pending; nothing when there is one with this id.
-- None is stored as the null of JSON.
-- @param now = NULL
INSERT INTO assistly_approvals (id, payload, created_at)
VALUES (
    :approval_id,
    coalesce(:payload, 'null'::jsonb),
    coalesce(:now, statement_timestamp())
)
ON CONFLICT (id) DO NOTHING
RETURNING NULL; -- @use approval_columns

-- name: patch_approval(approval_id, patch)<!
-- record_class: Approval
-- Put the members of `patch`, an object, into the payload of an approval, in the place of
-- those of the same name, and return it; nothing for an unknown id, or when one of the two
-- is not an object.
UPDATE assistly_approvals
SET payload = payload || :patch
WHERE
    id = :approval_id
    AND jsonb_typeof(payload) = 'object'
    AND jsonb_typeof(:patch) = 'object'
RETURNING NULL; -- @use approval_columns

-- name: decide_approval(approval_id, status, now)<!
-- record_class: Approval
-- Approve or reject what is pending, and return it; nothing when it has been decided, and
-- for an unknown id. Of two at once one gets it.
-- @column decided_at null
-- @param now = NULL
UPDATE assistly_approvals
SET
    status = :status,
    decided_at = coalesce(:now, clock_timestamp())
WHERE
    id = :approval_id
    AND status = 'pending'
RETURNING NULL; -- @use approval_columns
