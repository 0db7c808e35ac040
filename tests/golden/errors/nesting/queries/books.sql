-- name: list_of_no_relation()
-- @embed writer
SELECT book.book_id, author.name FROM book JOIN author USING (author_id);

-- name: list_of_no_columns()
-- @embed author
SELECT book.book_id, upper(author.name) AS name FROM book JOIN author USING (author_id);

-- name: list_of_no_prefix()
-- @embed author = author_*
SELECT book.book_id, author.name FROM book JOIN author USING (author_id);

-- name: list_without_witness()
-- @embed editor
SELECT book.book_id, editor.born_on
FROM book LEFT JOIN author AS editor ON editor.author_id = book.editor_id;

-- name: list_with_json_witness()
-- @embed latest
SELECT book.book_id, latest.details
FROM book
LEFT JOIN (SELECT DISTINCT ON (book_id) book_id, details FROM edition) AS latest
    ON latest.book_id = book.book_id;

-- name: list_of_two_joins()
-- @embed both = both_*
SELECT book.book_id, editor.name AS both_name, edition.year AS both_year
FROM book
LEFT JOIN author AS editor ON editor.author_id = book.editor_id
LEFT JOIN edition ON edition.book_id = book.book_id;

-- name: list_claimed_twice()
-- @embed author
-- @embed writer = author
SELECT book.book_id, author.name FROM book JOIN author USING (author_id);

-- name: list_of_union()
-- @embed author = author_*
SELECT 1 AS book_id, 'a' AS author_name UNION SELECT 2, 'b';

-- name: list_of_sets()
-- @embed author
SELECT author.name, count(*) AS books
FROM book JOIN author USING (author_id)
GROUP BY ROLLUP (author.name);

-- name: merge_books()
-- @embed author
MERGE INTO book USING author ON author.author_id = book.author_id
WHEN MATCHED THEN UPDATE SET blurb = author.name
RETURNING book.book_id, author.name;

-- name: list_changed()
-- @group authors = author
UPDATE book SET blurb = '' FROM author WHERE author.author_id = book.author_id
RETURNING book.book_id, author.name;

-- name: list_limited(row_limit)
-- @group books = book
SELECT author.author_id, book.title
FROM author LEFT JOIN book ON book.author_id = author.author_id
ORDER BY author.author_id, book.title
LIMIT :row_limit;

-- name: list_without_key()
-- @group books = book
SELECT author.name, book.book_id
FROM author LEFT JOIN book ON book.author_id = author.author_id
ORDER BY author.author_id;

-- name: list_without_inner_key()
-- @group books = book
-- @group books.editions = edition
SELECT author.author_id, book.title, edition.year
FROM author
JOIN book ON book.author_id = author.author_id
JOIN edition ON edition.book_id = book.book_id
ORDER BY author.author_id;

-- name: list_unsteady()
-- @group books = book
SELECT author.author_id, row_number() OVER () AS number, book.title,
    book.blurb IS NULL AS bare
FROM author LEFT JOIN book ON book.author_id = author.author_id
ORDER BY author.author_id;

-- name: list_of_nothing_else()
-- @group books = book
SELECT book.title FROM book;

-- name: page_by_author(row_limit)
-- @page name, book_id
-- @embed author
SELECT book.book_id, author.name
FROM book JOIN author USING (author_id)
ORDER BY name, book_id
LIMIT :row_limit;
