"""Foreign keys that an outer join follows, and all that makes one untrue."""

# ruff: noqa: E501  (one case a line reads best)
from __future__ import annotations

from nullability_cases import Case

SCHEMA = """
CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL);
CREATE TABLE region (
    country text, number int, title text NOT NULL, PRIMARY KEY (country, number)
);
CREATE TABLE area (id int PRIMARY KEY, title text NOT NULL) PARTITION BY LIST (id);
CREATE TABLE area_1 PARTITION OF area FOR VALUES IN (1);
CREATE TABLE area_2 PARTITION OF area FOR VALUES IN (2);
CREATE TABLE town (
    id int PRIMARY KEY,
    country text NOT NULL REFERENCES country,
    region int NOT NULL,
    twin int REFERENCES town,
    area int NOT NULL REFERENCES area,
    later text NOT NULL REFERENCES country DEFERRABLE,
    FOREIGN KEY (country, region) REFERENCES region
);
CREATE TABLE unchecked_town (id int PRIMARY KEY, country text NOT NULL);
CREATE TABLE disabled_town (id int PRIMARY KEY, country text NOT NULL REFERENCES country);
CREATE TABLE upper_town (id int PRIMARY KEY, country text NOT NULL REFERENCES country);
CREATE TABLE lower_town () INHERITS (upper_town);
CREATE TABLE kept_town (
    id int PRIMARY KEY,
    country text NOT NULL REFERENCES country ON DELETE CASCADE,
    region int NOT NULL
);
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep_row BEFORE DELETE ON kept_town
FOR EACH ROW EXECUTE FUNCTION keep_row();
CREATE VIEW town_of_country AS
SELECT town.id, country.name FROM town LEFT JOIN country ON country.code = town.country;
"""

ROWS = """
INSERT INTO country VALUES ('a', 'aland'), ('b', 'bland'), ('c', 'cland'), ('d', 'dland');
INSERT INTO region VALUES ('a', 1, 'north'), ('b', 1, 'south'), ('b', 3, 'west');
INSERT INTO area VALUES (1, 'one'), (2, 'two');
INSERT INTO town VALUES
(1, 'a', 1, NULL, 1, 'a'), (2, 'b', 1, 1, 2, 'b'), (3, 'b', 3, NULL, 2, 'a');
INSERT INTO unchecked_town VALUES (1, 'x');
ALTER TABLE unchecked_town ADD FOREIGN KEY (country) REFERENCES country NOT VALID;
ALTER TABLE disabled_town DISABLE TRIGGER ALL;
INSERT INTO disabled_town VALUES (1, 'x');
INSERT INTO upper_town VALUES (1, 'a');
INSERT INTO lower_town VALUES (2, 'x');
INSERT INTO kept_town VALUES (1, 'c', 1);
DELETE FROM country WHERE code = 'c';
"""

#: What a transaction may do before a query runs: the key is checked at its end.
WORLDS = ("SET CONSTRAINTS ALL DEFERRED; UPDATE town SET later = 'x'",)

