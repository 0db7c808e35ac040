-- name: list_by_author(author)
-- Leave out a table that is still needed.
SELECT
    book.title,
    author.name
FROM book
INNER JOIN author ON book.author_id = author.author_id -- @optional for author
WHERE author.name = :author; -- @optional

-- name: list_above(title, least)
-- Have a parameter that is of another type when a title is left out.
SELECT book_id
FROM book
WHERE
    (book.price > :least AND book.title = :title) -- @optional
    AND book.book_id > :least; -- @optional
