CREATE TYPE mood AS ENUM ('happy', 'so-so', 'sad');
CREATE TABLE author (
    author_id int PRIMARY KEY,
    name text NOT NULL,
    mood mood
);
CREATE TABLE book (
    book_id int PRIMARY KEY,
    author_id int,
    title text NOT NULL,
    published date,
    tags text[]
);
CREATE FUNCTION shelf_of(book_id int, floor int) RETURNS int LANGUAGE sql
AS 'SELECT $1 + $2';
