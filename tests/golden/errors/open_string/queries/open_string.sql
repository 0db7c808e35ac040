-- name: list_books()
SELECT title FROM book WHERE language = 'en;

-- name: list_authors()
SELECT author FROM book WHERE language = 'en';

-- name: list_titles()
SELECT title FROM book; /* to be continued
