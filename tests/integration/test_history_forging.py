"""A role that may write the table cannot write its history, whatever it tries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from datalayer.history import HistoryOptions, check_histories
from datalayer.migrate import migrate
from datalayer.server import Server, scratch_database
from history_tables import add_history, write_project

_COLUMNS = "operation, entity_id, entity_ref, new_values"
_FORGED = "'INSERT', -1, 'forged', '{\"status\": \"busy\"}'"
_IS_FORGED = "SELECT EXISTS (SELECT FROM worker_history WHERE entity_id = -1)"


@dataclass(frozen=True)
class Attack:
    """What somebody tries, what would let it succeed, and how success shows."""

    statements: str
    weaken: str
    succeeded: str = _IS_FORGED


ATTACKS = {
    "insert into the history": Attack(
        f"INSERT INTO worker_history ({_COLUMNS}) VALUES ({_FORGED})",
        "GRANT INSERT ON worker_history TO app",
    ),
    "insert into a partition": Attack(
        # Before PostgreSQL 17 a partition has no identity of its own.
        f"INSERT INTO worker_history_default (seq, {_COLUMNS})"
        f" OVERRIDING SYSTEM VALUE VALUES (0, {_FORGED})",
        "GRANT INSERT ON worker_history_default TO app;"
        "GRANT USAGE ON SEQUENCE worker_history_seq_seq TO app",
    ),
    "set the sequence back": Attack(
        "SELECT setval('worker_history_seq_seq', 999999)",
        "GRANT UPDATE ON SEQUENCE worker_history_seq_seq TO app",
        "SELECT last_value = 999999 FROM worker_history_seq_seq",
    ),
    "hang the function on a table of one's own": Attack(
        "CREATE TEMP TABLE forgery (LIKE worker INCLUDING DEFAULTS);"
        "CREATE TRIGGER forge AFTER INSERT ON forgery"
        " FOR EACH ROW EXECUTE FUNCTION record_worker_history();"
        "INSERT INTO forgery (id, name, worker_type, worker_role)"
        " VALUES (-1, 'forged', 'local', 'action')",
        "GRANT EXECUTE ON FUNCTION record_worker_history() TO app;"
        "GRANT USAGE ON SEQUENCE worker_id_seq TO app",
    ),
    "replace the function": Attack(
        "CREATE OR REPLACE FUNCTION record_worker_history() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
        "UPDATE worker SET status = 'busy'",
        "GRANT CREATE ON SCHEMA public TO app;"
        "ALTER FUNCTION record_worker_history() OWNER TO app",
        "SELECT status = 'busy' AND NOT EXISTS"
        " (SELECT FROM worker_history WHERE operation = 'UPDATE') FROM worker",
    ),
    "put a temporary table in the place of the history": Attack(
        "CREATE TEMP TABLE worker_history (operation text, entity_id bigint,"
        " entity_ref text, changed_fields text[], old_values jsonb, new_values jsonb);"
        "SET search_path = pg_temp, public;"
        "UPDATE worker SET status = 'busy'",
        "ALTER FUNCTION record_worker_history() RESET search_path",
        "SELECT status = 'busy' AND NOT EXISTS"
        " (SELECT FROM public.worker_history WHERE operation = 'UPDATE') FROM worker",
    ),
    "put a function in the place of another": Attack(
        "CREATE FUNCTION public.jsonb_build_object(text, worker_status) RETURNS jsonb"
        ' LANGUAGE sql RETURN \'{"status": "forged"}\'::jsonb;'
        "UPDATE worker SET status = 'busy'",
        "GRANT CREATE ON SCHEMA public TO app",
        "SELECT EXISTS"
        " (SELECT FROM worker_history WHERE new_values ->> 'status' = 'forged')",
    ),
    "rewrite what is there": Attack(
        "UPDATE worker_history SET entity_id = -1",
        "GRANT SELECT, UPDATE ON worker_history TO app;"
        "DROP TRIGGER worker_history_append_only ON worker_history",
    ),
    "delete what is there": Attack(
        "DELETE FROM worker_history",
        "GRANT DELETE ON worker_history TO app;"
        "DROP TRIGGER worker_history_append_only ON worker_history",
        "SELECT NOT EXISTS (SELECT FROM worker_history)",
    ),
    "empty the history": Attack(
        "TRUNCATE worker_history",
        "GRANT TRUNCATE ON worker_history TO app;"
        "DROP TRIGGER worker_history_refuse_truncate ON worker_history;"
        "DROP TRIGGER worker_history_refuse_truncate ON worker_history_default",
        "SELECT NOT EXISTS (SELECT FROM worker_history)",
    ),
    "empty the table": Attack(
        "TRUNCATE worker",
        "GRANT TRUNCATE ON worker TO app;"
        "DROP TRIGGER worker_history_refuse_truncate ON worker",
        "SELECT NOT EXISTS (SELECT FROM worker)",
    ),
    "change the key": Attack(
        "UPDATE worker SET id = -1",
        "DROP TRIGGER worker_history_refuse_key_change ON worker",
        "SELECT EXISTS (SELECT FROM worker WHERE id = -1)",
    ),
    "disable the trigger": Attack(
        "ALTER TABLE worker DISABLE TRIGGER worker_history_trigger",
        "GRANT CREATE ON SCHEMA public TO app; ALTER TABLE worker OWNER TO app",
        "SELECT tgenabled = 'D' FROM pg_trigger"
        " WHERE tgname = 'worker_history_trigger' AND tgrelid = 'worker'::regclass",
    ),
}
every_attack = pytest.mark.parametrize("name", ATTACKS)


@pytest.fixture
def target(database_url: str) -> Iterator[psycopg.Connection]:
    """A transaction with a worker, and a role that may do anything with workers."""
    connection = psycopg.connect(database_url)
    connection.execute("CREATE ROLE app")
    connection.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON worker TO app")
    connection.execute(
        "INSERT INTO worker (name, worker_type, worker_role) "
        "VALUES ('one', 'local', 'action')"
    )
    yield connection
    # The role belongs to the server, not to the database.
    connection.rollback()
    connection.close()


def succeeds(connection: psycopg.Connection, attack: Attack) -> bool:
    """Tell whether an attack by the role `app` reaches its end."""
    connection.execute("SET LOCAL SESSION AUTHORIZATION app")
    try:
        with connection.transaction():
            connection.execute(attack.statements.encode())
    except psycopg.Error:
        pass
    connection.execute("RESET SESSION AUTHORIZATION")
    connection.execute("SET LOCAL search_path = public")
    row = connection.execute(attack.succeeded.encode()).fetchone()
    assert row is not None
    return bool(row[0])


@every_attack
def test_an_attack_fails(target: psycopg.Connection, name: str) -> None:
    assert not succeeds(target, ATTACKS[name])


@every_attack
def test_the_same_attack_succeeds_where_it_was_allowed(
    target: psycopg.Connection, name: str
) -> None:
    attack = ATTACKS[name]
    target.execute(attack.weaken.encode())

    assert succeeds(target, attack)


# What default privileges grant


_NOTE = "CREATE TABLE note (id int PRIMARY KEY, body text);\n"
_GENEROUS = """
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO public;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO public;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO public;
"""
_CLOSING = "SELECT datalayer_close_history('note_history');"
_REVOKING = "REVOKE ALL ON FUNCTION record_note_history() FROM public;"
_PROTECTING = (
    "SELECT datalayer_protect_partition('note_history', 'note_history_default');"
)


@pytest.fixture
def visitor(server: Server) -> Iterator[str]:
    """A role that can log in and has no rights of its own."""
    name = "history_visitor"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN".encode())
        yield name
        connection.execute(f"DROP ROLE {name}".encode())


def forging_rights(server: Server, folder: Path, *removed: str) -> list[str]:
    """Return what somebody could do after default privileges granted everything."""
    migrations = write_project(folder, note=_NOTE)
    added = add_history(migrations, HistoryOptions("note", track=("body",)), server)
    (file,) = added.migrations
    text = file.text
    for line in removed:
        assert line in text
        text = text.replace(line, "")
    file.path.write_text(text)
    with scratch_database(server.url()) as url:
        with psycopg.connect(url) as connection:
            connection.execute(_GENEROUS)
        migrate(url, migrations)
        with psycopg.connect(url) as connection:
            connection.execute("SELECT datalayer_maintain()")
        found = check_histories(url).findings
    return [f.message for f in found if f.kind == "can-forge"]


def test_default_privileges_give_nothing_of_the_history(
    server: Server, visitor: str, tmp_path: Path
) -> None:
    rights = forging_rights(server, tmp_path)

    assert rights == [
        # Of the table, which nobody closes.
        f"the role `{visitor}` can create triggers on `note` that fire before that of "
        "history",
    ]


@pytest.mark.parametrize(
    ("removed", "right"),
    [
        pytest.param((_CLOSING,), "can write `note_history`", id="closing"),
        pytest.param((_REVOKING,), "can hang `record_note_history()`", id="revoking"),
    ],
)
def test_without_its_last_lines_it_would_be_open(
    server: Server, visitor: str, tmp_path: Path, removed: tuple[str, ...], right: str
) -> None:
    rights = forging_rights(server, tmp_path, *removed)

    assert [text for text in rights if right in text] != []
