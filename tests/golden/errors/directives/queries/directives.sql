-- name: list_reviews(book_id, row_limit)
-- Return reviews.
-- @parm row_limit = 20
-- @param rowlimit = 20
-- @param row_limit = twenty
-- @param row_limit 20
-- @param book_id = NULL
-- @param book_id not null
-- @column author not nil
-- @column author not null
-- @column author null
-- @column
-- @type details Details
-- @type details library.Details library.Other
-- @later
SELECT author, details FROM review WHERE book_id = :book_id LIMIT :row_limit;

-- name: forget(book_id)!
-- @column book_id not null

-- @param book_id not null
DELETE FROM review WHERE book_id = :book_id;

-- name: reset#
-- @param book_id null
DELETE FROM review;
