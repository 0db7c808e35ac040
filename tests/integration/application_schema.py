"""Tables of the kind that applications have, and rows that no tidy one would show."""

# ruff: noqa: E501  (one table of rows reads best without folds)
from __future__ import annotations

SCHEMA = """
CREATE TYPE purchase_status AS ENUM ('open', 'paid', 'sent', 'cancelled');
CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    phone text,
    birthday date,
    referrer bigint,
    deleted_at timestamptz,
    score numeric,
    preferences jsonb NOT NULL DEFAULT '{}'
);
CREATE TABLE category (
    id int PRIMARY KEY,
    parent int REFERENCES category ON DELETE CASCADE,
    title text NOT NULL,
    slug text
);
CREATE TABLE product (
    id int PRIMARY KEY,
    category int,
    sku text NOT NULL UNIQUE,
    title text NOT NULL,
    price numeric(10, 2) NOT NULL,
    discount numeric,
    weight real,
    stock int NOT NULL DEFAULT 0,
    attributes jsonb,
    discontinued date,
    labels text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE purchase (
    id int PRIMARY KEY,
    customer bigint NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    status purchase_status NOT NULL DEFAULT 'open',
    note text,
    coupon text,
    total numeric
);
CREATE TABLE line (
    purchase int NOT NULL REFERENCES purchase ON DELETE CASCADE,
    position int NOT NULL,
    product int,
    quantity int NOT NULL CHECK (quantity > 0),
    unit_price numeric NOT NULL,
    comment text,
    PRIMARY KEY (purchase, position)
);
CREATE TABLE payment (
    id int PRIMARY KEY,
    purchase int NOT NULL,
    amount numeric NOT NULL,
    paid_at timestamptz,
    method text,
    reference text
);
CREATE TABLE review (
    id int PRIMARY KEY,
    product int NOT NULL,
    customer bigint,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text,
    created_at timestamptz NOT NULL
);
CREATE TABLE department (id int PRIMARY KEY, name text NOT NULL, budget numeric, head int);
CREATE TABLE employee (
    id int PRIMARY KEY,
    manager int,
    department int,
    name text NOT NULL,
    salary numeric,
    hired date NOT NULL,
    left_on date
);
CREATE TABLE article (
    id int PRIMARY KEY,
    author int,
    title text NOT NULL,
    body text,
    published_at timestamptz,
    search tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', title || ' ' || coalesce(body, ''))
    ) STORED
);
CREATE TABLE event (
    occurred timestamptz NOT NULL, kind text NOT NULL, payload jsonb, actor int
) PARTITION BY RANGE (occurred);
CREATE TABLE event_2025 PARTITION OF event
FOR VALUES FROM ('2025-01-01+00') TO ('2026-01-01+00');
CREATE TABLE event_later PARTITION OF event DEFAULT;
CREATE TABLE posting (
    id int PRIMARY KEY,
    account int NOT NULL,
    amount numeric NOT NULL,
    booked_on date,
    memo text
);
CREATE TABLE message (
    id int PRIMARY KEY,
    thread int NOT NULL,
    sender int,
    sent_at timestamptz NOT NULL,
    body text,
    read_at timestamptz,
    reply_to int
);
CREATE TABLE task (
    id int PRIMARY KEY,
    queue text NOT NULL,
    payload jsonb NOT NULL,
    run_at timestamptz NOT NULL,
    locked_by text,
    locked_at timestamptz,
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    CHECK ((locked_by IS NULL) = (locked_at IS NULL))
);
CREATE TABLE booking (
    id int PRIMARY KEY, room int NOT NULL, period tstzrange NOT NULL, guest text
);
CREATE TABLE reading (
    sensor int NOT NULL, taken timestamptz NOT NULL, value double precision,
    PRIMARY KEY (sensor, taken)
);
CREATE TABLE setting (name text PRIMARY KEY, value text);
CREATE VIEW open_purchase AS
SELECT id, customer, placed_at, note FROM purchase WHERE status = 'open';
CREATE VIEW customer_summary AS
SELECT
    customer.id,
    customer.name,
    count(purchase.id) AS purchases,
    sum(purchase.total) AS spent,
    max(purchase.placed_at) AS last_placed
FROM customer LEFT JOIN purchase ON purchase.customer = customer.id
GROUP BY customer.id;
CREATE FUNCTION purchase_total(number int) RETURNS numeric LANGUAGE sql STABLE
AS 'SELECT coalesce(sum(quantity * unit_price), 0) FROM line WHERE purchase = number';
CREATE FUNCTION slug_of(title text) RETURNS text LANGUAGE sql IMMUTABLE STRICT
AS $$ SELECT trim(BOTH '-' FROM regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g')) $$;
CREATE FUNCTION purchases_of(number bigint)
RETURNS TABLE (id int, placed_at timestamptz, sent_at timestamptz, lines bigint)
LANGUAGE sql STABLE AS $$
SELECT p.id, p.placed_at, p.sent_at, count(line.position)
FROM purchase AS p LEFT JOIN line ON line.purchase = p.id
WHERE p.customer = number GROUP BY p.id $$;
CREATE FUNCTION masked(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
AS $$ BEGIN RETURN nullif(left(value, 1), 'x'); END $$;
"""

