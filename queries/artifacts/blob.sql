-- name: get_blob(cas_id)^
-- record_class: Blob
-- Return a blob with its content, or with the place where it is; nothing for an
-- unknown id.
SELECT
    cas_id,
    media_type,
    size_bytes,
    content,
    storage_url,
    created_at
FROM cas_blob
WHERE cas_id = :cas_id;

-- name: has_blob(cas_id)$
-- Return whether a blob is stored.
SELECT count(*) > 0 AS has_blob
FROM cas_blob
WHERE cas_id = :cas_id;

-- name: list_blob_contents(cas_ids)
-- record_class: BlobContent
-- Return the content of each blob once, however often its id is given; unknown ids
-- are left out.
SELECT
    cas_id,
    content,
    storage_url
FROM cas_blob
WHERE cas_id = any(:cas_ids)
ORDER BY cas_id;

-- name: list_blobs_by_media_type(media_type, row_limit)
-- record_class: BlobSummary
-- Return a page of the blobs of a media type without content, newest first.
-- @page created_at DESC, cas_id
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT
    cas_id,
    media_type,
    size_bytes,
    storage_url,
    created_at
FROM cas_blob
WHERE media_type = :media_type
ORDER BY created_at DESC, cas_id ASC
LIMIT :row_limit;

-- name: put_blob(cas_id, media_type, content)<!
-- record_class: BlobSummary
-- Store content under its hash and return what is stored, also when it was there
-- before (then with its first media type).
INSERT INTO cas_blob (cas_id, media_type, size_bytes, content)
VALUES (:cas_id, :media_type, octet_length(:content::bytea), :content)
-- Not DO NOTHING: the row is returned, and locked against garbage collection until the
-- transaction has used it.
ON CONFLICT (cas_id) DO UPDATE SET cas_id = excluded.cas_id
RETURNING
    cas_id,
    media_type,
    size_bytes,
    storage_url,
    created_at;

-- name: put_external_blob(cas_id, media_type, size_bytes, storage_url)<!
-- record_class: BlobSummary
-- Register content that is stored elsewhere and return what is registered, also
-- when it was there before.
INSERT INTO cas_blob (cas_id, media_type, size_bytes, storage_url)
VALUES (:cas_id, :media_type, :size_bytes, :storage_url)
ON CONFLICT (cas_id) DO UPDATE SET cas_id = excluded.cas_id
RETURNING
    cas_id,
    media_type,
    size_bytes,
    storage_url,
    created_at;
