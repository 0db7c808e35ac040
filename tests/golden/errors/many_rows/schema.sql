CREATE TABLE book (
    book_id int PRIMARY KEY,
    title text,
    tags text[] NOT NULL,
    details jsonb NOT NULL
);
