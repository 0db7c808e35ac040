CREATE SCHEMA extensions;
CREATE EXTENSION citext;
CREATE EXTENSION cube;
CREATE EXTENSION hstore SCHEMA extensions;
CREATE EXTENSION isn;
CREATE EXTENSION ltree;
CREATE TABLE item (
    id int PRIMARY KEY,
    areas box[],
    attributes extensions.hstore NOT NULL,
    former extensions.hstore[],
    isbn isbn13,
    names citext[] NOT NULL,
    path ltree,
    paths ltree[],
    place cube
);
