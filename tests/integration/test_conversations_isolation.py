"""No query shows or changes what belongs to another train."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from train_isolation_data import MINE, THEIRS, fill, forget, id_of
from train_isolation_lab import (
    ROLE,
    TABLES,
    Call,
    Database,
    Outcome,
    calls,
    queries,
    undone,
)

from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]

#: They change who is isolated, and are for the owner of the tables.
_OF_THE_OWNER = {
    "isolation.disable_train_isolation",
    "isolation.enable_train_isolation",
    "isolation.enter_train",
}
#: They return nothing that any train has.
_WITHOUT_ROWS = {"isolation.list_isolated_tables", "linking.lock_trains"}
#: They manage more than a train, and the role may not run them at all.
_MANAGING = {
    "credential.create_credential",
    "credential.delete_credential",
    "credential.link_account",
    "credential.unlink_account",
    "credential.update_account",
    "importing.advance_import",
    "importing.get_import",
    "importing.lock_import",
    "importing.restart_import",
    "statistics.refresh_hourly_stats",
    "train.create_train",
    "train.delete_train",
    "DELETE analysis_audit_log",
    "DELETE anthropic_credentials",
    "DELETE train_accounts",
    "DELETE train_default_accounts",
    "DELETE trains",
    "INSERT train_members",
    "UPDATE analysis_audit_log",
    "UPDATE train_accounts",
    "UPDATE train_default_accounts",
}
#: That somebody has an id or a hash is told by not being able to take it, too. Both are
#: too long to be guessed.
_TAKEN = {
    ("api_key.create_api_key", "theirs as mine"),
    ("request.create_request", "theirs as mine"),
}


@pytest.fixture(scope="module")
def guest(server: Server) -> Iterator[str]:
    """A role that is isolated in the databases here."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE}")
        yield ROLE
        connection.execute(f"DROP ROLE {ROLE}")


