# Derived by scripts/async_to_sync.py from test_conversations_train_aio.py; do not edit.
"""Transactions that see one train, and the roles that may have them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection
from psycopg import errors as pg

from datalayer.domains.conversations import (
    as_train,
    create_api_key,
    create_train,
    disable_train_isolation,
    enable_train_isolation,
    errors,
    list_api_keys,
    list_isolated_tables,
    list_trains,
    update_train,
    verify_api_key,
)
from datalayer.domains.errors import InvalidArgument

pytestmark = pytest.mark.postgres


@contextmanager
def owner(url: str, *attributes: str) -> Iterator[tuple[Connection[Any], list[str]]]:
    """A connection of the owner with two trains, and roles that are dropped after."""
    roles = [f"r{uuid4().hex[:12]}" for _ in attributes]
    with Connection.connect(url, autocommit=True) as connection:
        for role, attribute in zip(roles, attributes, strict=True):
            connection.execute(f"CREATE ROLE {role} {attribute}")
        for train in ("blue", "red"):
            create_train(
                connection, train_id=train, name=train, owner="a@x", added_by="x"
            )
        try:
            yield connection, roles
        finally:
            connection.rollback()
            connection.set_autocommit(True)
            for role in roles:
                connection.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
                connection.execute(f"DROP OWNED BY {role}")
                connection.execute(f"DROP ROLE {role}")


def names(connection: Connection[Any]) -> list[str]:
    return [train.train_id for train in (list_trains(connection)).items]


def test_a_transaction_sees_its_train_and_the_next_one_all(
    database_url: str,
) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        with as_train(connection, train_id="blue", role=role):
            inside = names(connection)
            create_api_key(connection, train_id="blue")
            with pytest.raises(errors.TrainNotFound):
                create_api_key(connection, train_id="red")
            with pytest.raises(errors.TrainNotFound):
                update_train(connection, train_id="red", name="mine")
        outside = names(connection)
        kept = list_api_keys(connection, train_id="blue")

    assert (inside, outside) == (["blue"], ["blue", "red"])
    assert len(kept.items) == 1


def test_prepared_statements_serve_one_train_after_another(
    database_url: str,
) -> None:
    """After five runs psycopg prepares a query, and after ten its plan is for all."""
    seen = []
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        for train in ("blue", "red") * 10:
            with as_train(connection, train_id=train, role=role):
                seen.append((train, names(connection)))
        outside = names(connection)

    assert all(found == [train] for train, found in seen)
    assert outside == ["blue", "red"]


def test_nothing_of_the_confinement_stays_on_a_connection(
    database_url: str,
) -> None:
    settings = (
        "SELECT current_user, current_setting('search_path'),"
        " nullif(current_setting('datalayer.train', true), '')"
    )
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        before = (connection.execute(settings)).fetchone()
        with as_train(connection, train_id="blue", role=role):
            inside = (connection.execute(settings)).fetchone()
        after = (connection.execute(settings)).fetchone()

    assert inside is not None
    assert (inside[0], inside[2]) == (role, "blue")
    assert before == after


def test_an_error_ends_the_confinement_too(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        with pytest.raises(ZeroDivisionError):
            with as_train(connection, train_id="blue", role=role):
                raise ZeroDivisionError
        outside = names(connection)

    assert outside == ["blue", "red"]


def test_a_connection_of_the_role_needs_no_role_given(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        connection.execute(f"SET SESSION AUTHORIZATION {role}")
        with as_train(connection, train_id="red"):
            inside = names(connection)
        outside = names(connection)
        connection.execute("RESET SESSION AUTHORIZATION")

    assert (inside, outside) == (["red"], [])


def test_a_key_is_verified_by_who_sees_all_trains(database_url: str) -> None:
    """Before it is verified nobody knows whose it is."""
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        new = create_api_key(connection, train_id="red")
        found = verify_api_key(connection, key=new.key)
        assert found is not None
        with as_train(connection, train_id=found.train_id, role=role):
            inside = names(connection)

    assert inside == ["red"]


def test_what_would_not_be_confined_is_not_begun(database_url: str) -> None:
    with owner(database_url, "", "") as (connection, [role, other]):
        with pytest.raises(errors.NotIsolated, match=role):
            with as_train(connection, train_id="blue", role=role):
                pytest.fail("it was begun")
        enable_train_isolation(connection, role=role)
        for wrong in (None, other, "none"):
            with pytest.raises(errors.NotIsolated):
                with as_train(connection, train_id="blue", role=wrong):
                    pytest.fail("it was begun")


def test_a_train_is_entered_outside_of_transactions(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        with connection.transaction():
            with pytest.raises(errors.TransactionOpen):
                with as_train(connection, train_id="blue", role=role):
                    pytest.fail("it was begun")
        with pytest.raises(errors.TransactionOpen):
            with (
                as_train(connection, train_id="blue", role=role),
                as_train(connection, train_id="red", role=role),
            ):
                pytest.fail("it was begun")
        with pytest.raises(InvalidArgument):
            with as_train(connection, train_id="", role=role):
                pytest.fail("it was begun")


def test_several_roles_are_isolated_and_leave_one_by_one(
    database_url: str,
) -> None:
    with owner(database_url, "", "") as (connection, roles):
        first, second = sorted(roles)
        alone = enable_train_isolation(connection, role=second)
        both = enable_train_isolation(connection, role=first)
        again = enable_train_isolation(connection, role=first)
        left = disable_train_isolation(connection, role=second)
        with as_train(connection, train_id="blue", role=first):
            inside = names(connection)
        connection.execute(f"SET ROLE {second}")
        with pytest.raises(pg.InsufficientPrivilege):
            names(connection)
        connection.execute("RESET ROLE")
        with pytest.raises(errors.IsolationRefused, match="not isolated"):
            disable_train_isolation(connection, role=second)
        none = disable_train_isolation(connection)

    assert (alone, both, again) == ([second], [first, second], [first, second])
    assert (left, none, inside) == ([first], [], ["blue"])


_LEFT = (
    "SELECT count(*) FROM pg_policy",
    "SELECT count(*) FROM pg_class WHERE relrowsecurity",
    "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%_train'",
    "SELECT count(*) FROM pg_class, aclexplode(relacl) AS a"
    " WHERE a.grantee IN (SELECT oid FROM pg_roles WHERE rolname ~ '^r[0-9a-f]{12}$')",
)


def test_nothing_is_left_when_it_is_off(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        on = list_isolated_tables(connection)
        disable_train_isolation(connection, role=role)
        off = list_isolated_tables(connection)
        left = [(connection.execute(q)).fetchone() for q in _LEFT]

    assert all(table.is_on and table.isolated_roles == [role] for table in on)
    assert not any(table.is_on or table.isolated_roles for table in off)
    assert left == [(0,)] * 4


def test_a_missing_policy_shows_in_the_status(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        enable_train_isolation(connection, role=role)
        connection.execute("DROP POLICY train_isolation ON trains")
        tables = list_isolated_tables(connection)

    assert [table.relation for table in tables if not table.is_on] == ["trains"]


def test_others_see_what_they_saw_before(database_url: str) -> None:
    with owner(database_url, "", "") as (connection, [role, other]):
        connection.execute(f"GRANT SELECT, INSERT ON trains TO {other}")
        enable_train_isolation(connection, role=role)
        connection.execute(f"SET ROLE {other}")
        seen = names(connection)
        connection.execute("RESET ROLE")

    assert seen == ["blue", "red"]


@pytest.mark.parametrize(
    ("attribute", "preparation"),
    [
        ("SUPERUSER", ""),
        ("BYPASSRLS", ""),
        ("IN ROLE pg_read_server_files", ""),
        ("", "ALTER TABLE trains OWNER TO {}"),
        ("", "GRANT SELECT ON hourly_stats TO PUBLIC"),
        ("", "GRANT TRUNCATE ON streaming_chunks TO PUBLIC"),
        ("", "CREATE POLICY own ON trains USING (TRUE)"),
        ("", "CREATE SCHEMA public_train AUTHORIZATION {}"),
    ],
    ids=[
        "a superuser",
        "one who bypasses policies",
        "one who reads files",
        "an owner",
        "one who reads sums",
        "one who truncates",
        "other policies",
        "a schema of others",
    ],
)
def test_whom_policies_do_not_bind_is_refused(
    database_url: str, attribute: str, preparation: str
) -> None:
    with owner(database_url, attribute) as (connection, [role]):
        if preparation:
            connection.execute(preparation.format(role))
        with pytest.raises(errors.IsolationRefused) as caught:
            enable_train_isolation(connection, role=role)
        tables = list_isolated_tables(connection)

    assert caught.value.help
    assert not any(table.is_on for table in tables)


def test_a_member_of_the_owner_is_refused(database_url: str) -> None:
    with owner(database_url, "") as (connection, [role]):
        connection.execute(f"GRANT postgres TO {role}")
        with pytest.raises(errors.IsolationRefused, match='can become "postgres"'):
            enable_train_isolation(connection, role=role)


def test_names_that_are_no_roles_are_refused(database_url: str) -> None:
    with owner(database_url) as (connection, _):
        with pytest.raises(errors.IsolationRefused, match="does not exist"):
            enable_train_isolation(connection, role="nobody here")
        with pytest.raises(InvalidArgument):
            enable_train_isolation(connection, role="r" * 64)


def test_an_owner_needs_not_be_a_superuser(database_url: str) -> None:
    with owner(database_url, "", "") as (connection, [app, web]):
        database = connection.info.dbname
        connection.execute(f"GRANT CREATE ON DATABASE {database} TO {app}")
        connection.execute(f"GRANT {web} TO {app}")
        connection.execute(_GIVE.format(app))
        connection.execute(f"SET SESSION AUTHORIZATION {app}")
        for _ in range(2):
            enable_train_isolation(connection, role=web)
        with as_train(connection, train_id="blue", role=web):
            inside = names(connection)
        outside = names(connection)
        connection.execute("RESET SESSION AUTHORIZATION")
        again = enable_train_isolation(connection, role=web)
        connection.execute(f"SET SESSION AUTHORIZATION {app}")
        none = disable_train_isolation(connection)
        connection.execute("RESET SESSION AUTHORIZATION")
        connection.execute(f"REVOKE ALL ON DATABASE {database} FROM {app}")

    assert (inside, outside) == (["blue"], ["blue", "red"])
    assert (again, none) == ([web], [])


#: Tables, functions and the view go to a role, as if it had applied the migrations.
_GIVE = """
DO $do$
DECLARE
    found record;
BEGIN
    GRANT ALL ON SCHEMA public TO {0};
    FOR found IN
        SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO {0}', found.name);
    END LOOP;
    FOR found IN
        SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO {0}', found.name);
    END LOOP;
END
$do$
"""
