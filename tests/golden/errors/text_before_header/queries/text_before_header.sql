-- All about books.
SELECT title FROM book;

-- name: list_books()
SELECT title FROM book;
