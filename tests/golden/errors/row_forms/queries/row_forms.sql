-- name: get_book(book_id)^
-- @map book_id
-- @stream
SELECT book_id FROM book WHERE book_id = :book_id;

-- name: list_books()
-- @map
SELECT book_id FROM book;

-- name: list_titles()
-- @map title book_id
-- @stream iterate_books
SELECT title FROM book;

-- name: list_twice()
-- @map title
-- @map book_id
-- @stream
-- @stream
SELECT book_id, title FROM book;

-- name: list_pages(row_limit)
-- @map book_id
-- @page
SELECT book_id FROM book
ORDER BY book_id
LIMIT :row_limit;

-- name: stream_pages(row_limit)
-- @page
-- @stream
SELECT book_id FROM book
ORDER BY book_id
LIMIT :row_limit;

-- name: stream_groups()
-- @stream
-- @group loans
SELECT book.book_id, loan.loan_id AS loans_id
FROM book INNER JOIN loan USING (book_id)
ORDER BY book_id;

-- name: map_arrow()
-- @map book_id -> title
SELECT book_id, title FROM book;

-- name: map_half()
-- @map book_id =
SELECT book_id, title FROM book;

-- name: map_itself()
-- @map book_id = "book_id"
SELECT book_id FROM book;

-- name: map_differently()
-- @map book_id
-- @map book_id = title
SELECT book_id, title FROM book;
