CREATE TABLE author (
    author_id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE book (
    book_id bigint PRIMARY KEY,
    title text NOT NULL,
    blurb text,
    notes jsonb NOT NULL,
    shelves text[] NOT NULL,
    author_id integer NOT NULL REFERENCES author
);
