-- name: map_by_nothing()
-- @map isbn
SELECT book_id, title FROM book;

-- name: map_by_null()
-- @map title
SELECT book_id, title FROM book;

-- name: map_by_list()
-- @map tags
SELECT book_id, tags FROM book;

-- name: map_by_document()
-- @map details
SELECT book_id, details FROM book;

-- name: create_books(book_id)*!
-- record_class: Book
INSERT INTO book (book_id, tags, details) VALUES (:book_id, '{}', '{}');

-- name: map_to_nothing()
-- @map book_id = isbn
SELECT book_id, title FROM book;

-- name: map_null_to_key()
-- @map title = book_id
SELECT book_id, title FROM book;
