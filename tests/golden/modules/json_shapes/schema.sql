CREATE TABLE customer (
    customer_id int PRIMARY KEY,
    name text NOT NULL,
    notes jsonb
);
CREATE TABLE purchase (
    purchase_id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customer,
    bought_at timestamptz NOT NULL,
    price numeric(10, 2) NOT NULL,
    receipt bytea,
    quantity int NOT NULL
);
