-- name: list_documents()
-- Return all documents by id.
-- @type meta expected.types.Meta
SELECT
    id,
    body,
    meta,
    history
FROM document
ORDER BY id;

-- name: get_body(id)$
-- Return the body of a document; a JSON null is None.
SELECT body FROM document WHERE id = :id;

-- name: get_typed_body(id)$
-- Return the body of a document as its author knows it.
-- @type body expected.types.Body
SELECT body FROM document WHERE id = :id;

-- name: create_document(id, body, meta, history)!
-- Create a document.
-- @type body expected.types.Body
INSERT INTO document (id, body, meta, history) VALUES (:id, :body, :meta, :history);

-- name: remove_key(id, key)!
-- Remove a key of a document.
UPDATE document SET body = body - :key WHERE id = :id;
