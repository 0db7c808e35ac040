-- fragment: member_columns
-- The columns of a `PatchChainMember` behind its place.
/*
    artifact.artifact_id,
    artifact.cas_id,
    artifact.base_version,
    artifact.parent_id,
    artifact.name,
    artifact.version_hash,
    artifact.op_count,
    artifact.nodes_count,
    artifact.edges_count,
    artifact.created_by,
    artifact.created_at
*/

-- name: get_patch_chain(head_id)
-- record_class: PatchChainMember
-- Return the patches that build a head, in the order of application and the head
-- last; nothing for a base or an unknown head.
SELECT
    patch_chain_member.seq,
    NULL -- @use member_columns
FROM patch_chain_member
INNER JOIN artifact ON patch_chain_member.member_id = artifact.artifact_id
WHERE patch_chain_member.head_id = :head_id
ORDER BY patch_chain_member.seq;

-- name: walk_patch_chain(head_id)
-- record_class: PatchChainMember
-- Return what `get_patch_chain` should, from parent to parent and without the
-- closure: for verification and measurement; nothing for a base or an unknown
-- head.
-- @column seq not null
WITH RECURSIVE walked AS (
    SELECT
        artifact.depth AS seq,
        NULL -- @use member_columns
    FROM artifact
    WHERE artifact.artifact_id = :head_id AND artifact.kind = 'patch_set'
    UNION ALL
    SELECT
        artifact.depth AS seq,
        NULL -- @use member_columns
    FROM walked
    INNER JOIN artifact ON walked.parent_id = artifact.artifact_id
)

SELECT
    walked.seq,
    walked.artifact_id,
    walked.cas_id,
    walked.base_version,
    walked.parent_id,
    walked.name,
    walked.version_hash,
    walked.op_count,
    walked.nodes_count,
    walked.edges_count,
    walked.created_by,
    walked.created_at
FROM walked
ORDER BY walked.seq;

-- name: list_document_parts(head_id, last_seq)
-- record_class: DocumentPart
-- Return the content of a base (seq 0) and of the patches that follow, up to
-- `last_seq` or all of them; for a base only itself, for an unknown head nothing.
WITH head AS (
    SELECT
        artifact_id,
        CASE WHEN kind = 'patch_set' THEN base_version ELSE artifact_id END AS base_id,
        CASE WHEN kind = 'patch_set' THEN depth ELSE 0 END AS depth
    FROM artifact
    WHERE artifact_id = :head_id AND kind IN ('dag_version', 'patch_set')
),

part AS (
    SELECT
        0 AS seq,
        head.base_id AS artifact_id,
        head.depth
    FROM head
    UNION ALL
    SELECT
        patch_chain_member.seq,
        patch_chain_member.member_id AS artifact_id,
        head.depth
    FROM head
    INNER JOIN patch_chain_member ON head.artifact_id = patch_chain_member.head_id
    WHERE patch_chain_member.seq <= :last_seq -- @optional
)

SELECT
    part.seq,
    part.depth AS head_depth,
    artifact.artifact_id,
    artifact.kind,
    artifact.cas_id,
    artifact.version_hash,
    cas_blob.content,
    cas_blob.storage_url
FROM part
INNER JOIN artifact ON part.artifact_id = artifact.artifact_id
INNER JOIN cas_blob ON artifact.cas_id = cas_blob.cas_id
ORDER BY part.seq;

-- name: append_patch(follows_id, cas_id, name, version_hash, op_count, nodes_count, edges_count, meta, created_by)<!
-- record_class: Patch
-- Add a patch after a base or another patch, with its whole chain, and return it;
-- nothing when `follows_id` names neither.
-- @param name = NULL
-- @param version_hash = NULL
-- @param op_count = NULL
-- @param nodes_count = NULL
-- @param edges_count = NULL
-- @param meta = NULL
-- @param created_by = NULL
WITH followed AS (
    SELECT
        artifact_id,
        kind,
        base_version,
        depth
    FROM artifact
    WHERE artifact_id = :follows_id AND kind IN ('dag_version', 'patch_set')
),

patch AS (
    INSERT INTO artifact (
        kind,
        cas_id,
        name,
        version_hash,
        base_version,
        parent_id,
        depth,
        op_count,
        nodes_count,
        edges_count,
        meta,
        created_by
    )
    SELECT
        'patch_set' AS kind,
        :cas_id AS cas_id,
        :name AS name,
        :version_hash AS version_hash,
        CASE
            WHEN followed.kind = 'patch_set' THEN followed.base_version
            ELSE followed.artifact_id
        END AS base_version,
        CASE
            WHEN followed.kind = 'patch_set' THEN followed.artifact_id
        END AS parent_id,
        CASE
            WHEN followed.kind = 'patch_set' THEN followed.depth + 1
            ELSE 1
        END AS depth,
        :op_count AS op_count,
        :nodes_count AS nodes_count,
        :edges_count AS edges_count,
        coalesce(:meta, '{}'::jsonb) AS meta,
        :created_by AS created_by
    FROM followed
    RETURNING
        artifact_id,
        cas_id,
        version_hash,
        base_version,
        parent_id,
        depth,
        created_by,
        created_at
),

chain AS (
    INSERT INTO patch_chain_member (head_id, seq, member_id)
    SELECT
        patch.artifact_id AS head_id,
        inherited.seq,
        inherited.member_id
    FROM patch
    INNER JOIN patch_chain_member AS inherited ON patch.parent_id = inherited.head_id
    UNION ALL
    SELECT
        patch.artifact_id AS head_id,
        patch.depth AS seq,
        patch.artifact_id AS member_id
    FROM patch
    RETURNING member_id
)

SELECT
    patch.artifact_id,
    patch.cas_id,
    patch.version_hash,
    patch.base_version,
    patch.parent_id,
    patch.depth,
    patch.created_by,
    patch.created_at
FROM patch
INNER JOIN chain ON patch.artifact_id = chain.member_id
ORDER BY patch.artifact_id
LIMIT 1;

-- name: insert_patch_chain(head_id, member_ids)!
-- Store the chain of a head, given in the order of application and the head last,
-- and return the number of members.
INSERT INTO patch_chain_member (head_id, seq, member_id)
SELECT
    :head_id AS head_id,
    member.seq::integer AS seq,
    member.member_id
FROM unnest(:member_ids::uuid[]) WITH ORDINALITY AS member (member_id, seq);
