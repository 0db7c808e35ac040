-- name: list_books(row_limit)
-- @order title = title, book_id
-- @order newest = published_at DESC, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_by_documents(row_limit)
-- @order title = title, book_id
-- @order shelf = title, lower(shelves)
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_misspelled(row_limit)
-- @order title = title, book_id
-- @order backwards = title DECS, book_id
-- @order empty = title,, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: page_unknown(row_limit)
-- @order title = title, book_id
-- @order newest = published_at DESC, book_id
-- @page
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: page_of_what_is_not_selected(row_limit)
-- @page title, author_id, book_id
SELECT book_id, title FROM book ORDER BY title, author_id, book_id LIMIT :row_limit;

-- name: page_nullable(row_limit)
-- @page
SELECT book_id, blurb FROM book ORDER BY blurb NULLS FIRST, book_id LIMIT :row_limit;

-- name: page_of_documents(row_limit)
-- @page notes, book_id
SELECT book_id, notes FROM book ORDER BY notes, book_id LIMIT :row_limit;

-- name: page_of_another_table(row_limit)
-- @page author.author_id DESC, book.book_id
SELECT
    book.book_id,
    book.book_id + 1 AS author_id
FROM book
INNER JOIN author ON book.author_id = author.author_id
ORDER BY author.author_id DESC, book.book_id
LIMIT :row_limit;

-- name: page_optional(title, row_limit)
-- @page title, book_id
SELECT book_id, title
FROM book
WHERE title = :title -- @optional
    AND blurbs = 'a'
ORDER BY title, book_id
LIMIT :row_limit;

-- name: list_titled(title, row_limit)
-- @param title max 5
SELECT book_id FROM book WHERE title = :title ORDER BY book_id LIMIT :row_limit;
