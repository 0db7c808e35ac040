-- name: list_stored_ids(request_ids)
-- Return those of some ids that requests have, in their order; nothing when none has one.
SELECT request_id
FROM api_requests
WHERE request_id = any(:request_ids)
ORDER BY request_id;

-- name: get_import(train_id, file_name, fingerprint)^
-- record_class: FileImport
-- Return how far a file is imported; nothing when it never was.
-- @param train_id null
SELECT
    id,
    train_id,
    file_name,
    fingerprint,
    byte_position,
    line_number,
    tail_size,
    tail_hash,
    stored_requests,
    known_requests,
    bad_lines,
    created_at,
    updated_at
FROM conversation_imports
WHERE
    train_id IS NOT DISTINCT FROM :train_id
    AND file_name = :file_name
    AND fingerprint = :fingerprint
ORDER BY id
LIMIT 1;

-- name: lock_import(train_id, file_name, fingerprint)<!
-- record_class: FileImport
-- Return how far a file is imported, from now on or already, and keep others from it
-- until the end of the transaction.
INSERT INTO conversation_imports (train_id, file_name, fingerprint)
VALUES (:train_id, :file_name, :fingerprint)
ON CONFLICT (train_id, file_name, fingerprint) DO UPDATE
    SET updated_at = clock_timestamp()
RETURNING
    id,
    train_id,
    file_name,
    fingerprint,
    byte_position,
    line_number,
    tail_size,
    tail_hash,
    stored_requests,
    known_requests,
    bad_lines,
    created_at,
    updated_at;

-- name: advance_import(id, byte_position, line_number, tail_size, tail_hash, stored_requests, known_requests, bad_lines)!
-- Note that a batch of a file is done: where it ends, and what was in it.
UPDATE conversation_imports
SET
    byte_position = :byte_position,
    line_number = :line_number,
    tail_size = :tail_size,
    tail_hash = :tail_hash,
    stored_requests = conversation_imports.stored_requests + :stored_requests,
    known_requests = conversation_imports.known_requests + :known_requests,
    bad_lines = conversation_imports.bad_lines + :bad_lines,
    updated_at = clock_timestamp()
WHERE id = :id;

-- name: restart_import(id)!
-- Note that a file is read from its beginning again; 0 when it never was imported.
UPDATE conversation_imports
SET
    byte_position = 0,
    line_number = 0,
    tail_size = 0,
    tail_hash = '',
    stored_requests = 0,
    known_requests = 0,
    bad_lines = 0,
    updated_at = clock_timestamp()
WHERE id = :id;
