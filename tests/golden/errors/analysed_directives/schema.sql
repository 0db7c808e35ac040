CREATE TABLE book (
    book_id integer PRIMARY KEY,
    title text NOT NULL,
    labels text [],
    details jsonb,
    entries jsonb []
);
