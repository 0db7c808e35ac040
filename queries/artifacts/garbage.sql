-- name: list_old_artifacts(older_than, before_created_at, before_id, row_limit)
-- record_class: OldArtifact
-- Return a page of the artifacts of a certain age, newest first, so that what
-- refers comes before what is referred to; empty at the end.
-- @param row_limit = 1000
SELECT
    artifact_id,
    created_at
FROM artifact
WHERE
    -- First, before the age: of two bounds the server goes to the first and walks on.
    (created_at, artifact_id) < (:before_created_at, :before_id) -- @optional
    AND created_at <= now() - :older_than::interval
ORDER BY created_at DESC, artifact_id DESC
LIMIT :row_limit;

-- name: list_garbage(artifact_ids, older_than)
-- record_class: ArtifactId
-- Return those of the given artifacts that nothing outside of them reaches: no
-- tag, no reflog entry younger than `older_than`, no run, no chain, no other
-- artifact.
WITH RECURSIVE given AS (
    SELECT
        artifact_id,
        base_version,
        parent_id,
        compacted_from_id
    FROM artifact
    WHERE artifact_id = any(:artifact_ids)
),

edge AS (
    SELECT
        given.artifact_id AS from_id,
        given.base_version AS to_id
    FROM given
    UNION ALL
    SELECT
        given.artifact_id AS from_id,
        given.parent_id AS to_id
    FROM given
    UNION ALL
    SELECT
        given.artifact_id AS from_id,
        given.compacted_from_id AS to_id
    FROM given
    UNION ALL
    SELECT
        patch_chain_member.head_id AS from_id,
        patch_chain_member.member_id AS to_id
    FROM patch_chain_member
    WHERE patch_chain_member.head_id = any(:artifact_ids)
),

reached (artifact_id) AS (
    SELECT given.artifact_id
    FROM given
    WHERE
        EXISTS (
            SELECT 1 FROM tag
            WHERE tag.target_id = given.artifact_id
        )
        OR EXISTS (
            SELECT 1 FROM tag_move
            WHERE
                tag_move.to_id = given.artifact_id
                AND tag_move.moved_at > now() - :older_than::interval
        )
        OR EXISTS (
            SELECT 1 FROM tag_move
            WHERE
                tag_move.from_id = given.artifact_id
                AND tag_move.moved_at > now() - :older_than::interval
        )
        OR EXISTS (
            SELECT 1 FROM run_artifact
            WHERE run_artifact.artifact_id = given.artifact_id
        )
        OR EXISTS (
            SELECT 1 FROM run_snapshot_index
            WHERE run_snapshot_index.snapshot_id = given.artifact_id
        )
        OR EXISTS (
            SELECT 1 FROM artifact AS child
            WHERE
                child.base_version = given.artifact_id
                AND child.artifact_id <> all(:artifact_ids)
        )
        OR EXISTS (
            SELECT 1 FROM artifact AS child
            WHERE
                child.parent_id = given.artifact_id
                AND child.artifact_id <> all(:artifact_ids)
        )
        OR EXISTS (
            SELECT 1 FROM artifact AS child
            WHERE
                child.compacted_from_id = given.artifact_id
                AND child.artifact_id <> all(:artifact_ids)
        )
        OR EXISTS (
            SELECT 1 FROM patch_chain_member
            WHERE
                patch_chain_member.member_id = given.artifact_id
                AND patch_chain_member.head_id <> all(:artifact_ids)
        )
    UNION
    SELECT edge.to_id AS artifact_id
    FROM reached
    INNER JOIN edge ON reached.artifact_id = edge.from_id
    WHERE edge.to_id = any(:artifact_ids)
)

SELECT given.artifact_id
FROM given
WHERE
    NOT EXISTS (
        SELECT 1 FROM reached
        WHERE reached.artifact_id = given.artifact_id
    )
ORDER BY given.artifact_id;

-- name: lock_artifacts(artifact_ids)
-- record_class: ArtifactId
-- Lock those of the given artifacts that no other session is using, and return
-- their ids: until the transaction ends no new reference to them can be made.
SELECT artifact_id
FROM artifact
WHERE artifact_id = any(:artifact_ids)
ORDER BY artifact_id
FOR UPDATE SKIP LOCKED;

-- name: delete_patch_chains(head_ids)!
-- Remove the chains of heads and return the number of members; before
-- `delete_artifacts`, because members that go with their head would still hold
-- each other.
DELETE FROM patch_chain_member
WHERE head_id = any(:head_ids);

-- name: delete_artifacts(artifact_ids)!
-- Remove artifacts from the catalogue and return their number; fails when
-- something still refers to one of them.
DELETE FROM artifact
WHERE artifact_id = any(:artifact_ids);

-- name: lock_garbage_blobs(older_than, row_limit)
-- record_class: BlobId
-- Lock blobs of a certain age that no artifact refers to and no other session is
-- using, and return their ids; nothing when there are none.
-- @param row_limit = 1000
SELECT cas_blob.cas_id
FROM cas_blob
WHERE
    cas_blob.created_at <= now() - :older_than::interval
    AND NOT EXISTS (
        SELECT 1 FROM artifact
        WHERE artifact.cas_id = cas_blob.cas_id
    )
ORDER BY cas_blob.cas_id
LIMIT :row_limit
FOR UPDATE OF cas_blob SKIP LOCKED;

-- name: delete_unreferenced_blobs(cas_ids)!
-- Remove those of the given blobs that no artifact refers to and return their
-- number.
DELETE FROM cas_blob
WHERE
    cas_id = any(:cas_ids)
    AND NOT EXISTS (
        SELECT 1 FROM artifact
        WHERE artifact.cas_id = cas_blob.cas_id
    );
