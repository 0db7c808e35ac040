-- name: get_author(author_id)^
-- record_class: Author
-- Return an author.
SELECT
    author_id AS id,
    name,
    born_on
FROM author
WHERE author_id = :author_id;

-- name: list_books(title)
-- record_class: Book
-- Return books with those who wrote and edited them.
-- @embed author Author
-- @embed editor Author
SELECT
    book.book_id,
    author.author_id AS author_id,
    author.name AS author_name,
    author.born_on AS author_born_on,
    book.title,
    editor.author_id AS editor_id,
    editor.name AS editor_name,
    editor.born_on AS editor_born_on
FROM book
INNER JOIN author ON book.author_id = author.author_id
LEFT JOIN author AS editor ON book.editor_id = editor.author_id
WHERE book.title LIKE :title -- @optional
ORDER BY book.title, book.book_id;

-- name: get_book(book_id)^
-- Return a book with its editor.
-- @embed person = editor
SELECT
    book.book_id,
    book.title,
    editor.name,
    editor.born_on
FROM book
LEFT JOIN author AS editor ON book.editor_id = editor.author_id
WHERE book.book_id = :book_id;

-- name: list_authors()
-- record_class: AuthorBooks
-- Return authors with their books and the editions of these.
-- @embed address Address = address_*
-- @group books ListedBook = book_*
-- @embed books.editor Author = editor_*
-- @group books.editions Edition = edition
SELECT
    author.author_id,
    author.address_street,
    author.address_city,
    author.name,
    book.book_id,
    book.title AS book_title,
    editor.author_id AS editor_id,
    editor.name AS editor_name,
    editor.born_on AS editor_born_on,
    edition.details,
    edition.medium,
    edition.year
FROM author
LEFT JOIN book ON author.author_id = book.author_id
LEFT JOIN author AS editor ON book.editor_id = editor.author_id
LEFT JOIN edition ON book.book_id = edition.book_id
ORDER BY author.name, author.author_id, book.book_id, edition.year;

-- name: get_laureate(author_id)^
-- Return an author with books and prizes.
-- @group books = book
-- @group prizes = prize
-- @allow multiplied-groups: nobody has many
SELECT
    author.author_id,
    author.name,
    book.book_id,
    book.title,
    prize.prize_id,
    prize.name AS prize_name
FROM author
LEFT JOIN book ON author.author_id = book.author_id
LEFT JOIN prize ON author.author_id = prize.author_id
WHERE author.author_id = :author_id
ORDER BY book.book_id, prize.prize_id;

-- name: page_books(row_limit)
-- Return a page of books.
-- @page title, book_id
-- @embed author
SELECT
    book.title,
    book.book_id,
    author.author_id,
    author.name
FROM book
INNER JOIN author ON book.author_id = author.author_id
ORDER BY title, book_id
LIMIT :row_limit;
