# twin: ../trains.py
"""Trains: teams that share accounts, keys and conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_texts
from datalayer.domains.conversations.arguments import check_given
from datalayer.domains.conversations.credential_keys import (
    CredentialKeys,
    decrypt,
    encrypt,
    read_credential_keys,
)
from datalayer.domains.conversations.errors import (
    CredentialNotFound,
    TrainExists,
    TrainNotFound,
)
from datalayer.domains.conversations.slack import NO_SLACK, SlackSettings, webhook_of
from datalayer.queries.aio.conversations import credential as credentials
from datalayer.queries.aio.conversations import member as members
from datalayer.queries.aio.conversations import train as trains

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from datalayer.queries.conversations.train import Train


async def create_train(
    connection: AsyncConnection[Any],
    *,
    train_id: str,
    name: str,
    owner: str,
    added_by: str,
    description: str | None = None,
    slack: SlackSettings = NO_SLACK,
    keys: CredentialKeys | None = None,
) -> Train:
    """Create a train with its first owner, an address, and return it.

    A webhook is encrypted with `keys`, or those of the environment. Raises
    `TrainExists`.
    """
    check_given(train_id=train_id, owner=owner)
    check_texts(name=name, added_by=added_by, description=description)
    slack.check()
    async with connection.transaction():
        created = await trains.create_train(
            connection,
            train_id=train_id,
            name=name,
            description=description,
            slack_webhook_url=_sealed(slack.webhook_url, keys) or None,
            slack_enabled=bool(slack.enabled),
            **slack.texts(),
        )
        if created is None:
            raise TrainExists(train_id)
        await members.add_member(
            connection, train_id=train_id, email=owner, role="owner", added_by=added_by
        )
    return created


async def find_train(connection: AsyncConnection[Any], *, train_id: str) -> Train:
    """Return a train; raise `TrainNotFound` when there is none."""
    check_texts(train_id=train_id)
    found = await trains.get_train(connection, train_id=train_id)
    if found is None:
        raise TrainNotFound(train_id)
    return found


async def find_slack_webhook(
    connection: AsyncConnection[Any],
    *,
    train_id: str,
    keys: CredentialKeys | None = None,
) -> str | None:
    """Return the webhook of a train, decrypted; None when it has none.

    Whoever knows it can write to the channel. Raises `TrainNotFound`.
    """
    await find_train(connection, train_id=train_id)
    stored = await trains.get_slack_webhook(connection, train_id=train_id)
    if not isinstance(stored, str):
        return None
    return decrypt(stored, keys or read_credential_keys(), secret=webhook_of(train_id))


async def update_train(
    connection: AsyncConnection[Any],
    *,
    train_id: str,
    name: str | None = None,
    description: str | None = None,
    slack: SlackSettings = NO_SLACK,
    keys: CredentialKeys | None = None,
) -> Train:
    """Change what is given of a train and return it.

    None leaves what is there; an empty text removes it. Raises `TrainNotFound`.
    """
    check_texts(train_id=train_id, name=name, description=description)
    slack.check()
    updated = await trains.update_train(
        connection,
        train_id=train_id,
        name=name,
        description=description,
        slack_webhook_url=_sealed(slack.webhook_url, keys),
        slack_enabled=slack.enabled,
        **slack.texts(),
    )
    if updated is None:
        raise TrainNotFound(train_id)
    return updated


async def delete_train(connection: AsyncConnection[Any], *, train_id: str) -> None:
    """Delete a train with its members, keys and links; raise `TrainNotFound`.

    Its requests stay, and so do the credentials of its accounts.
    """
    check_texts(train_id=train_id)
    if not await trains.delete_train(connection, train_id=train_id):
        raise TrainNotFound(train_id)


async def link_account(
    connection: AsyncConnection[Any], *, train_id: str, account_id: str
) -> bool:
    """Let a train use an account; False when it may already.

    Raises `TrainNotFound` and `CredentialNotFound`.
    """
    check_texts(train_id=train_id, account_id=account_id)
    linked = await credentials.link_account(
        connection, train_id=train_id, account_id=account_id
    )
    if not linked:
        await _check_both(connection, train_id, account_id)
    return linked == 1


async def unlink_account(
    connection: AsyncConnection[Any], *, train_id: str, account_id: str
) -> bool:
    """Take an account from a train; False when the train had not got it.

    Raises `TrainNotFound` and `CredentialNotFound`.
    """
    check_texts(train_id=train_id, account_id=account_id)
    unlinked = await credentials.unlink_account(
        connection, train_id=train_id, account_id=account_id
    )
    if not unlinked:
        await _check_both(connection, train_id, account_id)
    return unlinked == 1


async def _check_both(
    connection: AsyncConnection[Any], train_id: str, account_id: str
) -> None:
    await find_train(connection, train_id=train_id)
    if await credentials.get_credential(connection, account_id=account_id) is None:
        raise CredentialNotFound(account_id)


def _sealed(webhook_url: str | None, keys: CredentialKeys | None) -> str | None:
    # An empty one removes what is there, and is no secret.
    if not webhook_url:
        return webhook_url
    return encrypt(webhook_url, keys or read_credential_keys())
