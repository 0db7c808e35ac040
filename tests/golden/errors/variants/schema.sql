CREATE TABLE author (
    author_id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE book (
    book_id integer PRIMARY KEY,
    title text NOT NULL,
    price numeric NOT NULL,
    author_id integer REFERENCES author
);
