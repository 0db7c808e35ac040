-- Undo and redo need a position in the reflog: the entry that a tag stands on.
-- Locks: ACCESS EXCLUSIVE on tag and tag_move until the end of the file; each row of
-- both is written once.
ALTER TABLE tag_move
ADD COLUMN action text,
ADD COLUMN to_hash text,
ADD COLUMN from_position_id bigint
CONSTRAINT tag_move_from_position_id_fkey REFERENCES tag_move (id),
ADD COLUMN returns_to_id bigint
CONSTRAINT tag_move_returns_to_id_fkey REFERENCES tag_move (id);
ALTER TABLE tag
ADD COLUMN position_id bigint
CONSTRAINT tag_position_id_fkey REFERENCES tag_move (id);

ALTER TABLE tag_move DISABLE TRIGGER tag_move_refuse_change;
-- So far every entry between a beginning and a deletion was a move.
WITH numbered AS (
    SELECT
        tag_move.id,
        lag(tag_move.id) OVER same_tag AS previous_id,
        lag(tag_move.to_id) OVER same_tag AS previous_to_id
    FROM tag_move
    WINDOW same_tag AS (
        PARTITION BY tag_move.username, tag_move.tag_name ORDER BY tag_move.id
    )
)

UPDATE tag_move
SET
    action = CASE
        WHEN tag_move.to_id IS NULL THEN 'delete'
        WHEN tag_move.from_id IS NULL THEN 'create'
        ELSE 'move'
    END,
    to_hash = (
        SELECT artifact.version_hash
        FROM artifact
        WHERE artifact.artifact_id = tag_move.to_id
    ),
    from_position_id = CASE
        WHEN tag_move.from_id IS NOT NULL AND numbered.previous_to_id IS NOT NULL
            THEN numbered.previous_id
    END
FROM numbered
WHERE tag_move.id = numbered.id;
ALTER TABLE tag_move ENABLE TRIGGER tag_move_refuse_change;

-- A tag stands on its newest entry when that led to where the tag is now.
UPDATE tag
SET position_id = newest.id
FROM (
    SELECT DISTINCT ON (tag_move.username, tag_move.tag_name)
        tag_move.id,
        tag_move.username,
        tag_move.tag_name,
        tag_move.to_id
    FROM tag_move
    ORDER BY tag_move.username ASC, tag_move.tag_name ASC, tag_move.id DESC
) AS newest
WHERE
    tag.username = newest.username
    AND tag.tag_name = newest.tag_name
    AND tag.target_id = newest.to_id;
-- Any other tag gets the entry that it lacks.
WITH created AS (
    INSERT INTO tag_move (
        action, username, tag_name, to_kind, to_id, to_hash, moved_by, moved_at
    )
    SELECT
        'create' AS action,
        tag.username,
        tag.tag_name,
        tag.target_kind,
        tag.target_id,
        tag.target_hash,
        tag.moved_by,
        tag.moved_at
    FROM tag
    WHERE tag.position_id IS NULL
    RETURNING tag_move.id, tag_move.username, tag_move.tag_name
)

UPDATE tag
SET position_id = created.id
FROM created
WHERE tag.username = created.username AND tag.tag_name = created.tag_name;

ALTER TABLE tag ALTER COLUMN position_id SET NOT NULL;
ALTER TABLE tag_move
ALTER COLUMN action SET NOT NULL,
ADD CONSTRAINT tag_move_action_known CHECK (
    action IN ('create', 'move', 'undo', 'redo', 'delete')
),
ADD CONSTRAINT tag_move_action_fits CHECK (
    (action = 'create') = (from_id IS NULL)
    AND (action = 'delete') = (to_id IS NULL)
    AND (action IN ('undo', 'redo')) = (returns_to_id IS NOT NULL)
);
-- Redo looks for the newest undo that returned to the entry a tag stands on.
CREATE INDEX idx_tag_move_returns_to_id ON tag_move (returns_to_id, id DESC)
WHERE returns_to_id IS NOT NULL;
COMMENT ON COLUMN tag.position_id IS
'The reflog entry the tag stands on: a creation or a move; undo and redo step there.';
COMMENT ON COLUMN tag_move.from_position_id IS
'The entry the tag stood on before; undo of a move goes back there.';
COMMENT ON COLUMN tag_move.returns_to_id IS
'The entry that an undo or a redo returned to.';
