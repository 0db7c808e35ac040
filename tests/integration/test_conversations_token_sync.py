# Derived by scripts/async_to_sync.py from test_conversations_token_aio.py; do not edit.
"""Accounts of trains, and their tokens, which are stored encrypted."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection
from psycopg import errors as pg

from datalayer.domains.conversations import (
    CredentialKeys,
    SlackSettings,
    create_credential,
    create_credential_key,
    create_train,
    delete_credential,
    errors,
    find_credential,
    find_slack_webhook,
    find_train_credential,
    link_account,
    list_failover_accounts,
    list_train_accounts,
    rotate_credentials,
    unlink_account,
    update_credential,
    update_tokens,
    update_train,
)
from datalayer.domains.conversations.failover import failover_weight
from datalayer.domains.errors import NaiveTime

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


def add_account(connection: Connection[Any], name: str) -> int:
    made = create_credential(
        connection,
        account_id=f"id-{name}",
        account_name=name,
        access_token=f"access-{name}",
        refresh_token=f"refresh-{name}",
        expires_at=NOON,
        scopes=["read"],
        keys=KEYS,
    )
    return made.id


def test_tokens_come_back_and_are_stored_encrypted(database_url: str) -> None:
    with connect(database_url) as connection:
        add_account(connection, "one")
        found = find_credential(connection, account_id="id-one", keys=KEYS)
        rows = connection.execute("SELECT c::text FROM anthropic_credentials c")
        stored = str(rows.fetchall())

    assert (found.access_token, found.refresh_token) == ("access-one", "refresh-one")
    assert (found.account_name, found.scopes, found.is_max) == ("one", ("read",), False)
    assert "access-one" not in stored
    assert "refresh-one" not in stored


def test_an_account_and_its_name_have_one_credential(database_url: str) -> None:
    with connect(database_url) as connection:
        add_account(connection, "one")
        add_account(connection, "two")
        with pytest.raises(errors.CredentialExists):
            add_account(connection, "one")
        with pytest.raises(errors.CredentialExists):
            update_credential(connection, account_id="id-two", account_name="one")


def test_tokens_and_the_rest_are_updated(database_url: str) -> None:
    with connect(database_url) as connection:
        add_account(connection, "one")
        update_tokens(
            connection,
            account_id="id-one",
            access_token="a2",
            refresh_token="",
            expires_at=NOON.replace(year=2027),
            keys=KEYS,
        )
        update_credential(
            connection, account_id="id-one", account_name="uno", is_max=True
        )
        found = find_credential(connection, account_id="id-one", keys=KEYS)

    assert (found.access_token, found.refresh_token) == ("a2", "")
    assert (found.account_name, found.is_max, found.scopes) == ("uno", True, ("read",))
    assert found.expires_at.year == 2027


def test_unknown_accounts_are_told(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        for call in (find_credential, update_credential, delete_credential):
            with pytest.raises(errors.CredentialNotFound):
                call(connection, account_id="id-one")
        for link in (link_account, unlink_account):
            with pytest.raises(errors.CredentialNotFound):
                link(connection, train_id="blue", account_id="id-one")
            with pytest.raises(errors.TrainNotFound):
                link(connection, train_id="red", account_id="id-one")


def test_without_a_key_nothing_is_sent(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATALAYER_CREDENTIAL_KEYS", raising=False)
    given: dict[str, Any] = {"account_id": "a", "access_token": "", "refresh_token": ""}
    with connect(database_url) as connection:
        with pytest.raises(errors.CredentialKeysMissing):
            update_tokens(connection, expires_at=NOON, **given)
        with pytest.raises(NaiveTime):
            update_tokens(connection, expires_at=datetime(2026, 1, 1), **given)


def test_without_the_library_all_but_secrets_works(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(database_url) as connection:
        add_account(connection, "one")
        monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
        create_train(connection, train_id="blue", name="", owner="a@x", added_by="")
        link_account(connection, train_id="blue", account_id="id-one")
        accounts = list_failover_accounts(connection, train_id="blue")
        with pytest.raises(errors.CryptographyMissing):
            find_credential(connection, account_id="id-one", keys=KEYS)

    assert [account.account_name for account in accounts] == ["one"]


def test_what_is_not_encrypted_is_refused(database_url: str) -> None:
    with connect(database_url, "blue") as connection:
        add_account(connection, "one")
        for table, column in (
            ("anthropic_credentials", "access_token"),
            ("anthropic_credentials", "refresh_token"),
            ("trains", "slack_webhook_url"),
        ):
            for text in ("oat01-token", "gAAAAAshort", "gAAAAA" + "-" * 93 + "\n"):
                with pytest.raises(pg.CheckViolation):
                    connection.execute(f"UPDATE {table} SET {column} = %s", [text])


def test_accounts_are_linked_and_tried_in_their_order(database_url: str) -> None:
    names = ["one", "two", "three"]
    with connect(database_url, "blue", "red") as connection:
        for name in names:
            add_account(connection, name)
            linked = link_account(connection, train_id="blue", account_id=f"id-{name}")
            assert linked
        again = link_account(connection, train_id="blue", account_id="id-one")
        ordered = list_failover_accounts(connection, train_id="blue")
        page = list_train_accounts(connection, train_id="blue", row_limit=2)
        more = list_train_accounts(connection, train_id="blue", cursor=page.next)
        unlinked = unlink_account(connection, train_id="blue", account_id="id-one")
        gone = unlink_account(connection, train_id="blue", account_id="id-one")
        left = list_failover_accounts(connection, train_id="blue")
        others = list_failover_accounts(connection, train_id="red")

    expected = sorted(names, key=lambda name: failover_weight("blue", name))[::-1]
    assert [account.account_name for account in ordered] == expected
    assert [account.account_name for account in page.items + more.items] == names
    assert (again, unlinked, gone) == (False, True, False)
    assert len(left) == 2
    assert others == []


def test_a_train_opens_the_tokens_of_its_accounts_only(database_url: str) -> None:
    with connect(database_url, "blue", "red") as connection:
        add_account(connection, "one")
        link_account(connection, train_id="blue", account_id="id-one")
        found = find_train_credential(
            connection, train_id="blue", account_name="one", keys=KEYS
        )
        with pytest.raises(errors.CredentialNotFound):
            find_train_credential(
                connection, train_id="red", account_name="one", keys=KEYS
            )

    assert found.access_token == "access-one"


# Rotation


def test_everything_is_encrypted_with_the_first_key(database_url: str) -> None:
    new = create_credential_key()
    both = CredentialKeys((new, *KEYS.keys))
    with connect(database_url, "blue", "red") as connection:
        for name in ("one", "two", "three"):
            add_account(connection, name)
        update_train(
            connection,
            train_id="red",
            slack=SlackSettings(webhook_url=HOOK),
            keys=KEYS,
        )
        told: list[int] = []
        done = rotate_credentials(
            connection,
            keys=both,
            batch_size=2,
            report=lambda report: told.append(report.examined),
        )
        again = rotate_credentials(connection, keys=both)
        only = CredentialKeys((new,))
        found = find_credential(connection, account_id="id-two", keys=only)
        hook = find_slack_webhook(connection, train_id="red", keys=only)

    assert (done.examined, done.rotated, done.unreadable) == (4, 4, ())
    assert told == [2, 3, 4]
    assert (again.examined, again.rotated) == (4, 0)
    assert (found.refresh_token, hook) == ("refresh-two", HOOK)


def test_an_interrupted_rotation_goes_on(database_url: str) -> None:
    both = CredentialKeys((create_credential_key(), *KEYS.keys))

    def interrupt(report: object) -> None:
        raise KeyboardInterrupt

    with connect(database_url) as connection:
        for name in ("one", "two", "three"):
            add_account(connection, name)
        with pytest.raises(KeyboardInterrupt):
            rotate_credentials(connection, keys=both, batch_size=2, report=interrupt)
        done = rotate_credentials(connection, keys=both, batch_size=2)

    assert (done.examined, done.rotated) == (3, 1)


def test_what_no_key_opens_is_named_and_left(database_url: str) -> None:
    lost = CredentialKeys((create_credential_key(),))
    both = CredentialKeys((create_credential_key(), *KEYS.keys))
    with connect(database_url, "blue") as connection:
        add_account(connection, "one")
        add_account(connection, "two")
        update_tokens(
            connection,
            account_id="id-one",
            access_token="",
            refresh_token="",
            expires_at=NOON,
            keys=lost,
        )
        slack = SlackSettings(webhook_url=HOOK)
        update_train(connection, train_id="blue", slack=slack, keys=lost)
        done = rotate_credentials(connection, keys=both)
        with pytest.raises(errors.CredentialKeyWrong):
            find_credential(connection, account_id="id-one", keys=both)

    assert (done.examined, done.rotated) == (3, 1)
    assert done.unreadable == (
        "the tokens of account `id-one`",
        "the webhook of train `blue`",
    )
