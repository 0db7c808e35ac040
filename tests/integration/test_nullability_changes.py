"""Partitions that come and go, triggers of replicas, and views that are barriers."""

# ruff: noqa: E501  (one trap a line reads best)
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from datalayer.codegen.inference.conclusion import infer
from datalayer.server import Server, scratch_database

VISIT = """
CREATE TABLE visit (id int NOT NULL, town text NOT NULL, note text)
PARTITION BY LIST (id);
CREATE TABLE visit_1 (note text NOT NULL, town text NOT NULL, id int NOT NULL);
ALTER TABLE visit_1 DROP COLUMN note;
ALTER TABLE visit_1 ADD COLUMN note text;
ALTER TABLE visit ATTACH PARTITION visit_1 FOR VALUES IN (1);
"""
STRICT = "ALTER TABLE visit_1 ALTER COLUMN note SET NOT NULL;"
DETACHED = """
ALTER TABLE visit DETACH PARTITION visit_1;
ALTER TABLE visit_1 ALTER COLUMN town DROP NOT NULL;
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES IN (2);
"""
LATE = """
INSERT INTO visit VALUES (1, 'a', NULL);
ALTER TABLE visit ADD CONSTRAINT noted NOT NULL note NOT VALID;
CREATE TABLE visit_2 (LIKE visit_1);
ALTER TABLE visit_2 ALTER COLUMN note SET NOT NULL;
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES IN (2);
INSERT INTO visit VALUES (2, 'a', 'n');
"""
BARRIERS = """
CREATE VIEW noted WITH (security_barrier) AS
SELECT id, town, note FROM visit WHERE note IS NOT NULL;
CREATE VIEW invoked WITH (security_invoker, security_barrier) AS
SELECT n.id, n.note, v.note AS other FROM noted AS n LEFT JOIN visit AS v ON v.id > n.id;
"""
TOLD = """
CREATE TABLE told (id int PRIMARY KEY, word text, must text NOT NULL);
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN new.word := NULL; RETURN new; END$$;
CREATE TRIGGER forget BEFORE INSERT OR UPDATE ON told
FOR EACH ROW EXECUTE FUNCTION forget();
"""
REPLICA = "SET LOCAL session_replication_role = replica;"
INSERT = "INSERT INTO told VALUES (1, 'w', 'm') RETURNING word, must"


@dataclass(frozen=True, slots=True)
class Trap:
    """A schema, what happens to it and its rows, and a query; see `Case`."""

    name: str
    schema: str
    rows: str
    query: str
    expected: str
    since: int = 16


TRAPS = [
    Trap("readded", VISIT, "INSERT INTO visit VALUES (1, 'a', NULL)", "SELECT id, town, note FROM visit", "!!?"),
    Trap("readded_itself", VISIT, "INSERT INTO visit VALUES (1, 'a', NULL)", "SELECT id, town, note FROM visit_1", "!!?"),
    Trap("stricter_itself", VISIT + STRICT, "INSERT INTO visit VALUES (1, 'a', 'n')", "SELECT note FROM visit_1", "!"),
    # Another partition need not be as strict, and one is attached later.
    Trap("stricter", VISIT + STRICT, "CREATE TABLE visit_2 (LIKE visit); INSERT INTO visit_2 VALUES (2, 'a', NULL); ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES IN (2)", "SELECT note FROM visit", "?"),
    Trap("checked", VISIT + "ALTER TABLE visit ADD CHECK (note IS NOT NULL);", "INSERT INTO visit VALUES (1, 'a', 'n')", "SELECT v.note, w.note FROM visit AS v, visit_1 AS w", "!!"),
    Trap("detached", VISIT + DETACHED, "INSERT INTO visit VALUES (2, 'a', NULL); INSERT INTO visit_1 VALUES (NULL, 7, 'n')", "SELECT town, note FROM visit", "!?"),
    Trap("detached_itself", VISIT + DETACHED, "INSERT INTO visit_1 (id, town) VALUES (7, NULL)", "SELECT id, town FROM visit_1", "!?"),
    Trap("late", VISIT + LATE, "", "SELECT note FROM visit", "?", since=18),
    Trap("late_itself", VISIT + LATE, "", "SELECT note FROM visit_1", "?", since=18),
    Trap("in_time_itself", VISIT + LATE, "", "SELECT note FROM visit_2", "!", since=18),
    Trap("barrier", VISIT + BARRIERS, "INSERT INTO visit VALUES (1, 'a', NULL), (1, 'b', 'n')", "SELECT id, town, note FROM noted", "!!!"),
    Trap("barriers", VISIT + BARRIERS, "INSERT INTO visit VALUES (1, 'a', NULL), (1, 'b', 'n')", "SELECT id, note, other FROM invoked", "!!?"),
    Trap("barrier_written", VISIT + BARRIERS, "INSERT INTO visit VALUES (1, 'a', 'n')", "UPDATE noted SET note = NULL RETURNING town, note", "!?"),
    Trap("barrier_filled", VISIT + BARRIERS, "", "INSERT INTO noted VALUES (1, 'a', NULL) RETURNING town, note", "!?"),
    Trap("trigger", TOLD, "", INSERT, "?!"),
    Trap("trigger_of_replicas", TOLD + "ALTER TABLE told ENABLE REPLICA TRIGGER forget;", REPLICA, INSERT, "?!"),
    Trap("trigger_always", TOLD + "ALTER TABLE told ENABLE ALWAYS TRIGGER forget;", REPLICA, INSERT, "?!"),
    # Nothing says that it stays so.
    Trap("trigger_disabled", TOLD + "ALTER TABLE told DISABLE TRIGGER forget;", "ALTER TABLE told ENABLE TRIGGER forget", INSERT, "?!"),
    Trap("trigger_in_replicas", TOLD, REPLICA, INSERT, "~!"),
]  # fmt: skip

