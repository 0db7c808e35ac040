-- name: get_tag(username, tag_name)^
-- record_class: Tag
-- Return a tag; nothing for an unknown one.
SELECT
    username,
    tag_name,
    target_kind,
    target_id,
    target_hash,
    version,
    moved_by,
    moved_at,
    created_by
FROM tag
WHERE username = :username AND tag_name = :tag_name;

-- name: list_tags(username)
-- record_class: Tag
-- Return the tags of a user by name; nothing when there are none.
SELECT
    username,
    tag_name,
    target_kind,
    target_id,
    target_hash,
    version,
    moved_by,
    moved_at,
    created_by
FROM tag
WHERE username = :username
ORDER BY tag_name;

-- name: list_visible_tags(username)
-- record_class: Tag
-- Return the tags of a user and those of the user `global`, by name and own ones
-- first; nothing when there are none.
SELECT
    username,
    tag_name,
    target_kind,
    target_id,
    target_hash,
    version,
    moved_by,
    moved_at,
    created_by
FROM tag
WHERE username IN (:username, 'global')
ORDER BY tag_name ASC, (username = :username) DESC, username ASC;

-- name: list_tag_moves(username, tag_name, before_id, row_limit)
-- record_class: TagMove
-- Return a page of the reflog of a tag, newest first, also after its deletion;
-- give the last row's `id` for the next page, which is empty at the end.
-- @param row_limit = 100
SELECT
    id,
    username,
    tag_name,
    action,
    from_kind,
    from_id,
    to_kind,
    to_id,
    to_hash,
    expected_version,
    returns_to_id,
    moved_by,
    moved_at
FROM tag_move
WHERE
    username = :username
    AND tag_name = :tag_name
    AND id < :before_id -- @optional
ORDER BY id DESC
LIMIT :row_limit;

-- name: create_tag(username, tag_name, target_kind, target_id, target_hash, created_by)<!
-- record_class: Tag
-- Create a tag and the first entry of its reflog and return the tag; a second tag
-- of that name violates `tag_pkey`.
-- @param target_hash = NULL
-- @param created_by = NULL
WITH entry AS (
    INSERT INTO tag_move (
        action, username, tag_name, to_kind, to_id, to_hash, moved_by
    )
    VALUES (
        'create',
        :username,
        :tag_name,
        :target_kind,
        :target_id,
        :target_hash,
        :created_by
    )
    RETURNING id
)

INSERT INTO tag (
    username,
    tag_name,
    target_kind,
    target_id,
    target_hash,
    position_id,
    moved_by,
    created_by
)
SELECT
    :username AS username,
    :tag_name AS tag_name,
    :target_kind AS target_kind,
    :target_id AS target_id,
    :target_hash AS target_hash,
    entry.id AS position_id,
    :created_by AS moved_by,
    :created_by AS created_by
FROM entry
RETURNING
    username,
    tag_name,
    target_kind,
    target_id,
    target_hash,
    version,
    moved_by,
    moved_at,
    created_by;

-- name: move_tag(username, tag_name, target_kind, target_id, target_hash, expected_version, moved_by)<!
-- record_class: TagChange
-- Move a tag if it still has the expected version, and return how it is now: the
-- `outcome` is `moved` or `conflict`; nothing for an unknown tag.
-- @param target_hash = NULL
-- @param expected_version not null
-- @param moved_by = NULL
WITH current AS (
    SELECT
        target_kind,
        target_id,
        target_hash,
        version,
        position_id,
        moved_by,
        moved_at,
        created_by
    FROM tag
    WHERE username = :username AND tag_name = :tag_name
    FOR UPDATE
),

entry AS (
    INSERT INTO tag_move (
        action,
        username,
        tag_name,
        from_kind,
        from_id,
        to_kind,
        to_id,
        to_hash,
        expected_version,
        from_position_id,
        moved_by
    )
    SELECT
        'move' AS action,
        :username AS username,
        :tag_name AS tag_name,
        current.target_kind AS from_kind,
        current.target_id AS from_id,
        :target_kind AS to_kind,
        :target_id AS to_id,
        :target_hash AS to_hash,
        :expected_version AS expected_version,
        current.position_id AS from_position_id,
        :moved_by AS moved_by
    FROM current
    WHERE current.version = :expected_version
    RETURNING id
),

moved AS (
    UPDATE tag
    SET
        target_kind = :target_kind,
        target_id = :target_id,
        target_hash = :target_hash,
        version = tag.version + 1,
        position_id = entry.id,
        moved_by = :moved_by,
        moved_at = now()
    FROM entry
    WHERE tag.username = :username AND tag.tag_name = :tag_name
    RETURNING
        tag.target_kind,
        tag.target_id,
        tag.target_hash,
        tag.version,
        tag.moved_by,
        tag.moved_at,
        tag.created_by
),

