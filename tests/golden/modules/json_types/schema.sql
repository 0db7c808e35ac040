CREATE TABLE document (
    id int PRIMARY KEY,
    body jsonb NOT NULL,
    meta json,
    history jsonb[]
);
