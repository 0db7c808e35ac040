CREATE DOMAIN address AS jsonb CHECK (jsonb_typeof(value) = 'object');
CREATE TABLE customer (
    id int PRIMARY KEY,
    profile jsonb NOT NULL,
    home address,
    settings json,
    visits jsonb[] NOT NULL,
    orders jsonb NOT NULL,
    notes jsonb
);
