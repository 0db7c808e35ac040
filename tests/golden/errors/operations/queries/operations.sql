-- name: rename_book(book_id, title)
UPDATE book SET title = :title WHERE book_id = :book_id;

-- name: get_book(book_id)$
SELECT book_id, title FROM book WHERE book_id = :book_id;

-- name: delete_book(book_id)!
DELETE FROM book WHERE book_id = :book_id RETURNING title;
