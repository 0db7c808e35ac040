-- name: get_book(bookid, book_id, title)^
-- The header and the statement disagree.
SELECT title FROM book WHERE book_id = :book_ids AND title = ':title';

-- name: list_books(author_id, author_id, language, Language, row-limit)
SELECT title FROM book;

-- name: list_readers(author_id, author_id, language, Language)
SELECT :author_id AS a, :language AS b, :Language AS c;

-- name: count_books()$
SELECT count(book_id) AS books FROM book WHERE year > :year OR year < :1 OR year = :größe;

-- name: reset#
DELETE FROM book WHERE book_id = :book_id;
