-- Authors with ten books each, and a table to store books into; `bench.authors` says how many.
CREATE TABLE author (
    author_id integer PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE book (
    book_id bigint PRIMARY KEY,
    author_id integer NOT NULL REFERENCES author (author_id),
    kind text NOT NULL,
    title text NOT NULL,
    price numeric NOT NULL,
    written_at timestamptz NOT NULL
);

CREATE TABLE arrival (
    book_id bigint NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    price numeric NOT NULL,
    written_at timestamptz
);

INSERT INTO author (author_id, name)
SELECT
    number AS author_id,
    'author ' || number AS name
FROM generate_series(1, current_setting('bench.authors')::integer) AS number;

INSERT INTO book (book_id, author_id, kind, title, price, written_at)
SELECT
    number AS book_id,
    (number - 1) / 10 + 1 AS author_id,
    'kind ' || number % 100 AS kind,
    'book ' || number AS title,
    number % 1000 AS price,
    '2020-01-01'::timestamptz
    + (number::bigint * 7919 % 1000003) * interval '1 minute' AS written_at
FROM generate_series(1, current_setting('bench.authors')::integer * 10) AS number;

CREATE INDEX idx_book_author ON book (author_id);
CREATE INDEX idx_book_kind_written ON book (kind, written_at, book_id);
CREATE INDEX idx_book_written ON book (written_at DESC, book_id DESC);
