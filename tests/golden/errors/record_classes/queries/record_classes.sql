-- name: list_books()
-- Return the books.
-- record_class: Book
SELECT title FROM book;

-- name: list_titles()
-- record_class: book title
SELECT title FROM book;

-- name: list_authors()
-- RecordClass: Author
SELECT author FROM book;

-- name: count_books()$
-- record_class: Count
SELECT count(book_id) AS books FROM book;

-- name: list_readers()

-- record_class: Reader
SELECT reader FROM book;
