-- Say in rows which artifacts a run reaches, so that garbage collection keeps them.
-- Locks: SHARE ROW EXCLUSIVE on run for the trigger and the rest of the file: runs are
-- read meanwhile, not written.
CREATE TABLE run_artifact (
    run_id uuid NOT NULL,
    run_submitted_at timestamptz NOT NULL,
    artifact_id uuid NOT NULL,
    CONSTRAINT run_artifact_pkey PRIMARY KEY (run_id, run_submitted_at, artifact_id),
    CONSTRAINT run_artifact_run_fkey FOREIGN KEY (run_id, run_submitted_at)
    REFERENCES run (run_id, submitted_at) ON DELETE CASCADE,
    CONSTRAINT run_artifact_artifact_id_fkey FOREIGN KEY (artifact_id)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT
);
CREATE INDEX idx_run_artifact_artifact_id ON run_artifact (artifact_id);
COMMENT ON TABLE run_artifact IS
'The artifacts that a run names in base_ref or in tags_snapshot; kept by a trigger.';

-- The ids among a run's references: base_ref and every string of tags_snapshot.
CREATE FUNCTION run_referenced_ids(base_ref text, tags_snapshot jsonb)
RETURNS SETOF uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT DISTINCT named.reference::uuid
    FROM (
        SELECT base_ref
        UNION ALL
        SELECT found.string #>> '{}'
        FROM jsonb_path_query(tags_snapshot, '$.** ? (@.type() == "string")')
            AS found (string)
    ) AS named (reference)
    WHERE named.reference ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
END;

CREATE FUNCTION run_keep_artifacts() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    IF new.base_kind <> 'tag' THEN
        PERFORM FROM run_referenced_ids(new.base_ref, '{}') AS referenced (id)
        INNER JOIN artifact ON referenced.id = artifact.artifact_id
        WHERE artifact.kind = new.base_kind;
        IF NOT FOUND THEN
            RAISE check_violation USING
                MESSAGE = format('base_ref %s names no %s', new.base_ref, new.base_kind),
                TABLE = 'run', CONSTRAINT = 'run_base_exists';
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM run_artifact
        WHERE run_artifact.run_id = old.run_id
            AND run_artifact.run_submitted_at = old.submitted_at;
    END IF;
    INSERT INTO run_artifact (run_id, run_submitted_at, artifact_id)
    SELECT new.run_id, new.submitted_at, artifact.artifact_id
    FROM run_referenced_ids(new.base_ref, new.tags_snapshot) AS referenced (id)
    INNER JOIN artifact ON referenced.id = artifact.artifact_id;
    RETURN NULL;
END
$function$;
CREATE TRIGGER run_keep_artifacts
AFTER INSERT OR UPDATE OF base_kind, base_ref, tags_snapshot ON run FOR EACH ROW
EXECUTE FUNCTION run_keep_artifacts();

INSERT INTO run_artifact (run_id, run_submitted_at, artifact_id)
SELECT
    run.run_id,
    run.submitted_at,
    artifact.artifact_id
FROM run
INNER JOIN artifact
    ON artifact.artifact_id IN (
        SELECT run_referenced_ids(run.base_ref, run.tags_snapshot)
    );
