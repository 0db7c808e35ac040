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

-- name: list_recent_books(since, stage)
-- record_class: Book
-- Return the finished books, or those of another stage, or of any.
-- @param stage = 'done'
SELECT
    book_id,
    title,
    blurb
FROM book
WHERE
    updated_at > :since -- @optional
    AND stage = :stage -- @optional
ORDER BY book_id;

-- name: get_only_book(book_id, title)^
-- record_class: Book
-- Return a book; without its number there may be several.
-- @allow uncertain-row-count: who leaves out the number knows that there is one
SELECT
    book_id,
    title,
    blurb
FROM book
WHERE
    book_id = :book_id -- @optional
    AND title = :title; -- @optional

-- name: store_author(author_id, name, known_as)<!
-- record_class: Author
-- Store an author, or rename one who is known by a name; nothing for another one.
INSERT INTO author (author_id, name)
VALUES (:author_id, :name)
ON CONFLICT (author_id) DO UPDATE
    SET name = excluded.name
    WHERE author.name = :known_as -- @optional
RETURNING author_id, name;

-- name: count_by_author(blurb, least, tags)
-- record_class: AuthorBooks
-- Return the authors with at least so many books that have all of some tags.
SELECT
    author.author_id,
    author.name,
    count(*) FILTER (
        WHERE book.blurb LIKE :blurb -- @optional
    ) AS books
FROM author
LEFT JOIN book
    ON
        author.author_id = book.author_id
        AND EXISTS (
            SELECT
            FROM book_tag
            WHERE book_tag.book_id = book.book_id AND book_tag.tag = ANY (:tags)
        ) -- @optional
GROUP BY author.author_id
HAVING count(*) >= :least -- @optional
ORDER BY author.author_id;

-- name: rewrite_book(book_id, new_title, new_blurb, new_stage, new_price, new_author_id, new_time)!
-- Change much of a book.
UPDATE book
SET
    title = :new_title, -- @optional
    blurb = :new_blurb, -- @optional
    stage = :new_stage, -- @optional
    price = :new_price, -- @optional
    author_id = :new_author_id, -- @optional
    updated_at = :new_time -- @optional
WHERE book_id = :book_id;

-- name: list_authors_of_books(author_name)
-- Return the books with the numbers of their authors, those of one author or all.
SELECT
    book.book_id,
    book.author_id
FROM book
INNER JOIN author ON book.author_id = author.author_id -- @optional for author_name
WHERE author.name = :author_name -- @optional
ORDER BY book.book_id;

-- name: get_beginning(tag)$
-- Return when time begins, or nothing when no book has a tag that is asked for.
-- @allow uncertain-row-count: a tag is that of one book
SELECT era.begins_on
FROM (SELECT date '1970-01-01' AS begins_on) AS era
INNER JOIN book_tag ON TRUE -- @optional for tag
WHERE book_tag.tag = :tag; -- @optional
