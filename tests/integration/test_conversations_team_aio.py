# twin: test_conversations_team_sync.py
"""Trains and their members, of whom one at least is an owner."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import AsyncConnection

from datalayer.domains.conversations import SlackSettings, errors
from datalayer.domains.conversations.aio import (
    CredentialKeys,
    add_member,
    change_role,
    create_credential,
    create_credential_key,
    create_train,
    delete_train,
    find_member,
    find_slack_webhook,
    find_train,
    link_account,
    list_accounts,
    list_members,
    list_memberships,
    list_trains,
    remove_member,
    update_train,
)
from datalayer.domains.errors import InvalidArgument

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEYS = CredentialKeys((create_credential_key(),))
HOOK = "https://hooks.example/T0/B0/abc"


async def connect(url: str, *trains: str) -> AsyncConnection[Any]:
    connection = await AsyncConnection.connect(url, autocommit=True)
    for name in trains:
        await create_train(
            connection,
            train_id=name,
            name=name.title(),
            owner="Ada@x",
            added_by="system",
        )
    return connection


# Trains


async def test_a_train_is_created_with_its_owner(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        found = await find_train(connection, train_id="blue")
        owner = await find_member(connection, train_id="blue", email="ADA@x")

    assert (found.train_id, found.name) == ("blue", "Blue")
    assert (owner.email, owner.role, owner.added_by) == ("Ada@x", "owner", "system")


async def test_a_train_exists_once(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        with pytest.raises(errors.TrainExists):
            await create_train(
                connection, train_id="blue", name="", owner="bo@x", added_by=""
            )
        members = await list_members(connection, train_id="blue")

    assert [member.email for member in members] == ["Ada@x"]


@pytest.mark.parametrize("wrong", [{"train_id": ""}, {"owner": ""}, {"name": "\0"}])
async def test_what_no_column_can_hold_is_refused(
    database_url: str, wrong: dict[str, str]
) -> None:
    given = {"train_id": "blue", "name": "Blue", "owner": "a@x", "added_by": "x"}
    async with await connect(database_url) as connection:
        arguments: dict[str, Any] = given | wrong
        with pytest.raises(InvalidArgument):
            await create_train(connection, **arguments)


async def test_an_update_changes_what_is_given(database_url: str) -> None:
    slack = SlackSettings(webhook_url=HOOK, channel="#blue", enabled=True)
    async with await connect(database_url, "blue") as connection:
        first = await update_train(
            connection, train_id="blue", description="We", slack=slack, keys=KEYS
        )
        hook = await find_slack_webhook(connection, train_id="blue", keys=KEYS)
        second = await update_train(
            connection,
            train_id="blue",
            name="Azure",
            description="",
            slack=SlackSettings(webhook_url=""),
        )
        none = await find_slack_webhook(connection, train_id="blue")

    assert (first.name, first.description) == ("Blue", "We")
    assert (first.has_slack_webhook, first.slack_channel) == (True, "#blue")
    assert (hook, none) == (HOOK, None)
    assert (second.name, second.description) == ("Azure", None)
    assert (second.has_slack_webhook, second.slack_channel) == (False, "#blue")
    assert second.slack_enabled


async def test_a_train_goes_with_what_belongs_to_it(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        await create_credential(
            connection,
            account_id="id-one",
            account_name="one",
            access_token="",
            refresh_token="",
            expires_at=datetime(2026, 1, 1, tzinfo=UTC),
            keys=KEYS,
        )
        await link_account(connection, train_id="blue", account_id="id-one")
        await delete_train(connection, train_id="blue")
        for call in (find_train, delete_train, find_slack_webhook, update_train):
            with pytest.raises(errors.TrainNotFound):
                await call(connection, train_id="blue")
        members = await list_members(connection, train_id="blue")
        accounts = await list_accounts(connection)

    assert members == []
    assert [account.account_name for account in accounts.items] == ["one"]


async def test_trains_are_listed_page_by_page(database_url: str) -> None:
    async with await connect(database_url, "c", "a", "b") as connection:
        first = await list_trains(connection, row_limit=2)
        rest = await list_trains(connection, cursor=first.next)

    assert [train.train_id for train in first.items] == ["a", "b"]
    assert [train.train_id for train in rest.items] == ["c"]
    assert rest.next is None


# Members


async def test_members_are_added_once_whatever_their_case(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        added = await add_member(
            connection, train_id="blue", email="Bo@x", added_by="ada@x"
        )
        with pytest.raises(errors.MemberExists):
            await add_member(connection, train_id="blue", email="bO@X", added_by="")
        with pytest.raises(errors.TrainNotFound):
            await add_member(connection, train_id="red", email="bo@x", added_by="")

    assert (added.email, added.role) == ("Bo@x", "member")


async def test_members_are_listed_page_by_page(database_url: str) -> None:
    async with await connect(database_url, "blue", "red") as connection:
        for email in ("Cy@x", "bo@x"):
            await add_member(connection, train_id="blue", email=email, added_by="")
        first = await list_members(connection, train_id="blue", row_limit=2)
        rest = await list_members(
            connection, train_id="blue", after_email=first[-1].email
        )
        trains = await list_memberships(connection, email="ADA@X", row_limit=1)
        more = await list_memberships(connection, email="ADA@X", cursor=trains.next)

    assert [member.email for member in first + rest] == ["Ada@x", "bo@x", "Cy@x"]
    assert [member.train_id for member in trains.items] == ["blue"]
    assert [member.train_id for member in more.items] == ["red"]


async def test_the_last_owner_stays(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        await add_member(connection, train_id="blue", email="bo@x", added_by="")
        with pytest.raises(errors.LastOwner, match="Ada@x"):
            await remove_member(connection, train_id="blue", email="ada@x")
        with pytest.raises(errors.LastOwner):
            await change_role(connection, train_id="blue", email="ada@x", role="member")
        await change_role(connection, train_id="blue", email="bo@x", role="owner")
        await remove_member(connection, train_id="blue", email="ada@x")
        left = await list_members(connection, train_id="blue")

    assert [(member.email, member.role) for member in left] == [("bo@x", "owner")]


async def test_unknown_members_and_roles_are_refused(database_url: str) -> None:
    async with await connect(database_url, "blue") as connection:
        for role in ("owner", "member"):
            with pytest.raises(errors.MemberNotFound):
                await change_role(connection, train_id="blue", email="bo@x", role=role)
        with pytest.raises(errors.MemberNotFound):
            await remove_member(connection, train_id="blue", email="bo@x")
        wrong: dict[str, Any] = {"role": "admin"}
        with pytest.raises(InvalidArgument):
            await add_member(
                connection, train_id="blue", email="bo@x", added_by="", **wrong
            )
