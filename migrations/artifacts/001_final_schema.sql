-- Version control for JSON documents: content by hash, a catalogue, chains, tags, runs.
-- Locks: creates new relations only; nothing that exists is locked.
-- Which patch a base was compacted from is still kept in meta ->> 'compacted_from'.

-- PostgreSQL 18 has uuidv7(); before, this one takes its place under the same name:
-- 48 bits of milliseconds, 12 bits of their fraction, then random bits (RFC 9562, 6.2).
DO $do$
BEGIN
    IF to_regprocedure('pg_catalog.uuidv7()') IS NULL
        AND to_regprocedure('uuidv7()') IS NULL THEN
        EXECUTE $create$
            CREATE FUNCTION uuidv7() RETURNS uuid
            LANGUAGE sql VOLATILE PARALLEL SAFE
            BEGIN ATOMIC
                SELECT encode(
                    overlay(
                        uuid_send(gen_random_uuid())
                        PLACING substring(int8send(clock.microseconds / 1000) FROM 3)
                            || int2send(
                                (28672 + clock.microseconds % 1000 * 4096 / 1000)::int2
                            )
                        FROM 1
                    ),
                    'hex'
                )::uuid
                FROM (
                    SELECT floor(extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint
                        AS microseconds
                ) AS clock;
            END
        $create$;
    END IF;
END
$do$;

CREATE TABLE cas_blob (
    cas_id text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content bytea,
    storage_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cas_blob_pkey PRIMARY KEY (cas_id),
    CONSTRAINT cas_blob_cas_id_form CHECK (cas_id ~ '^sha256:[0-9a-f]{64}$'),
    CONSTRAINT cas_blob_size_bytes_not_negative CHECK (size_bytes >= 0),
    CONSTRAINT cas_blob_content_or_url CHECK (num_nonnulls(content, storage_url) = 1),
    -- What is stored here can be checked here; what is stored elsewhere cannot.
    CONSTRAINT cas_blob_cas_id_is_hash CHECK (
        content IS NULL OR cas_id = 'sha256:' || encode(sha256(content), 'hex')
    ),
    CONSTRAINT cas_blob_size_bytes_is_length CHECK (
        content IS NULL OR size_bytes = octet_length(content)
    )
);
CREATE INDEX idx_cas_blob_media_type ON cas_blob (media_type, created_at DESC, cas_id);
COMMENT ON TABLE cas_blob IS 'Content by its hash; never changed.';

CREATE TABLE artifact (
    artifact_id uuid NOT NULL DEFAULT uuidv7(),
    kind text NOT NULL,
    cas_id text NOT NULL,
    name text,
    plan_hash text,
    version_hash text,
    base_version uuid,
    parent_id uuid,
    depth integer,
    op_count integer,
    nodes_count integer,
    edges_count integer,
    meta jsonb NOT NULL DEFAULT '{}',
    created_by text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT artifact_pkey PRIMARY KEY (artifact_id),
    CONSTRAINT artifact_cas_id_fkey FOREIGN KEY (cas_id)
    REFERENCES cas_blob (cas_id) ON DELETE RESTRICT,
    CONSTRAINT artifact_base_version_fkey FOREIGN KEY (base_version)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT,
    CONSTRAINT artifact_parent_id_fkey FOREIGN KEY (parent_id)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT,
    CONSTRAINT artifact_kind_known CHECK (
        kind IN ('dag_version', 'patch_set', 'run_manifest', 'run_snapshot')
    ),
    CONSTRAINT artifact_counts_not_negative CHECK (
        depth >= 0 AND op_count >= 0 AND nodes_count >= 0 AND edges_count >= 0
    ),
    -- `depth >= 1` alone would let NULL pass.
    CONSTRAINT artifact_patch_has_base CHECK (
        kind <> 'patch_set'
        OR (base_version IS NOT NULL AND depth IS NOT NULL AND depth >= 1)
    ),
    -- The first patch of a chain follows none, every other one follows one.
    CONSTRAINT artifact_parent_only_of_patch CHECK (
        CASE
            WHEN kind = 'patch_set' THEN (parent_id IS NULL) = (depth = 1)
            ELSE parent_id IS NULL
        END
    ),
    CONSTRAINT artifact_version_hash_required CHECK (
        kind NOT IN ('dag_version', 'run_snapshot') OR version_hash IS NOT NULL
    ),
    CONSTRAINT artifact_plan_hash_required CHECK (
        kind <> 'run_snapshot' OR plan_hash IS NOT NULL
    ),
    CONSTRAINT artifact_meta_is_object CHECK (jsonb_typeof(meta) = 'object')
);
CREATE INDEX idx_artifact_kind ON artifact (kind, created_at DESC, artifact_id DESC);
CREATE INDEX idx_artifact_created_at ON artifact (created_at DESC, artifact_id DESC);
CREATE INDEX idx_artifact_cas_id ON artifact (cas_id);
CREATE INDEX idx_artifact_version_hash ON artifact (version_hash)
WHERE version_hash IS NOT NULL;
CREATE UNIQUE INDEX idx_artifact_plan_hash ON artifact (plan_hash)
WHERE plan_hash IS NOT NULL;
-- Not only of patches: the foreign key looks for every row that names a base.
CREATE INDEX idx_artifact_base_version ON artifact (base_version, depth)
WHERE base_version IS NOT NULL;
CREATE INDEX idx_artifact_parent_id ON artifact (parent_id)
WHERE parent_id IS NOT NULL;
-- Deepest first, at any threshold: the candidates for compaction.
CREATE INDEX idx_artifact_patch_depth ON artifact (depth DESC, artifact_id)
WHERE kind = 'patch_set';
CREATE INDEX idx_artifact_meta ON artifact USING gin (meta jsonb_path_ops);
COMMENT ON TABLE artifact IS
'The catalogue: append-only; what an artifact is never changes.';

-- What it finds can neither change (artifact_refuse_change) nor vanish (foreign keys,
-- which have found the rows by then). The depth falls from patch to parent, so only bases
-- that name bases could close a cycle.
CREATE FUNCTION artifact_check_references() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM FROM artifact
    WHERE artifact.artifact_id = new.base_version AND artifact.kind = 'dag_version';
    IF NOT FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('base_version %s does not name a dag_version',
                new.base_version),
            TABLE = 'artifact', CONSTRAINT = 'artifact_base_is_dag_version';
    END IF;
    IF new.kind = 'dag_version' THEN
        PERFORM FROM (
            WITH RECURSIVE behind (artifact_id) AS (
                SELECT new.base_version
                UNION
                SELECT artifact.base_version
                FROM behind
                INNER JOIN artifact ON behind.artifact_id = artifact.artifact_id
            )
            SELECT behind.artifact_id FROM behind
        ) AS behind
        WHERE behind.artifact_id = new.artifact_id;
        IF FOUND THEN
            RAISE check_violation USING
                MESSAGE = format('base_version %s leads back to %s',
                    new.base_version, new.artifact_id),
                TABLE = 'artifact', CONSTRAINT = 'artifact_without_cycle';
        END IF;
    END IF;
    IF new.parent_id IS NOT NULL THEN
        PERFORM FROM artifact
        WHERE artifact.artifact_id = new.parent_id
            AND artifact.kind = 'patch_set'
            AND artifact.base_version = new.base_version
            AND artifact.depth = new.depth - 1;
        IF NOT FOUND THEN
            RAISE check_violation USING
                MESSAGE = format(
                    'parent_id %s does not name a patch_set of the same base at depth %s',
                    new.parent_id, new.depth - 1),
                TABLE = 'artifact', CONSTRAINT = 'artifact_parent_precedes';
        END IF;
    END IF;
    RETURN NULL;
END
$function$;
CREATE TRIGGER artifact_check_references
AFTER INSERT ON artifact FOR EACH ROW
WHEN (new.base_version IS NOT NULL)
EXECUTE FUNCTION artifact_check_references();

-- For every table whose rows must stay as they are; the argument names the constraint.
CREATE FUNCTION artifacts_refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE check_violation USING
        MESSAGE = format('%s of %s is refused: its rows are immutable',
            lower(TG_OP), TG_TABLE_NAME),
        TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
END
$function$;
CREATE TRIGGER artifact_refuse_change
BEFORE UPDATE ON artifact FOR EACH ROW
WHEN (
    old.artifact_id <> new.artifact_id
    OR old.kind <> new.kind
    OR old.cas_id <> new.cas_id
    OR old.base_version IS DISTINCT FROM new.base_version
    OR old.parent_id IS DISTINCT FROM new.parent_id
    OR old.depth IS DISTINCT FROM new.depth
)
EXECUTE FUNCTION artifacts_refuse_change('artifact_identity_is_immutable');

CREATE TABLE patch_chain_member (
    head_id uuid NOT NULL,
    seq integer NOT NULL,
    member_id uuid NOT NULL,
    CONSTRAINT patch_chain_member_pkey PRIMARY KEY (head_id, seq),
    CONSTRAINT patch_chain_member_head_id_member_id_key UNIQUE (head_id, member_id),
    CONSTRAINT patch_chain_member_head_id_fkey FOREIGN KEY (head_id)
    REFERENCES artifact (artifact_id) ON DELETE CASCADE,
    CONSTRAINT patch_chain_member_member_id_fkey FOREIGN KEY (member_id)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT,
    CONSTRAINT patch_chain_member_seq_positive CHECK (seq > 0)
);
CREATE INDEX idx_patch_chain_member_member_id ON patch_chain_member (member_id);
COMMENT ON TABLE patch_chain_member IS
'How to build a patch: its chain in the order of application, the head last.';

-- A member of a chain stands at its own depth, on the base of the head.
CREATE FUNCTION patch_chain_member_check() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    wrong record;
BEGIN
    SELECT added.head_id, added.seq, added.member_id INTO wrong
    FROM added
    INNER JOIN artifact AS head ON added.head_id = head.artifact_id
    INNER JOIN artifact AS member ON added.member_id = member.artifact_id
    WHERE head.kind <> 'patch_set'
        OR member.kind <> 'patch_set'
        OR member.base_version <> head.base_version
        OR member.depth <> added.seq
        OR (added.seq >= head.depth) <> (added.member_id = added.head_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('%s does not belong at seq %s of the chain of %s',
                wrong.member_id, wrong.seq, wrong.head_id),
            TABLE = 'patch_chain_member', CONSTRAINT = 'patch_chain_member_in_place';
    END IF;
    RETURN NULL;
END
$function$;
CREATE TRIGGER patch_chain_member_check
AFTER INSERT ON patch_chain_member REFERENCING NEW TABLE AS added
FOR EACH STATEMENT
EXECUTE FUNCTION patch_chain_member_check();
CREATE TRIGGER patch_chain_member_refuse_change
BEFORE UPDATE ON patch_chain_member FOR EACH ROW
EXECUTE FUNCTION artifacts_refuse_change('patch_chain_member_is_immutable');

CREATE TABLE tag (
    username text NOT NULL,
    tag_name text NOT NULL,
    target_kind text NOT NULL,
    target_id uuid NOT NULL,
    target_hash text,
    version bigint NOT NULL DEFAULT 1,
    moved_by text,
    moved_at timestamptz NOT NULL DEFAULT now(),
    created_by text,
    CONSTRAINT tag_pkey PRIMARY KEY (username, tag_name),
    CONSTRAINT tag_target_id_fkey FOREIGN KEY (target_id)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT,
    -- A run names a tag as `username/tag_name`; only the first slash separates.
    CONSTRAINT tag_username_form CHECK (username <> '' AND strpos(username, '/') = 0),
    CONSTRAINT tag_tag_name_length CHECK (char_length(tag_name) BETWEEN 1 AND 200),
    CONSTRAINT tag_target_kind_known CHECK (
        target_kind IN ('dag_version', 'patch_set')
    ),
    CONSTRAINT tag_version_positive CHECK (version > 0)
);
CREATE INDEX idx_tag_target_id ON tag (target_id);
COMMENT ON TABLE tag IS
'A pointer that moves by compare and swap; those of user `global` are for everyone.';

CREATE FUNCTION tag_check_target() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM FROM artifact
    WHERE artifact.artifact_id = new.target_id AND artifact.kind = new.target_kind;
    IF NOT FOUND THEN
        RAISE check_violation USING
            MESSAGE = format('target %s is not a %s', new.target_id, new.target_kind),
            TABLE = 'tag', CONSTRAINT = 'tag_target_has_kind';
    END IF;
    RETURN NULL;
END
$function$;
-- AFTER, so that the foreign key reports an unknown target first.
CREATE TRIGGER tag_check_target
AFTER INSERT OR UPDATE OF target_kind, target_id ON tag FOR EACH ROW
EXECUTE FUNCTION tag_check_target();

CREATE TABLE tag_move (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    username text NOT NULL,
    tag_name text NOT NULL,
    from_kind text,
    from_id uuid,
    to_kind text,
    to_id uuid,
    expected_version bigint,
    moved_by text,
    moved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tag_move_pkey PRIMARY KEY (id),
    CONSTRAINT tag_move_from_complete CHECK ((from_kind IS NULL) = (from_id IS NULL)),
    CONSTRAINT tag_move_to_complete CHECK ((to_kind IS NULL) = (to_id IS NULL)),
    CONSTRAINT tag_move_not_empty CHECK (num_nonnulls(from_id, to_id) > 0)
);
CREATE INDEX idx_tag_move_tag ON tag_move (username, tag_name, id DESC);
CREATE INDEX idx_tag_move_from_id ON tag_move (from_id, moved_at)
WHERE from_id IS NOT NULL;
CREATE INDEX idx_tag_move_to_id ON tag_move (to_id, moved_at)
WHERE to_id IS NOT NULL;
COMMENT ON TABLE tag_move IS
'The reflog, append-only: `from` is null where a tag began, `to` where it was deleted.
Its targets are no foreign keys: an entry outlives what garbage collection removed.';
CREATE TRIGGER tag_move_refuse_change
BEFORE UPDATE OR DELETE ON tag_move FOR EACH ROW
EXECUTE FUNCTION artifacts_refuse_change('tag_move_is_append_only');

CREATE TABLE run (
    run_id uuid NOT NULL DEFAULT uuidv7(),
    base_kind text NOT NULL,
    base_ref text NOT NULL,
    tags_snapshot jsonb NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'QUEUED',
    submitted_by text,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    error text,
    CONSTRAINT run_pkey PRIMARY KEY (run_id, submitted_at),
    CONSTRAINT run_base_kind_known CHECK (
        base_kind IN ('tag', 'dag_version', 'patch_set')
    ),
    CONSTRAINT run_status_known CHECK (
        status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')
    ),
    CONSTRAINT run_completed_at_when_final CHECK (
        completed_at IS NULL OR status IN ('COMPLETED', 'FAILED', 'CANCELLED')
    )
) PARTITION BY RANGE (submitted_at);
CREATE TABLE run_default PARTITION OF run DEFAULT;
CREATE INDEX idx_run_submitted_by ON run (submitted_by, submitted_at DESC, run_id DESC);
CREATE INDEX idx_run_base ON run (base_kind, base_ref, submitted_at DESC, run_id DESC);
COMMENT ON TABLE run IS
'Executions, one partition a month (artifacts_maintain_run_partitions); `base_ref` is an
artifact id or, for a tag, `username/tag_name`.';

CREATE FUNCTION run_set_completed_at() RETURNS trigger
LANGUAGE plpgsql
AS $function$
BEGIN
    IF new.status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN
        new.completed_at := COALESCE(new.completed_at, now());
    ELSE
        new.completed_at := NULL;
    END IF;
    RETURN NEW;
END
$function$;
CREATE TRIGGER run_set_completed_at
BEFORE UPDATE OF status, completed_at ON run FOR EACH ROW
EXECUTE FUNCTION run_set_completed_at();

-- A run that is stored when it is over already: not BEFORE INSERT, so that an INSERT is
-- certain to return its row.
CREATE FUNCTION run_complete_inserted() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    UPDATE run SET status = new.status
    WHERE run.run_id = new.run_id AND run.submitted_at = new.submitted_at;
    RETURN NULL;
END
$function$;
CREATE TRIGGER run_complete_inserted
AFTER INSERT ON run FOR EACH ROW
WHEN (new.completed_at IS NULL AND new.status IN ('COMPLETED', 'FAILED', 'CANCELLED'))
EXECUTE FUNCTION run_complete_inserted();

CREATE TABLE run_snapshot_index (
    run_id uuid NOT NULL,
    run_submitted_at timestamptz NOT NULL,
    snapshot_id uuid NOT NULL,
    version_hash text,
    CONSTRAINT run_snapshot_index_pkey PRIMARY KEY (run_id, run_submitted_at),
    CONSTRAINT run_snapshot_index_run_fkey FOREIGN KEY (run_id, run_submitted_at)
    REFERENCES run (run_id, submitted_at) ON DELETE CASCADE,
    CONSTRAINT run_snapshot_index_snapshot_id_fkey FOREIGN KEY (snapshot_id)
    REFERENCES artifact (artifact_id) ON DELETE RESTRICT
);
CREATE INDEX idx_run_snapshot_index_snapshot_id ON run_snapshot_index (snapshot_id);
COMMENT ON TABLE run_snapshot_index IS 'Which snapshot a run used.';
