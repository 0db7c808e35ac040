CREATE TYPE medium AS ENUM ('paper', 'sound');

CREATE TABLE author (
    author_id integer PRIMARY KEY,
    name text NOT NULL,
    born_on date,
    address_street text,
    address_city text
);

CREATE TABLE book (
    book_id integer PRIMARY KEY,
    title text NOT NULL,
    blurb text,
    author_id integer NOT NULL REFERENCES author (author_id),
    editor_id integer REFERENCES author (author_id)
);

CREATE TABLE edition (
    book_id integer REFERENCES book (book_id),
    year integer,
    medium medium NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (book_id, year)
);

CREATE TABLE prize (
    prize_id integer PRIMARY KEY,
    author_id integer NOT NULL REFERENCES author (author_id),
    name text NOT NULL
);
