-- name: get_book(book_id)^
-- @column titel not null
-- @column title[] not null
-- @param book_id[] null
-- @type title library.Title
-- @type detail library.Details
SELECT title, labels, details FROM book WHERE book_id = :book_id;
