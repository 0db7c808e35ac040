CREATE TYPE stage AS ENUM ('draft', 'done');

CREATE TABLE author (
    author_id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE book (
    book_id bigint PRIMARY KEY,
    title text NOT NULL,
    blurb text,
    stage stage NOT NULL,
    price numeric NOT NULL,
    author_id integer REFERENCES author,
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE book_tag (
    book_id bigint NOT NULL REFERENCES book,
    tag text NOT NULL,
    PRIMARY KEY (book_id, tag)
);
