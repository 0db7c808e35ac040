-- name: in_the_header(title)
-- Mark the whole query.
-- @optional
SELECT title
FROM book
WHERE title = :title;

-- name: no_condition(row_limit)
-- Mark what is no condition.
SELECT title
FROM book
ORDER BY title
LIMIT :row_limit; -- @optional

-- name: too_early(title, price)
-- Mark a condition before it ends.
SELECT title
FROM book
WHERE
    title -- @optional
    = :title
    AND price > :price;

-- name: above(title)
-- Mark a condition from above.
SELECT title
FROM book
WHERE
    -- @optional
    title = :title;

-- name: too_late(title)
-- Mark more than the condition.
SELECT title
FROM book
WHERE title = :title FOR UPDATE; -- @optional

-- name: alternative(title, price)
-- Mark one alternative.
SELECT title
FROM book
WHERE
    price = :price
    OR title = :title; -- @optional

-- name: alternatives(title, price)
-- Mark each alternative.
SELECT title
FROM book
WHERE
    price > 0
    AND (
        title = :title -- @optional
        OR lower(title) = :title -- @optional
        OR (price = :price) -- @optional
    );

-- name: inside(title, row_limit)
-- Mark what is inside of an order.
SELECT title
FROM book
ORDER BY (
    title = :title -- @optional
)
LIMIT :row_limit;

-- name: nothing_in_it()
-- Mark a condition without a parameter.
SELECT title
FROM book
WHERE price > 0; -- @optional

-- name: both(title)
-- Mark a condition in a condition.
SELECT title
FROM book
WHERE
    EXISTS (
        SELECT
        FROM author
        WHERE author.name = :title -- @optional
    ); -- @optional

-- name: needed(title)
-- Mark one of two places.
SELECT title
FROM book
WHERE title = :title -- @optional
ORDER BY title = :title;

-- name: no_join(title)
-- Mark a condition as if it were a join.
SELECT title
FROM book
WHERE title = :title; -- @optional for title

-- name: unknown_name(author)
-- Name another parameter.
SELECT book.title
FROM book
INNER JOIN author ON author.author_id = book.author_id -- @optional for autor
WHERE author.name = :author; -- @optional

-- name: join_with_parameter(author, title)
-- Mark a join that needs one of two.
SELECT book.title
FROM book
INNER JOIN author ON author.name = :author -- @optional for author, title
WHERE author.name = :title; -- @optional

-- name: rest(title)
-- Say more than there is to say.
SELECT title
FROM book
WHERE title = :title; -- @optional, says the author

-- name: misspelt(title)
-- Misspell it.
SELECT title
FROM book
WHERE title = :title; -- @optinal

-- name: without_sign(title)
-- Leave out the sign.
SELECT title
FROM book
WHERE title = :title; -- optional

-- name: in_a_block(title)
-- Put it between stars.
SELECT title
FROM book
WHERE title = :title; /* @optional */

-- name: behind_words(title)
-- Put it behind other words.
SELECT title
FROM book
WHERE title = :title; -- the title -- @optional

-- name: create_books(book_id, title, price)*!
-- Mark something of what is sent many times.
INSERT INTO book (book_id, title, price)
VALUES (:book_id, :title, 1)
ON CONFLICT (book_id) DO UPDATE SET price = :price; -- @optional
