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
-- @param row_limit max 500
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

-- name: list_cheap_books(price, rank, row_limit)
-- record_class: ListedBook
-- Return the cheapest books.
-- @param rank max 9
-- @param row_limit max 500
SELECT
    book_id,
    title,
    updated_at
FROM book
WHERE
    price < :price
    AND book_id > :rank -- @optional
ORDER BY price, book_id
LIMIT :row_limit;

-- name: list_shortest_books(row_limit)
-- record_class: ListedBook
-- Return the books with the shortest titles.
-- @param row_limit = 10
-- @param row_limit max 100
SELECT
    book_id,
    title,
    updated_at
FROM book
ORDER BY length(title), book_id
LIMIT :row_limit;
