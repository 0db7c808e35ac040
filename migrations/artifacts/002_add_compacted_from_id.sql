-- Find the base of a patch by an indexed column instead of a search in `meta`.
-- Locks: ACCESS EXCLUSIVE on artifact for the new column and the rest of the file;
-- rows are rewritten only where meta holds `compacted_from`.
ALTER TABLE artifact
ADD COLUMN compacted_from_id uuid
CONSTRAINT artifact_compacted_from_id_fkey
REFERENCES artifact (artifact_id) ON DELETE RESTRICT;
ALTER TABLE artifact
ADD CONSTRAINT artifact_compacted_from_only_of_base CHECK (
    compacted_from_id IS NULL OR kind = 'dag_version'
);

-- Only what satisfies the rules moves: any letter case, the last element of an array,
-- the id of a patch, and of two bases that name the same patch the older one.
WITH named AS (
    SELECT
        artifact.artifact_id,
        artifact.created_at,
        CASE jsonb_typeof(artifact.meta -> 'compacted_from')
            WHEN 'string' THEN artifact.meta ->> 'compacted_from'
            WHEN 'array' THEN
                CASE jsonb_typeof(artifact.meta #> '{compacted_from,-1}')
                    WHEN 'string' THEN artifact.meta #>> '{compacted_from,-1}'
                END
        END AS patch
    FROM artifact
    WHERE artifact.kind = 'dag_version' AND artifact.meta ? 'compacted_from'
),

parsed AS (
    SELECT
        named.artifact_id,
        named.created_at,
        CASE
            WHEN named.patch ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN named.patch::uuid
        END AS patch_id
    FROM named
),

movable AS (
    SELECT DISTINCT ON (parsed.patch_id)
        parsed.artifact_id,
        parsed.patch_id
    FROM parsed
    INNER JOIN artifact AS patch
        ON parsed.patch_id = patch.artifact_id AND patch.kind = 'patch_set'
    ORDER BY parsed.patch_id, parsed.created_at, parsed.artifact_id
)

UPDATE artifact
SET
    compacted_from_id = movable.patch_id,
    meta = artifact.meta - 'compacted_from'
FROM movable
WHERE artifact.artifact_id = movable.artifact_id;

DO $do$
DECLARE
    left_behind bigint;
BEGIN
    SELECT count(*) INTO left_behind
    FROM artifact WHERE artifact.meta ? 'compacted_from';
    IF left_behind > 0 THEN
        RAISE NOTICE '% values of meta.compacted_from could not be moved and stay in meta',
            left_behind
            USING HINT = 'Each names no patch, or one that an older base names already.';
    END IF;
END
$do$;

-- One patch is compacted once.
CREATE UNIQUE INDEX idx_artifact_compacted_from ON artifact (compacted_from_id)
WHERE compacted_from_id IS NOT NULL;

-- The foreign key has found the row by then. What a patch was built from must not lead back
-- to the base that it is compacted into.
CREATE FUNCTION artifact_check_compacted_from() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM FROM artifact
    WHERE artifact.artifact_id = new.compacted_from_id AND artifact.kind = 'patch_set';
    IF NOT FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('compacted_from_id %s does not name a patch_set',
                new.compacted_from_id),
            TABLE = 'artifact', CONSTRAINT = 'artifact_compacted_from_is_patch';
    END IF;
    PERFORM FROM (
        WITH RECURSIVE behind (artifact_id) AS (
            SELECT new.compacted_from_id
            UNION
            SELECT referenced.artifact_id
            FROM behind
            INNER JOIN artifact ON behind.artifact_id = artifact.artifact_id
            CROSS JOIN LATERAL (
                VALUES (artifact.base_version), (artifact.compacted_from_id)
            ) AS referenced (artifact_id)
            WHERE referenced.artifact_id IS NOT NULL
        )
        SELECT behind.artifact_id FROM behind
    ) AS behind
    WHERE behind.artifact_id = new.artifact_id;
    IF FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('compacted_from_id %s leads back to %s',
                new.compacted_from_id, new.artifact_id),
            TABLE = 'artifact', CONSTRAINT = 'artifact_without_cycle';
    END IF;
    RETURN NULL;
END
$function$;
CREATE TRIGGER artifact_check_compacted_from
AFTER INSERT ON artifact FOR EACH ROW
WHEN (new.compacted_from_id IS NOT NULL)
EXECUTE FUNCTION artifact_check_compacted_from();
CREATE TRIGGER artifact_refuse_recompaction
BEFORE UPDATE ON artifact FOR EACH ROW
WHEN (old.compacted_from_id IS DISTINCT FROM new.compacted_from_id)
EXECUTE FUNCTION artifacts_refuse_change('artifact_identity_is_immutable');
