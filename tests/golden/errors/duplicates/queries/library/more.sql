-- name: list_books()
SELECT title FROM book;
