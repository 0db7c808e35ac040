-- name: list_books_with_author(first_author, last_author)
-- record_class: BookWithAuthor
-- Return books with their authors.
-- @embed author BookAuthor
SELECT
    book.book_id,
    book.title,
    author.author_id,
    author.name
FROM book
INNER JOIN author ON book.author_id = author.author_id
WHERE author.author_id BETWEEN :first_author AND :last_author
ORDER BY book.book_id;

-- name: list_authors_with_books(first_author, last_author)
-- record_class: AuthorWithBooks
-- Return authors with their books, by one join.
-- @group books AuthorBook = book
SELECT
    author.author_id,
    author.name,
    book.book_id,
    book.title
FROM author
LEFT JOIN book ON author.author_id = book.author_id
WHERE author.author_id BETWEEN :first_author AND :last_author
ORDER BY author.author_id, book.book_id;

-- name: list_authors(first_author, last_author)
-- record_class: Author
-- Return authors.
SELECT
    author_id,
    name
FROM author
WHERE author_id BETWEEN :first_author AND :last_author
ORDER BY author_id;

-- name: list_books_of(author_ids)
-- record_class: BookOfAuthor
-- Return the books of some authors.
SELECT
    author_id,
    book_id,
    title
FROM book
WHERE author_id = ANY(:author_ids)
ORDER BY author_id, book_id;

-- name: list_authors_with_documents(first_author, last_author)
-- record_class: AuthorWithDocuments
-- Return authors with a document of their books.
SELECT
    author.author_id,
    author.name,
    (
        SELECT
            json_agg(
                json_build_object('book_id', book.book_id, 'title', book.title)
                ORDER BY book.book_id
            )
        FROM book
        WHERE book.author_id = author.author_id
    ) AS books
FROM author
WHERE author.author_id BETWEEN :first_author AND :last_author
ORDER BY author.author_id;
