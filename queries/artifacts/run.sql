-- fragment: run_columns
-- The columns of a `Run`.
/*
    run_id,
    base_kind,
    base_ref,
    tags_snapshot,
    status,
    submitted_by,
    submitted_at,
    started_at,
    completed_at,
    error
*/

-- name: get_run(run_id)^
-- record_class: Run
-- Return a run; nothing for an unknown id.
SELECT NULL -- @use run_columns
FROM run
WHERE run_id = :run_id
ORDER BY submitted_at DESC
LIMIT 1;

-- name: get_run_snapshot(run_id, run_submitted_at)^
-- record_class: RunSnapshot
-- Return which snapshot a run used; nothing when none is linked.
SELECT
    run_id,
    run_submitted_at,
    snapshot_id,
    version_hash
FROM run_snapshot_index
WHERE run_id = :run_id AND run_submitted_at = :run_submitted_at;

-- name: list_runs_by_user(submitted_by, row_limit)
-- record_class: Run
-- Return a page of the runs that a user submitted, newest first.
-- @page submitted_at DESC, run_id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
-- @column submitted_by null
SELECT NULL -- @use run_columns
FROM run
WHERE submitted_by = :submitted_by
ORDER BY submitted_at DESC, run_id DESC
LIMIT :row_limit;

-- name: list_runs_by_tag(username, tag_name, row_limit)
-- record_class: Run
-- Return a page of the runs that were submitted on a tag, newest first.
-- @page submitted_at DESC, run_id DESC
-- @param row_limit = 100
-- @param row_limit max 1000
SELECT NULL -- @use run_columns
FROM run
WHERE
    base_kind = 'tag'
    AND base_ref = :username::text || '/' || :tag_name::text
ORDER BY submitted_at DESC, run_id DESC
LIMIT :row_limit;

-- name: create_run(base_kind, base_ref, tags_snapshot, submitted_by)<!
-- record_class: Run
-- Queue a run on an artifact (its id) or on a tag (`username/tag_name`) and return
-- it; what `base_ref` and `tags_snapshot` name is kept for it. Without a
-- `tags_snapshot` a run on a tag notes where the tag points.
-- @param tags_snapshot = NULL
-- @param submitted_by = NULL
INSERT INTO run (base_kind, base_ref, tags_snapshot, submitted_by)
VALUES (
    :base_kind,
    :base_ref,
    coalesce(
        :tags_snapshot,
        (
            SELECT
                jsonb_build_object(
                    :base_ref::text,
                    jsonb_build_object(
                        'target_id', tag.target_id,
                        'version', tag.version
                    )
                ) AS pointing
            FROM tag
            WHERE
                :base_kind = 'tag'
                -- A user's name has no slash; a tag's may have some.
                AND tag.username = split_part(:base_ref, '/', 1)
                AND tag.tag_name = substr(:base_ref, strpos(:base_ref, '/') + 1)
        ),
        '{}'::jsonb
    ),
    :submitted_by
)
RETURNING NULL; -- @use run_columns

-- name: update_run_status(run_id, submitted_at, status, error)<!
-- record_class: Run
-- Change the status of a run that is not final yet and return the run; nothing for
-- an unknown or a final one.
-- @param error = NULL
UPDATE run
SET
    status = :status,
    error = coalesce(:error, error),
    started_at = CASE
        WHEN :status::text = 'RUNNING' THEN coalesce(started_at, now())
        ELSE started_at
    END
WHERE
    run_id = :run_id
    AND submitted_at = :submitted_at
    AND status IN ('QUEUED', 'RUNNING')
RETURNING NULL; -- @use run_columns

-- name: link_run_snapshot(run_id, run_submitted_at, snapshot_id)<!
-- record_class: RunSnapshot
-- Record which snapshot a run used, once or again, and return the link; nothing
-- when `snapshot_id` names no run snapshot.
-- @column version_hash null
INSERT INTO run_snapshot_index (run_id, run_submitted_at, snapshot_id, version_hash)
SELECT
    :run_id AS run_id,
    :run_submitted_at AS run_submitted_at,
    artifact.artifact_id AS snapshot_id,
    artifact.version_hash
FROM artifact
WHERE artifact.artifact_id = :snapshot_id AND artifact.kind = 'run_snapshot'
ON CONFLICT (run_id, run_submitted_at) DO UPDATE
    SET snapshot_id = excluded.snapshot_id, version_hash = excluded.version_hash
RETURNING
    run_id,
    run_submitted_at,
    snapshot_id,
    version_hash;

-- name: maintain_run_partitions(months_ahead)
-- Create the partitions of this month and the months ahead and return their names;
-- nothing when all exist.
-- @param months_ahead = 3
-- @column partition_name not null
SELECT created.partition_name
FROM artifacts_maintain_run_partitions(:months_ahead) AS created (partition_name)
ORDER BY created.partition_name;