CASES = [
    Case("key_left", "SELECT t.id, c.code, c.name FROM town AS t LEFT JOIN country AS c ON c.code = t.country", "!!!"),
    Case("key_right", "SELECT t.id, c.name FROM country AS c RIGHT JOIN town AS t ON t.country = c.code", "!!"),
    Case("key_full", "SELECT t.id, c.name FROM town AS t FULL JOIN country AS c ON c.code = t.country WHERE c.code IS DISTINCT FROM 'z'", "?!"),
    Case("key_backwards", "SELECT c.name, t.id FROM country AS c LEFT JOIN town AS t ON t.country = c.code", "!?"),
    Case("key_of_another_column", "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.name = t.country", "?"),
    Case("key_of_another_table", "SELECT c.name FROM region AS r LEFT JOIN country AS c ON c.code = r.title", "?"),
    Case("key_of_two_columns", "SELECT r.title FROM town AS t LEFT JOIN region AS r ON r.country = t.country AND r.number = t.region", "!"),
    Case("key_crossed", "SELECT r.title FROM town AS t LEFT JOIN region AS r ON r.country = t.country AND r.number = t.id", "?"),
    Case("key_and_more", "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.code = t.country AND c.name > 'b'", "?"),
    Case("key_and_more_about_the_town", "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.code = t.country AND t.id > 1", "?"),
    Case("key_unequal", "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.code < t.country", "?"),
    Case("key_of_null", "SELECT u.id FROM town AS t LEFT JOIN town AS u ON u.id = t.twin", "?"),
    Case("key_that_where_proves", "SELECT u.id, u.country FROM town AS t LEFT JOIN town AS u ON u.id = t.twin WHERE t.twin > 0", "!!"),
    Case("key_of_a_key", "SELECT c.name, r.title FROM town AS t LEFT JOIN country AS c ON c.code = t.country LEFT JOIN region AS r ON r.country = t.country AND r.number = t.region", "!!"),
    Case("key_of_a_gap", "SELECT c.name FROM person AS p LEFT JOIN town AS t ON t.id = p.id LEFT JOIN country AS c ON c.code = t.country", "?"),
    Case("key_inside_a_gap", "SELECT c.name, coalesce(c.name, p.name) FROM person AS p LEFT JOIN (town AS t LEFT JOIN country AS c ON c.code = t.country) ON t.id = p.id", "?!"),
    Case("key_inside_a_match", "SELECT c.name FROM person AS p LEFT JOIN (town AS t LEFT JOIN country AS c ON c.code = t.country) ON t.id = p.id WHERE t.id > 0", "!"),
    Case("key_of_a_filtered_side", "SELECT c.name FROM town AS t LEFT JOIN (SELECT * FROM country WHERE name > 'b') AS c ON c.code = t.country", "?"),
    Case("key_sampled", "SELECT c.name FROM town AS t LEFT JOIN country AS c TABLESAMPLE bernoulli (0) ON c.code = t.country", "?"),
    Case("key_of_partitions", "SELECT a.title FROM town AS t LEFT JOIN area AS a ON a.id = t.area", "!"),
    Case("key_of_one_partition", "SELECT a.title FROM town AS t LEFT JOIN area_1 AS a ON a.id = t.area", "?"),
    Case("key_of_no_partition", "SELECT a.title FROM town AS t LEFT JOIN ONLY area AS a ON a.id = t.area", "?"),
    Case("key_deferred", "SELECT c.name FROM town AS t LEFT JOIN country AS c ON c.code = t.later", "?"),
    Case("key_not_valid", "SELECT c.name FROM unchecked_town AS t LEFT JOIN country AS c ON c.code = t.country", "?"),
    Case("key_disabled", "SELECT c.name FROM disabled_town AS t LEFT JOIN country AS c ON c.code = t.country", "?"),
    Case("key_not_inherited", "SELECT c.name FROM upper_town AS t LEFT JOIN country AS c ON c.code = t.country", "?"),
    Case("key_without_children", "SELECT c.name FROM ONLY upper_town AS t LEFT JOIN country AS c ON c.code = t.country", "!"),
    Case("key_kept_by_a_trigger", "SELECT c.name FROM kept_town AS t LEFT JOIN country AS c ON c.code = t.country", "?"),
    Case("key_in_a_view", "SELECT id, name FROM town_of_country", "!!"),
    Case("key_in_a_subquery", "SELECT (SELECT max(c.name) FROM town AS t LEFT JOIN country AS c ON c.code = t.country GROUP BY t.id HAVING t.id = 1), EXISTS (SELECT FROM town)", "?!"),
    Case("key_in_groups", "SELECT t.region, max(c.name), count(c.name) FROM town AS t LEFT JOIN country AS c ON c.code = t.country GROUP BY t.region", "!!!"),
]  # fmt: skip
