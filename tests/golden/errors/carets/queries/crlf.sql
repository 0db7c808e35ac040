-- name: in_windows(id, text)
-- The lines of this file end as those of Windows do.
SELECT id,
    title
FROM book
WHERE id = :id
    AND titel = :text;

-- name: in_windows_again(id)
SELECT id
FROM bok WHERE id = :id;
