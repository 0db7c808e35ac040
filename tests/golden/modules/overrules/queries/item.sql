-- name: list_items(tags, name)
-- Return items that share a tag.
-- @column name not null
-- @column tags[] not null
-- @param tags[] null
-- @param name null
SELECT
    id,
    name,
    tags
FROM item
WHERE tags && :tags AND name = :name
ORDER BY id;
