"""Tables for random queries, and random rows for them."""

from __future__ import annotations

from random import Random

SCHEMA = """
CREATE TABLE t1 (
    a int PRIMARY KEY, b int, c int NOT NULL, d text, e text NOT NULL, f boolean,
    g int[], j jsonb, CHECK (b IS NOT NULL OR d IS NOT NULL)
);
CREATE TABLE t2 (
    a int NOT NULL, b int UNIQUE, c int NOT NULL, d text, e text NOT NULL,
    f boolean NOT NULL, g int[] NOT NULL, j jsonb, PRIMARY KEY (a, c),
    CHECK (f OR d IS NOT NULL), CHECK ((b IS NULL) = (d IS NULL))
);
CREATE TABLE t3 (
    a int, b int, c int, d text, e text, f boolean, g int[], j jsonb
);
CREATE VIEW v1 AS
SELECT t1.a, t2.b, t1.c, t1.d, t2.e, t2.f, t2.g, t1.j
FROM t1 LEFT JOIN t2 ON t1.a = t2.a AND t1.b IS NOT NULL;
"""
COLUMNS = {
    "a": "int",
    "b": "int",
    "c": "int",
    "d": "text",
    "e": "text",
    "f": "bool",
    "g": "array",
    "j": "json",
}
VALUES = {
    "int": ["0", "1", "2", "3"],
    "text": ["''", "'a'", "'b'", "'1'"],
    "bool": ["true", "false"],
    "array": ["'{}'::int[]", "'{1,2}'::int[]", "'{1,NULL}'::int[]", "'{NULL}'::int[]"],
    "json": [
        "'{\"a\": 1}'::jsonb",
        "'{\"a\": null}'::jsonb",
        "'null'::jsonb",
        "'[1]'::jsonb",
    ],
}
NULLS = {
    "int": "NULL::int",
    "text": "NULL::text",
    "bool": "NULL::boolean",
    "array": "NULL::int[]",
    "json": "NULL::jsonb",
}


def random_rows(random: Random) -> list[str]:
    """Return INSERT statements; one that breaks a constraint is to be ignored."""
    found: list[str] = []
    for table in ("t1", "t2", "t3"):
        share = random.choice([0.1, 0.4, 0.8])
        for _ in range(random.choice([0, 1, 3, 5])):
            values = [
                NULLS[kind] if random.random() < share else random.choice(VALUES[kind])
                for kind in COLUMNS.values()
            ]
            found.append(f"INSERT INTO {table} VALUES ({', '.join(values)})")
    return found
