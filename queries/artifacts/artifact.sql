-- fragment: artifact_columns
-- The columns of an `Artifact`.
/*
    artifact_id,
    kind,
    cas_id,
    name,
    plan_hash,
    version_hash,
    base_version,
    parent_id,
    depth,
    op_count,
    nodes_count,
    edges_count,
    compacted_from_id,
    meta,
    created_by,
    created_at
*/

-- name: get_artifact(artifact_id)^
-- record_class: Artifact
-- Return an artifact of any kind; nothing for an unknown id.
SELECT NULL -- @use artifact_columns
FROM artifact
WHERE artifact_id = :artifact_id;

-- name: get_dag_version_by_hash(version_hash)^
-- record_class: Artifact
-- Return the newest base with a version hash; nothing when there is none.
-- @column version_hash null
SELECT NULL -- @use artifact_columns
FROM artifact
WHERE version_hash = :version_hash AND kind = 'dag_version'
ORDER BY created_at DESC, artifact_id DESC
LIMIT 1;

-- name: get_run_snapshot_by_plan_hash(plan_hash)^
-- record_class: Artifact
-- Return the run snapshot of a plan; nothing when there is none.
-- @column plan_hash null
-- @column version_hash null
SELECT NULL -- @use artifact_columns
FROM artifact
WHERE plan_hash = :plan_hash AND kind = 'run_snapshot'
ORDER BY plan_hash
LIMIT 1;

-- name: list_artifacts_by_kind(kind, row_limit)
-- record_class: Artifact
-- Return a page of the artifacts of a kind, newest first.
-- @page created_at DESC, artifact_id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use artifact_columns
FROM artifact
WHERE kind = :kind
ORDER BY created_at DESC, artifact_id DESC
LIMIT :row_limit;

-- name: create_artifact(kind, cas_id, artifact_id, name, plan_hash, version_hash, base_version, parent_id, depth, op_count, nodes_count, edges_count, compacted_from_id, meta, created_by, created_at)<!
-- record_class: Artifact
-- Add an artifact to the catalogue and return its row; a patch still needs its
-- chain (`insert_patch_chain`).
-- @param artifact_id = NULL
-- @param name = NULL
-- @param plan_hash = NULL
-- @param version_hash = NULL
-- @param base_version = NULL
-- @param parent_id = NULL
-- @param depth = NULL
-- @param op_count = NULL
-- @param nodes_count = NULL
-- @param edges_count = NULL
-- @param compacted_from_id = NULL
-- @param meta = NULL
-- @param created_by = NULL
-- @param created_at = NULL
INSERT INTO artifact (
    artifact_id,
    kind,
    cas_id,
    name,
    plan_hash,
    version_hash,
    base_version,
    parent_id,
    depth,
    op_count,
    nodes_count,
    edges_count,
    compacted_from_id,
    meta,
    created_by,
    created_at
)
VALUES (
    coalesce(:artifact_id, uuidv7()),
    :kind,
    :cas_id,
    :name,
    :plan_hash,
    :version_hash,
    :base_version,
    :parent_id,
    :depth,
    :op_count,
    :nodes_count,
    :edges_count,
    :compacted_from_id,
    coalesce(:meta, '{}'::jsonb),
    :created_by,
    coalesce(:created_at, now())
)
RETURNING NULL; -- @use artifact_columns
