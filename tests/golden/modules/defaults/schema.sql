CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE thing (
    id int8 PRIMARY KEY,
    a_bool bool NOT NULL,
    colour colour NOT NULL,
    created date NOT NULL,
    label text NOT NULL,
    meta jsonb NOT NULL,
    note text,
    price numeric NOT NULL,
    seen timestamp NOT NULL,
    weight float8 NOT NULL
);
