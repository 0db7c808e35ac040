-- name: list_books()
-- @embed author Author
SELECT book.book_id, author.name
FROM book JOIN author USING (author_id);

-- name: list_editors()
-- @embed editor Author
SELECT book.book_id, editor.name, editor.author_id
FROM book JOIN author AS editor ON editor.author_id = book.editor_id;

-- name: list_with_two_names()
-- @embed author
SELECT book.title AS author, author.name FROM book JOIN author USING (author_id);

-- name: list_numbered()
-- @embed author = author_*
SELECT book.title, author.name AS author_1 FROM book JOIN author USING (author_id);
