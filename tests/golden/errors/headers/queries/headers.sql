-- name: getBook(book_id)^
SELECT title FROM book WHERE book_id = :book_id;

-- name: import()
SELECT 1 AS one;

-- name: get_book(book_id)^!
SELECT title FROM book WHERE book_id = :book_id;

-- name: rename_book!
UPDATE book SET title = :title WHERE book_id = :book_id;

-- name: count_books(
SELECT count(book_id) AS books FROM book;

-- name:
SELECT 1 AS one;

-- name: reset(book_id)#
DELETE FROM book;

-- name: list_books()
-- See also -- name: get_book
SELECT title FROM book; -- name: list_titles()

-- name list_authors()
-- Name: list_readers()
