-- name: find_compacted_base(patch_id)^
-- record_class: CompactedBase
-- Return the base that a patch was compacted into; nothing when there is none yet.
SELECT
    artifact_id,
    cas_id,
    version_hash,
    compacted_from_id,
    meta,
    created_by,
    created_at
FROM artifact
WHERE compacted_from_id = :patch_id
ORDER BY compacted_from_id
LIMIT 1;

-- name: find_compacted_base_by_meta(patch_id)^
-- Return the id of the base whose `meta` names a patch, as the first migration
-- kept it; nothing when there is none. Kept for measurement: use
-- `find_compacted_base`.
SELECT artifact_id
FROM artifact
WHERE kind = 'dag_version' AND meta ->> 'compacted_from' = :patch_id::uuid::text
ORDER BY created_at, artifact_id
LIMIT 1;

-- name: list_compaction_candidates(min_depth, row_limit)
-- record_class: CompactionCandidate
-- Return the patches at least `min_depth` deep that no base was compacted from,
-- deepest first; nothing when all are compacted.
-- @param row_limit = 100
SELECT
    artifact.artifact_id,
    artifact.base_version,
    artifact.depth,
    artifact.version_hash,
    artifact.created_by,
    artifact.created_at
FROM artifact
WHERE
    artifact.kind = 'patch_set'
    AND artifact.depth >= :min_depth
    AND NOT EXISTS (
        SELECT 1
        FROM artifact AS compacted
        WHERE compacted.compacted_from_id = artifact.artifact_id
    )
ORDER BY artifact.depth DESC, artifact.artifact_id ASC
LIMIT :row_limit;

-- name: list_compactions(row_limit)
-- record_class: Compaction
-- Return a page of the bases that compaction made, newest first.
-- @page compacted_at DESC, base_id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column original_depth not null
SELECT
    base.artifact_id AS base_id,
    patch.artifact_id AS patch_id,
    base.created_at AS compacted_at,
    patch.depth AS original_depth,
    (
        SELECT count(*)
        FROM patch_chain_member
        WHERE patch_chain_member.head_id = patch.artifact_id
    ) AS patch_count
FROM artifact AS base
INNER JOIN artifact AS patch ON base.compacted_from_id = patch.artifact_id
WHERE base.kind = 'dag_version'
ORDER BY compacted_at DESC, base_id DESC
LIMIT :row_limit;

-- name: get_compaction_statistics(min_depth)^
-- record_class: CompactionStatistics
-- Return how many bases and patches there are and how deep; `deepest` and
-- `average_depth` are null without any patch.
WITH measured AS (
    SELECT
        artifact.depth,
        artifact.kind = 'patch_set' AS is_patch,
        artifact.compacted_from_id IS NOT NULL AS is_compacted,
        artifact.kind = 'patch_set'
        AND artifact.depth >= :min_depth
        AND compacted.artifact_id IS NULL AS is_candidate
    FROM artifact
    LEFT JOIN artifact AS compacted
        ON artifact.artifact_id = compacted.compacted_from_id
    WHERE artifact.kind IN ('dag_version', 'patch_set')
)

SELECT
    count(*) FILTER (WHERE NOT is_patch) AS base_count,
    count(*) FILTER (WHERE is_compacted) AS compacted_count,
    count(*) FILTER (WHERE is_patch) AS patch_count,
    count(*) FILTER (WHERE is_candidate) AS candidate_count,
    max(depth) FILTER (WHERE is_patch) AS deepest,
    (avg(depth) FILTER (WHERE is_patch))::double precision AS average_depth
FROM measured;

-- name: create_compacted_base(patch_id, cas_id, version_hash, nodes_count, edges_count, created_by)<!
-- record_class: CompactedBase
-- Add the base that a patch is compacted into and return it; nothing when another
-- session was faster (see `find_compacted_base`) or no patch has that id.
-- @param nodes_count = NULL
-- @param edges_count = NULL
-- @param created_by = NULL
INSERT INTO artifact (
    kind,
    cas_id,
    name,
    version_hash,
    depth,
    nodes_count,
    edges_count,
    compacted_from_id,
    meta,
    created_by
)
SELECT
    'dag_version' AS kind,
    :cas_id AS cas_id,
    patch.name,
    :version_hash AS version_hash,
    0 AS depth,
    :nodes_count AS nodes_count,
    :edges_count AS edges_count,
    patch.artifact_id AS compacted_from_id,
    jsonb_build_object(
        'compacted_at', now(),
        'original_depth', patch.depth,
        'original_patches', (
            SELECT jsonb_agg(original.member_id ORDER BY original.seq)
            FROM patch_chain_member AS original
            WHERE original.head_id = patch.artifact_id
        )
    ) AS meta,
    :created_by AS created_by
FROM artifact AS patch
WHERE patch.artifact_id = :patch_id AND patch.kind = 'patch_set'
ON CONFLICT (compacted_from_id) WHERE compacted_from_id IS NOT NULL DO NOTHING
RETURNING
    artifact_id,
    cas_id,
    version_hash,
    compacted_from_id,
    meta,
    created_by,
    created_at;