ROWS = """
INSERT INTO customer VALUES
(1, 'ann@x.org', 'Ann', '1', '1990-01-01', NULL, NULL, 3, '{"lang": "en", "a": null}'),
(2, 'bob@x.org', 'Bob', NULL, NULL, 1, '2025-01-01', NULL, '{}'),
(3, 'cee@x.org', 'Cee', NULL, NULL, 99, NULL, 'NaN', '[]'),
(4, 'xen@x.org', 'xen', 'x', NULL, 1, NULL, 0, 'null'),
(5, '', '', NULL, NULL, NULL, NULL, NULL, '{}');
INSERT INTO category VALUES
(1, NULL, 'All', 'all'), (2, 1, 'Books', NULL), (3, 2, 'Novels', 'n'), (4, NULL, '', NULL);
INSERT INTO product VALUES
(1, 3, 'b-1', 'A book', 10, NULL, 1.5, 3, '{"pages": 100, "isbn": null}', NULL, '{new}'),
(2, NULL, 'b-2', 'Another', 0, 0.5, NULL, 0, NULL, '2025-01-01', '{}'),
(3, 77, 'c-1', 'Pen', 2, 1, 'NaN', 1, '{}', NULL, '{NULL,sale}'),
(4, 2, 'c-2', 'Ink', 5, NULL, 0, 9, 'null', '2030-01-01', '{new,sale}');
INSERT INTO purchase VALUES
(1, 1, '2025-01-01+00', '2025-01-02+00', 'sent', NULL, 'c', 20),
(2, 1, '2025-02-01+00', NULL, 'open', 'n', NULL, NULL),
(3, 98, '2025-03-01+00', NULL, 'cancelled', NULL, NULL, 0),
(4, 2, '2025-03-02+00', NULL, 'open', NULL, NULL, NULL),
(5, 3, 'infinity', '-infinity', 'paid', NULL, NULL, 5);
INSERT INTO line VALUES
(1, 1, 1, 2, 10, NULL), (1, 2, NULL, 1, 0, 'gift'), (2, 1, 66, 1, 1, NULL),
(5, 1, 2, 3, 2, NULL);
INSERT INTO payment VALUES
(1, 1, 20, '2025-01-01+00', 'card', 'r1'), (2, 5, 0, NULL, NULL, NULL),
(3, 55, 1, NULL, 'cash', NULL), (4, 5, 5, '2025-01-03+00', NULL, NULL);
INSERT INTO review VALUES
(1, 1, 1, 5, 'good', '2025-01-01+00'), (2, 1, NULL, 1, NULL, '2025-01-02+00'),
(3, 44, 97, 3, NULL, '2025-01-02+00'), (4, 2, 2, 4, '', '2025-02-01+00');
INSERT INTO department VALUES (1, 'sales', 100, 1), (2, 'empty', NULL, NULL), (3, '', 5, 66);
INSERT INTO employee VALUES
(1, NULL, 1, 'Eva', 100, '2020-01-01', NULL), (2, 1, 1, 'Fin', NULL, '2021-01-01', '2022-01-01'),
(3, 2, NULL, 'Gus', 50, '2021-01-01', NULL), (4, 88, 9, 'Hal', NULL, '2022-01-01', NULL),
(5, 1, 3, 'Ida', NULL, 'infinity', NULL);
INSERT INTO article (id, author, title, body, published_at) VALUES
(1, 1, 'Hello', 'some words', '2025-01-01+00'), (2, NULL, 'Draft', NULL, NULL),
(3, 87, 'words', NULL, 'infinity');
INSERT INTO event VALUES
('2025-05-01+00', 'login', '{"ip": "1", "n": null}', 1), ('2025-05-01+00', 'logout', NULL, NULL),
('infinity', 'login', '[]', 86), ('2026-05-01+00', 'sale', '{"n": 2}', NULL);
INSERT INTO posting VALUES
(1, 1, 10, '2025-01-01', 'm'), (2, 1, -3, NULL, NULL), (3, 2, 5, 'infinity', NULL);
INSERT INTO message VALUES
(1, 1, 1, '2025-01-01+00', 'hi', NULL, NULL), (2, 1, NULL, '2025-01-02+00', NULL, NULL, 1),
(3, 1, 85, '2025-01-03+00', 'x', '2025-01-04+00', 84), (4, 2, 2, '2025-01-01+00', NULL, NULL, NULL),
(5, 3, 1, '2025-01-01+00', 'y', NULL, 2), (6, 4, NULL, '2025-01-01+00', 'z', NULL, NULL);
INSERT INTO task VALUES
(1, 'a', '{"to": null}', '2025-01-01+00', NULL, NULL, 0, NULL),
(2, 'a', '{}', '2025-01-01+00', 'w', '2025-01-02+00', 1, 'e'),
(3, 'b', '{"to": "x"}', 'infinity', 'w', '2025-01-02+00', 2, NULL);
INSERT INTO booking VALUES
(1, 1, '[2025-01-01, 2025-01-02)', 'g'), (2, 1, '[2025-02-01,)', NULL),
(3, 2, 'empty', NULL), (4, 3, '(,2025-01-01)', 'h');
INSERT INTO reading VALUES
(1, '2025-01-01+00', 1), (1, '2025-01-01 00:10+00', NULL), (1, '2025-01-01 01:00+00', 'NaN'),
(2, '2025-01-02+00', NULL);
INSERT INTO setting VALUES ('a', '1'), ('b', NULL);
"""

#: What leaves other sides of joins unmatched before a query runs.
WORLDS = (
    "DELETE FROM line; DELETE FROM payment; DELETE FROM review; DELETE FROM customer;"
    "DELETE FROM department; DELETE FROM category; DELETE FROM article",
    "DELETE FROM purchase; DELETE FROM product; DELETE FROM employee;"
    "DELETE FROM event; DELETE FROM message; DELETE FROM task",
)


def large_rows(count: int) -> str:
    """Return what fills tables until any statistics differ from before."""
    return f"""
INSERT INTO customer SELECT 1000 + n, 'mail' || n, 'name', 'phone', '2000-01-01', 1
FROM generate_series(1, {count}) AS n;
INSERT INTO product (id, category, sku, title, price, discount, weight)
SELECT 1000 + n, 1, 'sku' || n, 'title', n, 1, 1 FROM generate_series(1, {count}) AS n;
INSERT INTO purchase (id, customer, sent_at, note, coupon, total)
SELECT 1000 + n, 1000 + n, now(), 'note', 'coupon', n
FROM generate_series(1, {count}) AS n;
INSERT INTO line SELECT 1000 + n, 1, 1000 + n, 1, 1, 'comment'
FROM generate_series(1, {count}) AS n;
"""
