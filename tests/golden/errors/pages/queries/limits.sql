-- name: list_above(row_limit)
-- @param row_limit = 501
-- @param row_limit max 500
SELECT book_id FROM book ORDER BY book_id LIMIT :row_limit;

-- name: list_null(row_limit, other)
-- @param row_limit max 500
-- @param row_limit null
-- @param other = NULL
-- @param other max 5
SELECT book_id FROM book WHERE edition = :other ORDER BY book_id LIMIT :row_limit;

-- name: list_malformed(row_limit, other, third)
-- @param row_limit max
-- @param other max many
-- @param third max 5 6
-- @param third[] max 5
-- @param other max 2.5
SELECT book_id
FROM book
WHERE edition IN (:other, :third)
ORDER BY book_id
LIMIT :row_limit;

-- name: list_twice(row_limit)
-- @param row_limit max 500
-- @param row_limit max 400
-- @param rows max 400
SELECT book_id FROM book ORDER BY book_id LIMIT :row_limit;
