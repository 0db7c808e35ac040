-- fragment: event_columns
-- The columns of an `Event`.
/*
    id,
    trigger,
    trigger_ref,
    config,
    payload,
    source,
    source_ref,
    rule,
    rule_ref,
    created
*/

-- name: get_event(event_id, created)^
-- record_class: Event
-- Return an event; nothing for an unknown id. With its `created` one partition is
-- read, without it all of them.
SELECT NULL -- @use event_columns
FROM event
WHERE
    id = :event_id
    AND created = :created -- @optional
ORDER BY created DESC
LIMIT 1;

-- name: list_events(trigger_ref, row_limit)
-- record_class: Event
-- Return a page of the events of a trigger, or of all, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use event_columns
FROM event
WHERE trigger_ref = :trigger_ref -- @optional
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: search_events(trigger, trigger_ref, source, rule_ref, row_limit)
-- record_class: Event
-- Return a page of the events of a trigger and a source whose references contain the
-- texts, in any case and each character for itself, newest first.
-- @page created DESC, id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use event_columns
FROM event
WHERE
    trigger = :trigger -- @optional
    AND source = :source -- @optional
    -- Not LIKE: nothing in a searched text has a meaning of its own.
    AND strpos(lower(trigger_ref), lower(:trigger_ref)) > 0 -- @optional
    AND strpos(lower(rule_ref), lower(:rule_ref)) > 0 -- @optional
ORDER BY created DESC, id DESC
LIMIT :row_limit;

-- name: create_event(trigger_ref, trigger, config, payload, source, source_ref, rule, rule_ref)<!
-- record_class: Event
-- Store an event and return it.
-- @param trigger = NULL
-- @param config = NULL
-- @param payload = NULL
-- @param source = NULL
-- @param source_ref = NULL
-- @param rule = NULL
-- @param rule_ref = NULL
INSERT INTO event (
    trigger, trigger_ref, config, payload, source, source_ref, rule, rule_ref
)
VALUES (
    :trigger,
    :trigger_ref,
    :config,
    :payload,
    :source,
    :source_ref,
    :rule,
    :rule_ref
)
RETURNING NULL; -- @use event_columns
