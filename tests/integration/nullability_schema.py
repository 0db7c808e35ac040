"""Tables and adversarial rows for the tests of nullability: NULL wherever it may be."""

from __future__ import annotations

#: What version 18 says in its own way, and how the older ones come close to it.
_SINCE_18 = """
CREATE TABLE parent_table (id int PRIMARY KEY, word text NOT NULL NO INHERIT);
ALTER TABLE late_table ADD CONSTRAINT word_exists NOT NULL word NOT VALID;
"""
_BEFORE_18 = """
CREATE TABLE parent_table (
    id int PRIMARY KEY, word text CHECK (word IS NOT NULL) NO INHERIT
);
"""
_EARLY = """
CREATE TABLE listed (
    id int PRIMARY KEY,
    whole text[] CHECK (id > 0 AND array_position(whole, NULL) IS NULL),
    short varchar(9)[] CHECK (array_position(short, NULL) IS NULL),
    other text[] CHECK (array_position(other, 'x') IS NULL),
    tail text[] CHECK (array_position(tail, NULL, 2) IS NULL),
    maybe text[] CHECK (id > 1 OR array_position(maybe, NULL) IS NULL),
    late text[] CHECK (array_position(late, NULL) IS NOT NULL)
);
INSERT INTO listed VALUES (2, '{a}', '{b}', '{NULL}', '{NULL}', '{NULL}', '{NULL}');
ALTER TABLE listed DROP CONSTRAINT listed_late_check;
ALTER TABLE listed ADD CHECK (array_position(late, NULL) IS NULL) NOT VALID;
CREATE TABLE late_table (id int PRIMARY KEY, word text);
INSERT INTO late_table VALUES (1, NULL), (2, 'w');
"""
_SCHEMA = """
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN numbers AS int[];
CREATE DOMAIN required AS text NOT NULL;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE place AS (street text, number int);
CREATE TABLE person (
    id int PRIMARY KEY,
    name text NOT NULL,
    nick text,
    age int,
    boss int,
    active boolean,
    tags text[],
    data jsonb,
    feeling mood,
    home place
);
CREATE TABLE pet (
    id int PRIMARY KEY,
    owner int,
    name text NOT NULL,
    kind text,
    born timestamp,
    badge text UNIQUE
);
CREATE TABLE toy (
    pet int NOT NULL,
    number int NOT NULL,
    label text,
    price numeric,
    PRIMARY KEY (pet, number)
);
CREATE TABLE checked (
    id int PRIMARY KEY,
    always int CHECK (always IS NOT NULL),
    kind text NOT NULL,
    a int,
    b int,
    late int,
    CHECK (kind <> 'a' OR a IS NOT NULL),
    CHECK ((a IS NULL) = (b IS NULL))
);
ALTER TABLE checked ADD CHECK (late IS NOT NULL) NOT VALID;
CREATE TABLE computed (
    id int PRIMARY KEY,
    n int,
    doubled int GENERATED ALWAYS AS (n * 2) STORED,
    filled int GENERATED ALWAYS AS (coalesce(n, 0) + 1) STORED
);
CREATE TABLE defaulted (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stamp timestamptz DEFAULT now(),
    word text DEFAULT 'x',
    nothing text,
    must text NOT NULL
);
CREATE TABLE domained (id int PRIMARY KEY, word required, few positive);
CREATE TABLE child_table (id int, word text) INHERITS (parent_table);
CREATE TABLE parted (id int NOT NULL, word text NOT NULL) PARTITION BY LIST (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE triggered (id int PRIMARY KEY, word text, must text NOT NULL);
CREATE FUNCTION erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.id = 13 THEN
        RETURN NULL;
    END IF;
    new.word := NULL;
    RETURN new;
END $$;
CREATE TRIGGER erase BEFORE INSERT OR UPDATE ON triggered
FOR EACH ROW EXECUTE FUNCTION erase();
CREATE TABLE ruled (id int PRIMARY KEY, word text);
CREATE TABLE stored (id int PRIMARY KEY, word text);
CREATE RULE elsewhere AS ON UPDATE TO ruled DO INSTEAD
UPDATE stored SET word = NULL WHERE stored.id = old.id RETURNING stored.*;
CREATE VIEW adult AS SELECT id, name, nick, age FROM person WHERE age IS NOT NULL;
CREATE VIEW adult_of_adult AS SELECT id, age FROM adult WHERE id > 0;
CREATE VIEW pets AS
SELECT id, name, coalesce(kind, '') AS kind, owner FROM pet WHERE owner IS NOT NULL;
CREATE VIEW replaced AS SELECT id, word FROM ruled;
CREATE FUNCTION replace_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.id := NULL;
    RETURN new;
END $$;
CREATE TRIGGER replace_row INSTEAD OF UPDATE ON replaced
FOR EACH ROW EXECUTE FUNCTION replace_row();
CREATE VIEW owned AS
SELECT person.id, person.name, pet.id AS pet, pet.name AS pet_name
FROM person LEFT JOIN pet ON pet.owner = person.id;
CREATE FUNCTION give_null(int) RETURNS int LANGUAGE sql STRICT IMMUTABLE
AS 'SELECT NULL::int';
CREATE FUNCTION give_required() RETURNS required LANGUAGE plpgsql
AS $$ BEGIN RETURN 'word'; END $$;
CREATE FUNCTION bodied(number int) RETURNS int LANGUAGE sql
AS 'SELECT coalesce(number, 0) + 1';
CREATE FUNCTION bodied_strict(int) RETURNS int LANGUAGE sql STRICT
BEGIN ATOMIC SELECT $1 + 1; END;
CREATE FUNCTION passed_on(text) RETURNS text LANGUAGE sql RETURN $1;
CREATE FUNCTION looked_up(int) RETURNS text LANGUAGE sql STABLE
AS 'SELECT name FROM person WHERE id = $1';
CREATE FUNCTION counted(int) RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT 1; SELECT count(*) FROM pet WHERE owner = $1';
CREATE FUNCTION with_default(a int, b int DEFAULT NULL) RETURNS int LANGUAGE sql STRICT
RETURN a;
CREATE FUNCTION people(floor int) RETURNS TABLE (id int, name text, nick text)
LANGUAGE sql STABLE
AS 'SELECT p.id, p.name, p.nick FROM person AS p WHERE p.id > floor';
CREATE FUNCTION rows_of_pet() RETURNS SETOF pet LANGUAGE sql STABLE
AS 'SELECT * FROM pet';
CREATE FUNCTION whole_pets() RETURNS SETOF pet LANGUAGE sql STABLE
AS 'SELECT pet FROM pet';
CREATE FUNCTION pet_names() RETURNS SETOF text LANGUAGE sql STABLE
AS 'SELECT name FROM pet';
CREATE FUNCTION first_pet(OUT id int, OUT kind text) LANGUAGE sql STABLE
AS 'SELECT max(id), max(kind) FROM pet HAVING max(id) IS NOT NULL';
CREATE FUNCTION two_numbers(OUT a int, OUT b int) LANGUAGE sql AS 'SELECT 1, NULL::int';
CREATE FUNCTION json_number() RETURNS jsonb LANGUAGE sql RETURN 'null'::jsonb;
CREATE FUNCTION again(n int) RETURNS int LANGUAGE sql
AS 'SELECT CASE WHEN n > 0 THEN again(n - 1) ELSE 0 END';
CREATE FUNCTION added() RETURNS text LANGUAGE sql
AS 'INSERT INTO pet (id, name) VALUES (80, ''n'') RETURNING name';
CREATE FUNCTION elsewhere_named() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, public AS 'SELECT max(name) FROM person HAVING true';
CREATE FUNCTION any_of(anyelement) RETURNS anyelement LANGUAGE sql
AS 'SELECT $1';
CREATE FUNCTION of_elements(int[]) RETURNS SETOF int LANGUAGE sql
AS 'SELECT unnest($1)';
CREATE FUNCTION give_nothing() RETURNS void LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION sometimes(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN RETURN CASE WHEN $1 IS NULL THEN true WHEN $1 = 'q' THEN NULL END; END $$;
CREATE FUNCTION second_of(a int, b int DEFAULT NULL) RETURNS int LANGUAGE sql
RETURN b;
CREATE FUNCTION third_of(a int, b int DEFAULT 7, c int DEFAULT 3 * 3) RETURNS int
LANGUAGE sql AS 'SELECT a + b + c';
CREATE FUNCTION defaulted_rows(a int, b int DEFAULT 2) RETURNS TABLE (x int, y int)
LANGUAGE sql AS 'SELECT a, b';
CREATE SEQUENCE growth;
CREATE FUNCTION growing() RETURNS SETOF int LANGUAGE sql VOLATILE
AS 'SELECT generate_series(1, nextval(''growth'')::int % 3 + 1)';
CREATE AGGREGATE sum_or_zero (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE TABLE keeper (id int PRIMARY KEY, kept person);
"""

