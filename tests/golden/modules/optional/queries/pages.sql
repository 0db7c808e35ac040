-- name: list_books(author_id, row_limit)
-- record_class: ListedBook
-- Return books in one of several orders.
-- @order title = title, book_id
-- @order newest = updated_at DESC, book_id
SELECT
    book_id,
    title,
    updated_at
FROM book
WHERE author_id = :author_id -- @optional
ORDER BY title, book_id
LIMIT :row_limit;

-- name: page_books(stage, row_limit)
-- record_class: ListedBook
-- Return a page of books, the latest first.
-- @page updated_at DESC, book_id
-- @param row_limit = 20
SELECT
    book_id,
    title,
    updated_at
FROM book
WHERE stage = :stage
ORDER BY updated_at DESC, book_id
LIMIT :row_limit;

-- name: page_sorted_books(author_id, row_limit)
-- record_class: ListedBook
-- Return a page of books in one of several orders.
-- @order title = title, book_id
-- @order newest = updated_at DESC, book_id DESC
-- @page
SELECT
    book_id,
    title,
    updated_at
FROM book
WHERE author_id = :author_id -- @optional
ORDER BY title ASC, book_id
LIMIT :row_limit;
