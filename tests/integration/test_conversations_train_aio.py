# twin: test_conversations_train_sync.py
"""Transactions that see one train, and the roles that may have them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection
from psycopg import errors as pg

from datalayer.domains.conversations import errors
from datalayer.domains.conversations.aio import (
    as_train,
    create_api_key,
    create_train,
    disable_train_isolation,
    enable_train_isolation,
    list_api_keys,
    list_isolated_tables,
    list_trains,
    update_train,
    verify_api_key,
)
from datalayer.domains.errors import InvalidArgument

pytestmark = pytest.mark.postgres


@asynccontextmanager
async def owner(
    url: str, *attributes: str
) -> AsyncIterator[tuple[AsyncConnection[Any], list[str]]]:
    """A connection of the owner with two trains, and roles that are dropped after."""
    roles = [f"r{uuid4().hex[:12]}" for _ in attributes]
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        for role, attribute in zip(roles, attributes, strict=True):
            await connection.execute(f"CREATE ROLE {role} {attribute}")
        for train in ("blue", "red"):
            await create_train(
                connection, train_id=train, name=train, owner="a@x", added_by="x"
            )
        try:
            yield connection, roles
        finally:
            await connection.rollback()
            await connection.set_autocommit(True)
            for role in roles:
                await connection.execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER")
                await connection.execute(f"DROP OWNED BY {role}")
                await connection.execute(f"DROP ROLE {role}")


async def names(connection: AsyncConnection[Any]) -> list[str]:
    return [train.train_id for train in (await list_trains(connection)).items]


async def test_a_transaction_sees_its_train_and_the_next_one_all(
    database_url: str,
) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        async with as_train(connection, train_id="blue", role=role):
            inside = await names(connection)
            await create_api_key(connection, train_id="blue")
            with pytest.raises(errors.TrainNotFound):
                await create_api_key(connection, train_id="red")
            with pytest.raises(errors.TrainNotFound):
                await update_train(connection, train_id="red", name="mine")
        outside = await names(connection)
        kept = await list_api_keys(connection, train_id="blue")

    assert (inside, outside) == (["blue"], ["blue", "red"])
    assert len(kept.items) == 1


async def test_prepared_statements_serve_one_train_after_another(
    database_url: str,
) -> None:
    """After five runs psycopg prepares a query, and after ten its plan is for all."""
    seen = []
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        for train in ("blue", "red") * 10:
            async with as_train(connection, train_id=train, role=role):
                seen.append((train, await names(connection)))
        outside = await names(connection)

    assert all(found == [train] for train, found in seen)
    assert outside == ["blue", "red"]


async def test_nothing_of_the_confinement_stays_on_a_connection(
    database_url: str,
) -> None:
    settings = (
        "SELECT current_user, current_setting('search_path'),"
        " nullif(current_setting('datalayer.train', true), '')"
    )
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        before = await (await connection.execute(settings)).fetchone()
        async with as_train(connection, train_id="blue", role=role):
            inside = await (await connection.execute(settings)).fetchone()
        after = await (await connection.execute(settings)).fetchone()

    assert inside is not None
    assert (inside[0], inside[2]) == (role, "blue")
    assert before == after


async def test_an_error_ends_the_confinement_too(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        with pytest.raises(ZeroDivisionError):
            async with as_train(connection, train_id="blue", role=role):
                raise ZeroDivisionError
        outside = await names(connection)

    assert outside == ["blue", "red"]


async def test_a_connection_of_the_role_needs_no_role_given(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        await connection.execute(f"SET SESSION AUTHORIZATION {role}")
        async with as_train(connection, train_id="red"):
            inside = await names(connection)
        outside = await names(connection)
        await connection.execute("RESET SESSION AUTHORIZATION")

    assert (inside, outside) == (["red"], [])


async def test_a_key_is_verified_by_who_sees_all_trains(database_url: str) -> None:
    """Before it is verified nobody knows whose it is."""
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        new = await create_api_key(connection, train_id="red")
        found = await verify_api_key(connection, key=new.key)
        assert found is not None
        async with as_train(connection, train_id=found.train_id, role=role):
            inside = await names(connection)

    assert inside == ["red"]


async def test_what_would_not_be_confined_is_not_begun(database_url: str) -> None:
    async with owner(database_url, "", "") as (connection, [role, other]):
        with pytest.raises(errors.NotIsolated, match=role):
            async with as_train(connection, train_id="blue", role=role):
                pytest.fail("it was begun")
        await enable_train_isolation(connection, role=role)
        for wrong in (None, other, "none"):
            with pytest.raises(errors.NotIsolated):
                async with as_train(connection, train_id="blue", role=wrong):
                    pytest.fail("it was begun")


async def test_a_train_is_entered_outside_of_transactions(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        async with connection.transaction():
            with pytest.raises(errors.TransactionOpen):
                async with as_train(connection, train_id="blue", role=role):
                    pytest.fail("it was begun")
        with pytest.raises(errors.TransactionOpen):
            async with (
                as_train(connection, train_id="blue", role=role),
                as_train(connection, train_id="red", role=role),
            ):
                pytest.fail("it was begun")
        with pytest.raises(InvalidArgument):
            async with as_train(connection, train_id="", role=role):
                pytest.fail("it was begun")


async def test_several_roles_are_isolated_and_leave_one_by_one(
    database_url: str,
) -> None:
    async with owner(database_url, "", "") as (connection, roles):
        first, second = sorted(roles)
        alone = await enable_train_isolation(connection, role=second)
        both = await enable_train_isolation(connection, role=first)
        again = await enable_train_isolation(connection, role=first)
        left = await disable_train_isolation(connection, role=second)
        async with as_train(connection, train_id="blue", role=first):
            inside = await names(connection)
        await connection.execute(f"SET ROLE {second}")
        with pytest.raises(pg.InsufficientPrivilege):
            await names(connection)
        await connection.execute("RESET ROLE")
        with pytest.raises(errors.IsolationRefused, match="not isolated"):
            await disable_train_isolation(connection, role=second)
        none = await disable_train_isolation(connection)

    assert (alone, both, again) == ([second], [first, second], [first, second])
    assert (left, none, inside) == ([first], [], ["blue"])


_LEFT = (
    "SELECT count(*) FROM pg_policy",
    "SELECT count(*) FROM pg_class WHERE relrowsecurity",
    "SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%_train'",
    "SELECT count(*) FROM pg_class, aclexplode(relacl) AS a"
    " WHERE a.grantee IN (SELECT oid FROM pg_roles WHERE rolname ~ '^r[0-9a-f]{12}$')",
)


async def test_nothing_is_left_when_it_is_off(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        on = await list_isolated_tables(connection)
        await disable_train_isolation(connection, role=role)
        off = await list_isolated_tables(connection)
        left = [await (await connection.execute(q)).fetchone() for q in _LEFT]

    assert all(table.is_on and table.isolated_roles == [role] for table in on)
    assert not any(table.is_on or table.isolated_roles for table in off)
    assert left == [(0,)] * 4


async def test_a_missing_policy_shows_in_the_status(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await enable_train_isolation(connection, role=role)
        await connection.execute("DROP POLICY train_isolation ON trains")
        tables = await list_isolated_tables(connection)

    assert [table.relation for table in tables if not table.is_on] == ["trains"]


async def test_others_see_what_they_saw_before(database_url: str) -> None:
    async with owner(database_url, "", "") as (connection, [role, other]):
        await connection.execute(f"GRANT SELECT, INSERT ON trains TO {other}")
        await enable_train_isolation(connection, role=role)
        await connection.execute(f"SET ROLE {other}")
        seen = await names(connection)
        await connection.execute("RESET ROLE")

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
async def test_whom_policies_do_not_bind_is_refused(
    database_url: str, attribute: str, preparation: str
) -> None:
    async with owner(database_url, attribute) as (connection, [role]):
        if preparation:
            await connection.execute(preparation.format(role))
        with pytest.raises(errors.IsolationRefused) as caught:
            await enable_train_isolation(connection, role=role)
        tables = await list_isolated_tables(connection)

    assert caught.value.help
    assert not any(table.is_on for table in tables)


async def test_a_member_of_the_owner_is_refused(database_url: str) -> None:
    async with owner(database_url, "") as (connection, [role]):
        await connection.execute(f"GRANT postgres TO {role}")
        with pytest.raises(errors.IsolationRefused, match='can become "postgres"'):
            await enable_train_isolation(connection, role=role)


async def test_names_that_are_no_roles_are_refused(database_url: str) -> None:
    async with owner(database_url) as (connection, _):
        with pytest.raises(errors.IsolationRefused, match="does not exist"):
            await enable_train_isolation(connection, role="nobody here")
        with pytest.raises(InvalidArgument):
            await enable_train_isolation(connection, role="r" * 64)


async def test_an_owner_needs_not_be_a_superuser(database_url: str) -> None:
    async with owner(database_url, "", "") as (connection, [app, web]):
        database = connection.info.dbname
        await connection.execute(f"GRANT CREATE ON DATABASE {database} TO {app}")
        await connection.execute(f"GRANT {web} TO {app}")
        await connection.execute(_GIVE.format(app))
        await connection.execute(f"SET SESSION AUTHORIZATION {app}")
        for _ in range(2):
            await enable_train_isolation(connection, role=web)
        async with as_train(connection, train_id="blue", role=web):
            inside = await names(connection)
        outside = await names(connection)
        await connection.execute("RESET SESSION AUTHORIZATION")
        again = await enable_train_isolation(connection, role=web)
        await connection.execute(f"SET SESSION AUTHORIZATION {app}")
        none = await disable_train_isolation(connection)
        await connection.execute("RESET SESSION AUTHORIZATION")
        await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM {app}")

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
