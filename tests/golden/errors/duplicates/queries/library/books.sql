-- name: list_books()
SELECT title FROM book;

-- name: list-books()
SELECT title FROM book;

-- name: list_books_cursor()
SELECT title FROM book;

-- name: add_query()!
INSERT INTO query DEFAULT VALUES;
