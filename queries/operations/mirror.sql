-- fragment: snapshot_columns
-- The columns of a `Snapshot`.
/*
    kind,
    payload,
    updated_at
*/

-- name: get_snapshot(kind)^
-- record_class: Snapshot
-- Return the last snapshot of a kind: `queue`, `state` or `logs`; nothing when there is
-- none.
SELECT NULL -- @use snapshot_columns
FROM assistly_store
WHERE kind = :kind;

-- name: save_snapshot(kind, payload)<!
-- record_class: Snapshot
-- Store a snapshot of a kind, `queue`, `state` or `logs`, in the place of the one before,
-- and return it. None is stored as the null of JSON.
INSERT INTO assistly_store (kind, payload, updated_at)
VALUES (:kind, coalesce(:payload, 'null'::jsonb), clock_timestamp())
ON CONFLICT (kind) DO UPDATE
    SET
        payload = excluded.payload,
        updated_at = clock_timestamp()
RETURNING NULL; -- @use snapshot_columns

-- name: append_events(event_types, payloads)
-- record_class: AppendedEvent
-- Append events, of which `payloads` holds the JSON texts, to the log, and return their ids
-- in the order given.
WITH appended AS (
    INSERT INTO assistly_events (event_type, payload, created_at)
    SELECT
        given.event_type,
        given.payload::jsonb,
        statement_timestamp() AS created_at
    FROM
        unnest(:event_types::text[], :payloads::text[])
        WITH ORDINALITY AS given (event_type, payload, place)
    ORDER BY given.place
    RETURNING id
)

SELECT id
FROM appended
ORDER BY id;

-- name: list_events(event_type, since, until, row_limit)
-- record_class: Event
-- Return a page of the events of a type from `since` on and before `until`, oldest first.
-- @page created_at, id
-- @allow page-without-index: an index leads to the time, which few rows share
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT
    id,
    event_type,
    payload,
    created_at
FROM assistly_events
WHERE
    event_type = :event_type
    AND created_at >= :since -- @optional
    AND created_at < :until -- @optional
ORDER BY created_at, id
LIMIT :row_limit;
