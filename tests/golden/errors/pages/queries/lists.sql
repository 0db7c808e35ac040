-- name: list_with_parameter(row_limit)
-- @order title = title, book_id
-- @order wanted = :wanted, book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_with_number(row_limit)
-- @order title = title, $1
SELECT book_id, title FROM book ORDER BY title LIMIT :row_limit;

-- name: list_with_semicolon(row_limit)
-- @order title = title, book_id;
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_with_comment(row_limit)
-- @order title = title, book_id -- by name
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_with_limit(row_limit)
-- @order title = title LIMIT 5
SELECT book_id, title FROM book ORDER BY title LIMIT :row_limit;

-- name: list_with_parentheses(row_limit)
-- @order title = coalesce(title
-- @order other = title) FROM book
-- @order third = "title
SELECT book_id, title FROM book ORDER BY title LIMIT :row_limit;

-- name: list_the_same(row_limit)
-- @order title = title, book_id
-- @order name = TITLE ASC, book_id
-- @order title = book_id
SELECT book_id, title FROM book ORDER BY title, book_id LIMIT :row_limit;

-- name: list_another(row_limit)
-- @order title = title, book_id
SELECT book_id, title FROM book ORDER BY book_id LIMIT :row_limit;

-- name: list_without_order(row_limit)
-- @order title = title, book_id
SELECT book_id, title FROM book LIMIT :row_limit;

-- name: list_without_name(row_limit)
-- @order title
SELECT book_id, title FROM book ORDER BY title LIMIT :row_limit;

-- name: list_by_argument(order, row_limit)
-- @order title = title, book_id
SELECT book_id, title
FROM book
WHERE edition = :order
ORDER BY title, book_id
LIMIT :row_limit;

-- name: get_ordered(book_id)^
-- @order title = title
SELECT book_id, title FROM book WHERE book_id = :book_id ORDER BY title;
