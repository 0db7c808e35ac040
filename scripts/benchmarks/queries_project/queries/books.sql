-- name: search_books(kind, since, author_id, row_limit)
-- record_class: Book
-- Return the earliest books that fit.
SELECT
    book_id,
    title,
    written_at
FROM book
WHERE
    kind = :kind -- @optional
    AND written_at >= :since -- @optional
    AND author_id = :author_id -- @optional
ORDER BY written_at, book_id
LIMIT :row_limit;

-- name: search_books_or_null(kind, since, author_id, row_limit)
-- record_class: Book
-- Return the same in one statement for all arguments.
SELECT
    book_id,
    title,
    written_at
FROM book
WHERE
    (:kind::text IS NULL OR kind = :kind)
    AND (:since::timestamptz IS NULL OR written_at >= :since)
    AND (:author_id::integer IS NULL OR author_id = :author_id)
ORDER BY written_at, book_id
LIMIT :row_limit;

-- name: search_books_of_kind_since(kind, since, row_limit)
-- record_class: Book
-- Return the same for two of the arguments, by hand.
SELECT
    book_id,
    title,
    written_at
FROM book
WHERE
    kind = :kind
    AND written_at >= :since
ORDER BY written_at, book_id
LIMIT :row_limit;

-- name: page_books(row_limit)
-- record_class: Book
-- Return a page of all books, the latest first.
-- @page written_at DESC, book_id DESC
SELECT
    book_id,
    title,
    written_at
FROM book
ORDER BY written_at DESC, book_id DESC
LIMIT :row_limit;

-- name: skip_books(row_offset, row_limit)
-- record_class: Book
-- Return a page of all books by counting those before it.
SELECT
    book_id,
    title,
    written_at
FROM book
ORDER BY written_at DESC, book_id DESC
LIMIT :row_limit OFFSET :row_offset;

-- name: create_arrivals(book_id, kind, title, price, written_at)*!
-- Store books.
INSERT INTO arrival (book_id, kind, title, price, written_at)
VALUES (:book_id, :kind, :title, :price, :written_at);
