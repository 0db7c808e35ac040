-- name: get_book(book_id, language)^
-- Return a book; the error stands behind two parameters.
SELECT title
FROM book
WHERE book_id = :book_id AND :language = 'en' AND titel = 'x';

-- name: list_loans()
SELECT loan_id
FROM loan;

-- name: get_anything(value)$
SELECT :value AS anything, 'größe' AS größe, nonsense(1) AS nothing;

-- name: list_books()
SELECT title book_id title
FROM book;

-- name: reset#
DELETE FROM book;
DELETE FROM loan;
