-- fragment: enforcement_columns
-- The columns of an `Enforcement`.
/*
    id,
    rule,
    rule_ref,
    trigger_ref,
    config,
    event,
    status,
    payload,
    condition,
    conditions,
    created,
    resolved_at
*/

-- name: get_enforcement(enforcement_id, created)^
-- record_class: Enforcement
-- Return an enforcement; nothing for an unknown id. With its `created` one partition is
-- read, without it all of them.
SELECT NULL -- @use enforcement_columns
FROM enforcement
WHERE
    id = :enforcement_id
    AND created = :created -- @optional
ORDER BY created DESC
LIMIT 1;

-- name: list_enforcements_by_event(event, row_limit)
-- record_class: Enforcement
-- Return a page of the enforcements that an event led to, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column event null
SELECT NULL -- @use enforcement_columns
FROM enforcement
WHERE event = :event
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: search_enforcements(rule, rule_ref, trigger_ref, event, status, row_limit)
-- record_class: Enforcement
-- Return a page of the enforcements that pass all filters, newest first; the references
-- contain the texts, in any case and each character for itself.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use enforcement_columns
FROM enforcement
WHERE
    rule = :rule -- @optional
    AND event = :event -- @optional
    AND status = :status -- @optional
    -- Not LIKE: nothing in a searched text has a meaning of its own.
    AND strpos(lower(rule_ref), lower(:rule_ref)) > 0 -- @optional
    AND strpos(lower(trigger_ref), lower(:trigger_ref)) > 0 -- @optional
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: create_enforcement(rule_ref, trigger_ref, payload, rule, event, config, condition, conditions)<!
-- record_class: Enforcement
-- Store an enforcement that waits to be resolved, and return it; without `conditions`
-- it has none.
-- @param rule = NULL
-- @param event = NULL
-- @param config = NULL
-- @param condition = 'all'
-- @param conditions = NULL
INSERT INTO enforcement (
    rule, rule_ref, trigger_ref, config, event, payload, condition, conditions
)
VALUES (
    :rule,
    :rule_ref,
    :trigger_ref,
    :config,
    :event,
    :payload,
    :condition,
    coalesce(:conditions, '[]'::jsonb)
)
RETURNING NULL; -- @use enforcement_columns

-- name: resolve_enforcement(enforcement_id, status, created)<!
-- record_class: Enforcement
-- Resolve an enforcement as `processed` or `disabled` and return it; nothing for an
-- unknown one, one that was resolved before, and any other status. Of two at once one
-- gets the row.
-- @param created = NULL
UPDATE enforcement
SET
    status = :status,
    resolved_at = now()
WHERE
    id = :enforcement_id
    AND created = coalesce(
        :created,
        (
            SELECT newest.created
            FROM enforcement AS newest
            WHERE newest.id = :enforcement_id
            ORDER BY newest.created DESC
            LIMIT 1
        )
    )
    AND status = 'created'
    AND :status::enforcement_status <> 'created'
RETURNING NULL; -- @use enforcement_columns