shown AS (
    SELECT
        'moved' AS outcome,
        moved.target_kind,
        moved.target_id,
        moved.target_hash,
        moved.version,
        moved.moved_by,
        moved.moved_at,
        moved.created_by
    FROM moved
    UNION ALL
    SELECT
        'conflict' AS outcome,
        current.target_kind,
        current.target_id,
        current.target_hash,
        current.version,
        current.moved_by,
        current.moved_at,
        current.created_by
    FROM current
    WHERE NOT EXISTS (SELECT 1 FROM moved)
)

SELECT
    shown.outcome,
    :username::text AS username,
    :tag_name::text AS tag_name,
    shown.target_kind,
    shown.target_id,
    shown.target_hash,
    shown.version,
    shown.moved_by,
    shown.moved_at,
    shown.created_by
FROM shown
ORDER BY shown.version
LIMIT 1;

-- name: undo_tag_move(username, tag_name, expected_version, moved_by)<!
-- record_class: TagChange
-- Take a tag one step back in its reflog if it still has the expected version, and
-- return how it is now: the `outcome` is `moved`, `conflict`, or `nothing` at the
-- beginning; no row for an unknown tag.
-- @param expected_version not null
-- @param moved_by = NULL
WITH current AS (
    SELECT
        target_kind,
        target_id,
        target_hash,
        version,
        position_id,
        moved_by,
        moved_at,
        created_by
    FROM tag
    WHERE username = :username AND tag_name = :tag_name
    FOR UPDATE
),

step AS (
    SELECT
        earlier.id,
        earlier.to_kind,
        earlier.to_id,
        earlier.to_hash
    FROM current
    INNER JOIN tag_move AS standing ON current.position_id = standing.id
    INNER JOIN tag_move AS earlier ON standing.from_position_id = earlier.id
    WHERE current.version = :expected_version
),

entry AS (
    INSERT INTO tag_move (
        action,
        username,
        tag_name,
        from_kind,
        from_id,
        to_kind,
        to_id,
        to_hash,
        expected_version,
        from_position_id,
        returns_to_id,
        moved_by
    )
    SELECT
        'undo' AS action,
        :username AS username,
        :tag_name AS tag_name,
        current.target_kind AS from_kind,
        current.target_id AS from_id,
        step.to_kind,
        step.to_id,
        step.to_hash,
        :expected_version AS expected_version,
        current.position_id AS from_position_id,
        step.id AS returns_to_id,
        :moved_by AS moved_by
    FROM current
    CROSS JOIN step
    RETURNING
        to_kind,
        to_id,
        to_hash,
        returns_to_id
),

moved AS (
    UPDATE tag
    SET
        target_kind = entry.to_kind,
        target_id = entry.to_id,
        target_hash = entry.to_hash,
        version = tag.version + 1,
        position_id = entry.returns_to_id,
        moved_by = :moved_by,
        moved_at = now()
    FROM entry
    WHERE tag.username = :username AND tag.tag_name = :tag_name
    RETURNING
        tag.target_kind,
        tag.target_id,
        tag.target_hash,
        tag.version,
        tag.moved_by,
        tag.moved_at,
        tag.created_by
),

shown AS (
    SELECT
        'moved' AS outcome,
        moved.target_kind,
        moved.target_id,
        moved.target_hash,
        moved.version,
        moved.moved_by,
        moved.moved_at,
        moved.created_by
    FROM moved
    UNION ALL
    SELECT
        CASE
            WHEN current.version = :expected_version THEN 'nothing'
            ELSE 'conflict'
        END AS outcome,
        current.target_kind,
        current.target_id,
        current.target_hash,
        current.version,
        current.moved_by,
        current.moved_at,
        current.created_by
    FROM current
    WHERE NOT EXISTS (SELECT 1 FROM moved)
)

SELECT
    shown.outcome,
    :username::text AS username,
    :tag_name::text AS tag_name,
    shown.target_kind,
    shown.target_id,
    shown.target_hash,
    shown.version,
    shown.moved_by,
    shown.moved_at,
    shown.created_by
FROM shown
ORDER BY shown.version
LIMIT 1;

