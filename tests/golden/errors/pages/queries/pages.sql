-- name: page_by_arguments(cursor, cursor_1, row_limit)
-- @page title, book_id
SELECT book_id, title
FROM book
WHERE edition = :cursor AND shelf = :cursor_1
ORDER BY title, book_id
LIMIT :row_limit;

-- name: page_differently(row_limit)
-- @page title DESC, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: page_twice(row_limit)
-- @page title, book_id
-- @page
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: page_without_order(row_limit)
-- @page
SELECT book_id, title FROM book LIMIT :row_limit;

-- name: page_without_limit()
-- @page title, book_id
SELECT book_id, title FROM book ORDER BY title, book_id;

-- name: page_of_ten()
-- @page title, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT 10;

-- name: page_of_one_more(row_limit)
-- @page title, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit + 1;

-- name: page_behind(row_limit, skipped)
-- @page title, book_id
SELECT book_id, title
FROM book
ORDER BY title, book_id
LIMIT :row_limit OFFSET :skipped;

-- name: page_fetched(row_limit)
-- @page title, book_id
SELECT book_id, title
FROM book
ORDER BY title, book_id
FETCH FIRST (:row_limit) ROWS ONLY;

-- name: page_locked(row_limit)
-- @page title, book_id
SELECT book_id, title
FROM book
ORDER BY title, book_id
LIMIT :row_limit
FOR UPDATE;

-- name: page_of_limits(row_limit)
-- @page title, book_id
SELECT book_id, title
FROM book
WHERE edition < :row_limit
ORDER BY title, book_id
LIMIT :row_limit;

-- name: page_distinct(row_limit)
-- @page author_id, book_id
SELECT DISTINCT ON (author_id) author_id, book_id
FROM book
ORDER BY author_id, book_id
LIMIT :row_limit;

-- name: page_by_number(row_limit)
-- @page
SELECT title, book_id FROM book ORDER BY 1, book_id LIMIT :row_limit;

-- name: page_by_expression(row_limit)
-- @order name = lower(title), book_id
-- @order title = title, book_id
-- @page
SELECT title, book_id FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: page_collated(row_limit)
-- @page title COLLATE "C", book_id
SELECT title, book_id FROM book ORDER BY title COLLATE "C", book_id LIMIT :row_limit;

-- name: page_by_operator(row_limit)
-- @page title USING >, book_id
SELECT title, book_id FROM book ORDER BY title USING >, book_id LIMIT :row_limit;

-- name: page_by_one_key_twice(row_limit)
-- @page title, book_id, title DESC
SELECT title, book_id FROM book ORDER BY title, book_id, title DESC LIMIT :row_limit;

-- name: get_page(row_limit)$
-- @page title
SELECT title FROM book ORDER BY title LIMIT :row_limit;
