# Derived by scripts/async_to_sync.py from test_conversations_team_aio.py; do not edit.
"""Trains and their members, of whom one at least is an owner."""

from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from datalayer.domains.conversations import (
    CredentialKeys,
    SlackSettings,
    add_member,
    change_role,
    create_credential,
    create_credential_key,
    create_train,
    delete_train,
    errors,
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


def connect(url: str, *trains: str) -> Connection[Any]:
    connection = Connection.connect(url, autocommit=True)
    for name in trains:
        create_train(
            connection,
            train_id=name,
            name=name.title(),
            owner="Ada@x",
            added_by="system",
        )
    return connection


# Trains


def test_a_train_is_created_with_its_owner(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        found = find_train(connection, train_id="blue")
        owner = find_member(connection, train_id="blue", email="ADA@x")

    assert (found.train_id, found.name) == ("blue", "Blue")
    assert (owner.email, owner.role, owner.added_by) == ("Ada@x", "owner", "system")


def test_a_train_exists_once(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        with pytest.raises(errors.TrainExists):
            create_train(
                connection, train_id="blue", name="", owner="bo@x", added_by=""
            )
        members = list_members(connection, train_id="blue")

    assert [member.email for member in members] == ["Ada@x"]


@pytest.mark.parametrize("wrong", [{"train_id": ""}, {"owner": ""}, {"name": "\0"}])
def test_what_no_column_can_hold_is_refused(
    database_url: str, wrong: dict[str, str]
) -> None:
    given = {"train_id": "blue", "name": "Blue", "owner": "a@x", "added_by": "x"}
    with connect(database_url) as connection:
        arguments: dict[str, Any] = given | wrong
        with pytest.raises(InvalidArgument):
            create_train(connection, **arguments)


def test_an_update_changes_what_is_given(database_url: str) -> None:
    slack = SlackSettings(webhook_url=HOOK, channel="#blue", enabled=True)
    with connect(database_url, "blue") as connection:
        first = update_train(
            connection, train_id="blue", description="We", slack=slack, keys=KEYS
        )
        hook = find_slack_webhook(connection, train_id="blue", keys=KEYS)
        second = update_train(
            connection,
            train_id="blue",
            name="Azure",
            description="",
            slack=SlackSettings(webhook_url=""),
        )
        none = find_slack_webhook(connection, train_id="blue")

    assert (first.name, first.description) == ("Blue", "We")
    assert (first.has_slack_webhook, first.slack_channel) == (True, "#blue")
    assert (hook, none) == (HOOK, None)
    assert (second.name, second.description) == ("Azure", None)
    assert (second.has_slack_webhook, second.slack_channel) == (False, "#blue")
    assert second.slack_enabled


def test_a_train_goes_with_what_belongs_to_it(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        create_credential(
            connection,
            account_id="id-one",
            account_name="one",
            access_token="",
            refresh_token="",
            expires_at=datetime(2026, 1, 1, tzinfo=UTC),
            keys=KEYS,
        )
        link_account(connection, train_id="blue", account_id="id-one")
        delete_train(connection, train_id="blue")
        for call in (find_train, delete_train, find_slack_webhook, update_train):
            with pytest.raises(errors.TrainNotFound):
                call(connection, train_id="blue")
        members = list_members(connection, train_id="blue")
        accounts = list_accounts(connection)

    assert members == []
    assert [account.account_name for account in accounts.items] == ["one"]


def test_trains_are_listed_page_by_page(database_url: str) -> None:
    with connect(database_url, "c", "a", "b") as connection:
        first = list_trains(connection, row_limit=2)
        rest = list_trains(connection, cursor=first.next)

    assert [train.train_id for train in first.items] == ["a", "b"]
    assert [train.train_id for train in rest.items] == ["c"]
    assert rest.next is None


# Members


def test_members_are_added_once_whatever_their_case(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        added = add_member(connection, train_id="blue", email="Bo@x", added_by="ada@x")
        with pytest.raises(errors.MemberExists):
            add_member(connection, train_id="blue", email="bO@X", added_by="")
        with pytest.raises(errors.TrainNotFound):
            add_member(connection, train_id="red", email="bo@x", added_by="")

    assert (added.email, added.role) == ("Bo@x", "member")


def test_members_are_listed_page_by_page(database_url: str) -> None:
    with connect(database_url, "blue", "red") as connection:
        for email in ("Cy@x", "bo@x"):
            add_member(connection, train_id="blue", email=email, added_by="")
        first = list_members(connection, train_id="blue", row_limit=2)
        rest = list_members(connection, train_id="blue", after_email=first[-1].email)
        trains = list_memberships(connection, email="ADA@X", row_limit=1)
        more = list_memberships(connection, email="ADA@X", cursor=trains.next)

    assert [member.email for member in first + rest] == ["Ada@x", "bo@x", "Cy@x"]
    assert [member.train_id for member in trains.items] == ["blue"]
    assert [member.train_id for member in more.items] == ["red"]


def test_the_last_owner_stays(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        add_member(connection, train_id="blue", email="bo@x", added_by="")
        with pytest.raises(errors.LastOwner, match="Ada@x"):
            remove_member(connection, train_id="blue", email="ada@x")
        with pytest.raises(errors.LastOwner):
            change_role(connection, train_id="blue", email="ada@x", role="member")
        change_role(connection, train_id="blue", email="bo@x", role="owner")
        remove_member(connection, train_id="blue", email="ada@x")
        left = list_members(connection, train_id="blue")

    assert [(member.email, member.role) for member in left] == [("bo@x", "owner")]


def test_unknown_members_and_roles_are_refused(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        for role in ("owner", "member"):
            with pytest.raises(errors.MemberNotFound):
                change_role(connection, train_id="blue", email="bo@x", role=role)
        with pytest.raises(errors.MemberNotFound):
            remove_member(connection, train_id="blue", email="bo@x")
        wrong: dict[str, Any] = {"role": "admin"}
        with pytest.raises(InvalidArgument):
            add_member(connection, train_id="blue", email="bo@x", added_by="", **wrong)