@pytest.fixture(scope="module")
def filled(server: Server, migrated_template: str, guest: str) -> Iterator[str]:
    """The name of a database with both trains, where the guest is isolated."""
    with scratch_database(server.url(), template=migrated_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            fill(connection)
            connection.execute("SELECT enable_train_isolation(%s)", [guest])
            name = connection.info.dbname
        yield name


@pytest.fixture
def shared(server: Server, filled: str) -> Iterator[Connection]:
    """A connection of the owner to a database with both trains."""
    with (
        scratch_database(server.url(), template=filled) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def alone(server: Server, filled: str) -> Iterator[Database]:
    """A database that the other train was never in."""
    with (
        scratch_database(server.url(), template=filled) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        forget(connection)
        yield Database(connection)


@pytest.fixture(scope="module")
def expected(alone: Database) -> dict[tuple[str, str], tuple[Call, Outcome]]:
    """Each call with what it returns where there is no other train."""
    return {
        (call.query, call.about): (call, alone.run(call))
        for name, function in queries().items()
        if name not in _OF_THE_OWNER
        for call in calls(name, function)
    }


Expected = dict[tuple[str, str], tuple[Call, Outcome]]


def seen(database: Database, expected: Expected) -> Iterator[tuple[str, str]]:
    """Return the calls that tell whether the other train is there, or change it."""
    for key, (call, outcome) in expected.items():
        if database.run(call) != outcome:
            yield key


def is_found_out(database: Database, expected: Expected) -> bool:
    return any(key not in _TAKEN for key in seen(database, expected))


def test_every_query_is_as_if_there_were_no_other_train(
    shared: Connection, expected: Expected
) -> None:
    """It fails with `KeyError` for a parameter that has no value in the data here."""
    assert set(seen(Database(shared), expected)) == _TAKEN


def test_a_query_with_an_argument_that_is_not_known_here_is_told() -> None:
    def new_query(connection: Connection, *, train_id: str, unheard_of: int) -> None:
        """Stand for a query that somebody adds."""

    with pytest.raises(KeyError, match="unheard_of"):
        list(calls("module.new_query", new_query))


def test_the_owner_would_see_or_change_the_other_train(
    shared: Connection, expected: Expected
) -> None:
    """So that what is tried on the guest is not tried on nothing."""
    database = Database(shared)
    same = {
        call.query
        for call, outcome in expected.values()
        if call.about == "theirs" and database.run(call, isolated=False) == outcome
    }

    assert same == _WITHOUT_ROWS


def test_a_train_sees_all_that_is_its_own(alone: Database, expected: Expected) -> None:
    different = {
        call.query
        for call, outcome in expected.values()
        if call.about == "mine" and alone.run(call, isolated=False) != outcome
    }

    assert different == _MANAGING


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_policy_is_found_out(
    shared: Connection, expected: Expected, table: str
) -> None:
    shared.execute(f"DROP POLICY train_isolation ON {table}")

    assert is_found_out(Database(shared), expected)


_MUTANTS = {
    "the view shows everything": (
        "CREATE OR REPLACE VIEW public_train.hourly_stats AS TABLE hourly_stats"
    ),
    "no train is every train": (
        "ALTER POLICY train_isolation ON trains"
        " USING (train_id = datalayer_train() OR datalayer_train() <> 'nobody')"
    ),
    "rows are hidden and can be written": (
        "ALTER POLICY train_isolation ON train_members WITH CHECK (TRUE)"
    ),
    "row-level security is off": "ALTER TABLE api_requests DISABLE ROW LEVEL SECURITY",
    "the guest reads imports": f"GRANT SELECT ON conversation_imports TO {ROLE}",
}


@pytest.mark.parametrize("mutant", _MUTANTS)
def test_a_weaker_isolation_is_found_out(
    shared: Connection, expected: Expected, mutant: str
) -> None:
    shared.execute(_MUTANTS[mutant])

    assert is_found_out(Database(shared), expected)


# Beside queries


def test_every_table_with_something_of_a_train_is_isolated_or_closed(
    shared: Connection,
) -> None:
    rows = shared.execute(
        "SELECT DISTINCT attrelid::regclass::text FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid AND relkind IN ('r', 'p', 'm')"
        " WHERE relnamespace = 'public'::regnamespace AND attname IN"
        " ('train_id', 'request_id', 'conversation_id', 'account_id', 'credential_id')"
    ).fetchall()
    closed = shared.execute("SELECT train_isolation_closed()").fetchall()
    isolated = shared.execute("SELECT relation FROM train_isolation_rules()").fetchall()

    assert {name for (name,) in isolated} == set(TABLES)
    assert {name for (name,) in rows} <= set(TABLES) | {name for (name,) in closed}


def test_no_other_function_runs_as_the_owner(shared: Connection) -> None:
    """Each of these sees all trains: it must not tell what it sees."""
    rows = shared.execute(
        "SELECT DISTINCT proname FROM pg_proc WHERE prosecdef"
        " AND pronamespace = 'public'::regnamespace"
        " AND prosrc ~ 'api_requests|train|hourly_stats|conversation|credential'"
    ).fetchall()

    assert {name for (name,) in rows} == {
        "check_train_has_owner",
        "check_trains_have_owners",
        "hold_train_of_owner",
        "refers_to_other_train",
    }


@pytest.mark.parametrize("setting", [None, "", "nobody"])
def test_without_a_train_nothing_is_seen(
    shared: Connection, setting: str | None
) -> None:
    with undone(shared):
        shared.execute(f"SET LOCAL ROLE {ROLE}")
        if setting is not None:
            shared.execute("SELECT set_config('datalayer.train', %s, true)", [setting])
        counts = [
            shared.execute(f"SELECT count(*) FROM {table}").fetchone()
            for table in TABLES
        ]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            shared.execute("SELECT FROM hourly_stats")

    assert counts == [(0,)] * len(TABLES)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE api_requests CASCADE",
        "CREATE TABLE mine (id uuid REFERENCES api_requests)",
        "ALTER TABLE api_requests DISABLE ROW LEVEL SECURITY",
        "DROP POLICY train_isolation ON api_requests",
        "SELECT enable_train_isolation('x')",
        "SET LOCAL ROLE postgres",
        "COPY api_requests FROM STDIN",
        "COPY backfill_progress TO STDOUT",
        "REFRESH MATERIALIZED VIEW public.hourly_stats",
        "SELECT FROM public.hourly_stats",
    ],
)
def test_ways_around_the_policies_are_closed(
    shared: Connection, statement: str
) -> None:
    """The role of the session is the guest: one that was set could be reset."""
    with undone(shared):
        shared.execute(f"SET SESSION AUTHORIZATION {ROLE}")
        shared.execute("SELECT enter_train(%s)", [MINE])

        with pytest.raises(psycopg.Error), shared.transaction():
            attempt(shared, statement)
        shared.execute("RESET SESSION AUTHORIZATION")


def attempt(connection: Connection, statement: str) -> None:
    if not statement.startswith("COPY"):
        connection.execute(statement)
        return
    with connection.cursor().copy(statement) as copied:
        if "FROM" in statement:
            copied.write(b"x\n")
        else:
            list(copied)


_INTO_THEIRS = {
    "a conversation": ("conversation_id", "conversation"),
    "below a request": ("parent_request_id", "first"),
    "a task": ("parent_task_request_id", "first"),
}


@pytest.mark.parametrize("way", _INTO_THEIRS)
def test_nothing_is_put_into_what_is_theirs(shared: Connection, way: str) -> None:
    column, what = _INTO_THEIRS[way]
    with undone(shared):
        shared.execute("SELECT enter_train(%s, %s)", [MINE, ROLE])

        with pytest.raises(psycopg.errors.InsufficientPrivilege), shared.transaction():
            shared.execute(
                f"INSERT INTO api_requests"
                f" (request_id, timestamp, train_id, path, headers, {column})"
                f" VALUES (gen_random_uuid(), now(), %s, '/', '{{}}', %s)",
                [MINE, id_of(THEIRS, what)],
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege), shared.transaction():
            shared.execute(
                f"UPDATE api_requests SET {column} = %s", [id_of(THEIRS, what)]
            )
        shared.execute("RESET ROLE")


def test_nothing_is_moved_to_another_train(shared: Connection) -> None:
    tables = [name for name in TABLES if name in ("api_requests", "train_members")]
    with undone(shared):
        shared.execute("SELECT enter_train(%s, %s)", [MINE, ROLE])
        for table in tables:
            with pytest.raises(psycopg.Error), shared.transaction():
                shared.execute(f"UPDATE {table} SET train_id = %s", [THEIRS])
        shared.execute("RESET ROLE")


def test_a_guest_cannot_take_the_last_owner(shared: Connection) -> None:
    """What checks it sees every train, also when the guest's is no longer set."""
    shared.autocommit = False
    shared.execute("SELECT enter_train(%s, %s)", [MINE, ROLE])
    shared.execute("DELETE FROM train_members WHERE role = 'owner'")
    shared.execute("SELECT set_config('datalayer.train', '', true)")

    with pytest.raises(psycopg.errors.CheckViolation):
        shared.commit()


def test_a_guest_may_change_owners(shared: Connection) -> None:
    with shared.transaction():
        shared.execute("SELECT enter_train(%s, %s)", [MINE, ROLE])
        shared.execute("UPDATE train_members SET role = 'owner' WHERE role = 'member'")
        deleted = shared.execute(
            "DELETE FROM train_members WHERE email = %s", [f"owner@{MINE}"]
        ).rowcount

    assert deleted == 1
