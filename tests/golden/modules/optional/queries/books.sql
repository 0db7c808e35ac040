-- name: search_books(title, stages, cheapest, dearest, author_id, tag, row_limit)
-- record_class: Book
-- Return the books that fit, by their numbers.
-- @param row_limit = 100
SELECT
    book.book_id,
    book.title,
    book.blurb
FROM book
INNER JOIN book_tag ON book_tag.book_id = book.book_id -- @optional for tag
WHERE
    book.title LIKE :title || '%' -- @optional
    AND book.stage = ANY (:stages) -- @optional
    AND book.price BETWEEN :cheapest AND :dearest -- @optional
    AND book.author_id IS NOT DISTINCT FROM :author_id -- @optional
    AND (book_tag.tag = :tag OR book_tag.tag = lower(:tag)) -- @optional
ORDER BY book.book_id
LIMIT :row_limit;

-- name: list_described_books(blurb)
-- record_class: DescribedBook
-- Return books; their blurb can be missing when it is not asked for.
SELECT
    book_id,
    blurb
FROM book
WHERE blurb LIKE :blurb -- @optional
ORDER BY book_id;

-- name: change_book(book_id, title, blurb, price)^
-- record_class: Book
-- Change what is given of a book, and return it; nothing for an unknown one.
UPDATE book
SET
    title = :title, -- @optional
    blurb = :blurb, -- @optional
    price = :price, -- @optional
    updated_at = now()
WHERE book_id = :book_id
RETURNING book_id, title, blurb;

-- name: rename_book(book_id, title, blurb)!
-- Change the title or the blurb of a book, or both.
UPDATE book
SET
    title = :title, -- @optional
    blurb = :blurb -- @optional
WHERE book_id = :book_id;

-- name: count_books(since, from)$
-- Return how many books there are.
SELECT count(*) AS books
FROM book
WHERE
    updated_at >= :since -- @optional
    AND author_id = :from; -- @optional