-- name: redo_tag_move(username, tag_name, expected_version, moved_by)<!
-- record_class: TagChange
-- Take a tag one step forward to what `undo_tag_move` left, if it still has the
-- expected version, and return how it is now: the `outcome` is `moved`,
-- `conflict`, or `nothing` where nothing was undone since the last move; no row
-- for an unknown tag.
-- @param expected_version not null
-- @param moved_by = NULL
WITH current AS (
    SELECT
        target_kind,
        target_id,
        target_hash,
        version,
        position_id,
        moved_by,
        moved_at,
        created_by
    FROM tag
    WHERE username = :username AND tag_name = :tag_name
    FOR UPDATE
),

step AS (
    SELECT
        later.id,
        later.to_kind,
        later.to_id,
        later.to_hash
    FROM current
    INNER JOIN tag_move AS undone ON current.position_id = undone.returns_to_id
    INNER JOIN tag_move AS later ON undone.from_position_id = later.id
    WHERE current.version = :expected_version AND undone.action = 'undo'
    -- A position is left by undo from one branch at a time: the newest is the live one.
    ORDER BY undone.id DESC
    LIMIT 1
),

entry AS (
    INSERT INTO tag_move (
        action,
        username,
        tag_name,
        from_kind,
        from_id,
        to_kind,
        to_id,
        to_hash,
        expected_version,
        from_position_id,
        returns_to_id,
        moved_by
    )
    SELECT
        'redo' AS action,
        :username AS username,
        :tag_name AS tag_name,
        current.target_kind AS from_kind,
        current.target_id AS from_id,
        step.to_kind,
        step.to_id,
        step.to_hash,
        :expected_version AS expected_version,
        current.position_id AS from_position_id,
        step.id AS returns_to_id,
        :moved_by AS moved_by
    FROM current
    CROSS JOIN step
    RETURNING
        to_kind,
        to_id,
        to_hash,
        returns_to_id
),

moved AS (
    UPDATE tag
    SET
        target_kind = entry.to_kind,
        target_id = entry.to_id,
        target_hash = entry.to_hash,
        version = tag.version + 1,
        position_id = entry.returns_to_id,
        moved_by = :moved_by,
        moved_at = now()
    FROM entry
    WHERE tag.username = :username AND tag.tag_name = :tag_name
    RETURNING
        tag.target_kind,
        tag.target_id,
        tag.target_hash,
        tag.version,
        tag.moved_by,
        tag.moved_at,
        tag.created_by
),

shown AS (
    SELECT
        'moved' AS outcome,
        moved.target_kind,
        moved.target_id,
        moved.target_hash,
        moved.version,
        moved.moved_by,
        moved.moved_at,
        moved.created_by
    FROM moved
    UNION ALL
    SELECT
        CASE
            WHEN current.version = :expected_version THEN 'nothing'
            ELSE 'conflict'
        END AS outcome,
        current.target_kind,
        current.target_id,
        current.target_hash,
        current.version,
        current.moved_by,
        current.moved_at,
        current.created_by
    FROM current
    WHERE NOT EXISTS (SELECT 1 FROM moved)
)

SELECT
    shown.outcome,
    :username::text AS username,
    :tag_name::text AS tag_name,
    shown.target_kind,
    shown.target_id,
    shown.target_hash,
    shown.version,
    shown.moved_by,
    shown.moved_at,
    shown.created_by
FROM shown
ORDER BY shown.version
LIMIT 1;

-- name: delete_tag(username, tag_name, moved_by)<!
-- record_class: Tag
-- Delete a tag, note it in the reflog and return the tag as it was; nothing for an
-- unknown one.
-- @param moved_by = NULL
WITH deleted AS (
    DELETE FROM tag
    WHERE username = :username AND tag_name = :tag_name
    RETURNING
        username,
        tag_name,
        target_kind,
        target_id,
        target_hash,
        version,
        position_id,
        moved_by,
        moved_at,
        created_by
),

entry AS (
    INSERT INTO tag_move (
        action,
        username,
        tag_name,
        from_kind,
        from_id,
        expected_version,
        from_position_id,
        moved_by
    )
    SELECT
        'delete' AS action,
        deleted.username,
        deleted.tag_name,
        deleted.target_kind AS from_kind,
        deleted.target_id AS from_id,
        deleted.version AS expected_version,
        deleted.position_id AS from_position_id,
        :moved_by AS moved_by
    FROM deleted
    RETURNING tag_name
)

SELECT
    deleted.username,
    deleted.tag_name,
    deleted.target_kind,
    deleted.target_id,
    deleted.target_hash,
    deleted.version,
    deleted.moved_by,
    deleted.moved_at,
    deleted.created_by
FROM deleted
INNER JOIN entry ON deleted.tag_name = entry.tag_name;
