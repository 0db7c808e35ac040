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

-- name: list_bokks()
SELECT title
FROM bokk;

-- name: get_lowr(text)$
SELECT lowr(:text);

-- name: get_cast(text)$
SELECT :text::integr;

-- name: get_wrong_arguments()$
SELECT lower(1, 2);

-- name: get_nothing(anything)$
SELECT :anything IS NULL;

-- name: list_ambiguous()
SELECT title
FROM book
CROSS JOIN book AS other;

-- name: list_elsewhere()
SELECT title
FROM (SELECT book_id FROM book) AS b;

-- name: reset#
DELETE FROM book;
DELETE FROM loan;