ROWS = """
INSERT INTO person VALUES
(1, 'ann', 'a', 30, NULL, true, '{x,NULL}', '{"a": 1, "n": null}', 'sad', ('s', 1)),
(2, 'bob', NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL),
(3, 'cat', '', 0, 99, false, '{}', 'null', 'happy', (NULL, NULL)),
(4, 'dan', 'q', NULL, 2, true, '{y}', '[1, null]', NULL, ('t', NULL)),
(5, 'eve', NULL, 40, 1, false, '{NULL}', '{"a": null}', 'sad', (NULL, 2)),
(6, 'fay', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO pet VALUES
(1, 1, 'rex', 'dog', '2020-01-01', 'b1'),
(2, NULL, 'sly', NULL, 'infinity', NULL),
(3, 2, 'tom', NULL, NULL, NULL),
(4, 77, 'uma', 'cat', '-infinity', 'b4'),
(5, 3, 'vic', 'dog', NULL, 'b5');
INSERT INTO toy VALUES
(1, 1, 'ball', 1.5), (1, 2, NULL, NULL), (4, 1, 'bone', 'NaN'), (88, 1, NULL, 2);
ALTER TABLE checked DROP CONSTRAINT checked_late_check;
INSERT INTO checked VALUES
(1, 1, 'a', 1, 1, NULL), (2, 2, 'b', NULL, NULL, 2), (3, 3, 'c', 5, 6, NULL);
ALTER TABLE checked ADD CHECK (late IS NOT NULL) NOT VALID;
INSERT INTO computed VALUES (1, 1), (2, NULL);
INSERT INTO defaulted (stamp, word, nothing, must) VALUES
(NULL, NULL, NULL, 'm'), (now(), 'w', 'n', 'm');
INSERT INTO domained VALUES (1, 'w', NULL), (2, 'v', 2);
INSERT INTO parent_table VALUES (1, 'w');
INSERT INTO child_table VALUES (2, NULL);
INSERT INTO parted VALUES (1, 'w');
ALTER TABLE triggered DISABLE TRIGGER erase;
INSERT INTO triggered VALUES (1, 'w', 'm'), (2, NULL, 'm');
ALTER TABLE triggered ENABLE TRIGGER erase;
INSERT INTO stored VALUES (1, 'w'), (2, NULL);
INSERT INTO ruled VALUES (1, 'w'), (2, NULL);
INSERT INTO keeper VALUES (1, NULL), (2, jsonb_populate_record(NULL::person, '{}'));
"""


def schema(major: int) -> str:
    """Return the statements that create everything on a server of that version."""
    return _EARLY + (_SINCE_18 if major >= 18 else _BEFORE_18) + _SCHEMA


#: What leaves other sides of joins unmatched before a query runs.
WORLDS = (
    "DELETE FROM pet; DELETE FROM checked; DELETE FROM domained",
    "DELETE FROM person; DELETE FROM toy; DELETE FROM computed",
)


def large_rows(count: int) -> str:
    """Return what fills tables until any statistics differ from before."""
    return f"""
INSERT INTO person (id, name, nick, age, boss, active, tags, data)
SELECT 1000 + n, 'name' || n, 'nick', n % 90, 1000 + n / 10, true, '{{t}}', '{{"a": 1}}'
FROM generate_series(1, {count}) AS n;
INSERT INTO pet SELECT 1000 + n, 1000 + n, 'pet' || n, 'dog', '2020-01-01', 'tag' || n
FROM generate_series(1, {count}) AS n;
INSERT INTO toy SELECT 1000 + n, 1, 'label', 1 FROM generate_series(1, {count}) AS n;
INSERT INTO computed (id, n) SELECT 1000 + n, n FROM generate_series(1, {count}) AS n;
"""
