-- name: list_books()
-- @embed
-- @embed author author
-- @embed class
-- @embed author.country
-- @embed publisher Publisher = publisher_*
-- @group publisher
-- @group publisher.books
-- @embed publisher Publisher = publisher_*
-- @embed editor = *
SELECT 1 AS one;

-- name: page_books(row_limit)
-- @page book_id
-- @group editions
SELECT book_id FROM book ORDER BY book_id LIMIT :row_limit;

-- name: get_title(book_id)$
-- @embed author
SELECT title FROM book WHERE book_id = :book_id;

-- name: rename_book(book_id)<!
-- @group editions
UPDATE book SET title = 'x' WHERE book_id = :book_id RETURNING book_id;

-- name: list_titles()
SELECT title FROM book
-- @embed author
ORDER BY title;