#: What would make NULL come back where a parent refuses it, and is refused itself.
REFUSED = {
    "attach_nullable": "CREATE TABLE n (id int NOT NULL, town text, note text);"
    " ALTER TABLE visit ATTACH PARTITION n FOR VALUES IN (3)",
    "attach_unchecked": "ALTER TABLE visit ADD CONSTRAINT c CHECK (note IS NOT NULL);"
    " CREATE TABLE n (id int NOT NULL, town text NOT NULL, note text);"
    " ALTER TABLE n ADD CONSTRAINT c CHECK (note IS NOT NULL) NOT VALID;"
    " ALTER TABLE visit ATTACH PARTITION n FOR VALUES IN (3)",
    "drop_in_a_partition": "ALTER TABLE visit_1 ALTER COLUMN town DROP NOT NULL",
    "null_of_a_replica": f"{REPLICA} INSERT INTO visit VALUES (1, NULL, 'n')",
}


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[psycopg.Connection]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as opened,
    ):
        yield opened


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_what_changes_does_not_make_it_untrue(
    trap: Trap, database: psycopg.Connection
) -> None:
    if database.info.server_version // 10_000 < trap.since:
        pytest.skip(f"needs PostgreSQL {trap.since}")
    with database.transaction(force_rollback=True):
        database.execute(trap.schema.encode())

        inferred = infer(database, trap.query, [])

        database.execute(trap.rows.encode() or b"SELECT 1")
        rows = database.execute(trap.query.encode()).fetchall()
    concluded = ["?" if column.nullable else "!" for column in inferred.columns]
    seen = ["?" if None in column else "!" for column in zip(*rows, strict=True)]
    assert "".join(concluded) == trap.expected.replace("~", "?")
    assert "".join(seen) == trap.expected.replace("~", "!")


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_make_it_untrue_is_refused(
    name: str, database: psycopg.Connection
) -> None:
    with database.transaction(force_rollback=True):
        database.execute(VISIT.encode())

        with pytest.raises(psycopg.Error), database.transaction():
            database.execute(REFUSED[name].encode())


def test_a_replica_stores_what_no_foreign_key_has_looked_at(
    database: psycopg.Connection,
) -> None:
    """The page on nullability tells of it: nothing in the catalogue does."""
    query = "SELECT t.name FROM trip LEFT JOIN town AS t ON t.id = trip.town"
    with database.transaction(force_rollback=True):
        database.execute(
            b"CREATE TABLE town (id int PRIMARY KEY, name text NOT NULL);"
            b"CREATE TABLE trip (town int NOT NULL REFERENCES town)"
        )
        database.execute(f"{REPLICA} INSERT INTO trip VALUES (7)".encode())

        (column,) = infer(database, query, []).columns
        rows = database.execute(query).fetchall()
    assert not column.nullable
    assert rows == [(None,)]
