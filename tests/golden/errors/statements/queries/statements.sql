-- name: list_books()
SELECT title FROM book; SELECT author FROM book;

-- name: list_authors()
/* SELECT author FROM book; */

-- name: list_titles()
; SELECT title FROM book;
