# Derived by scripts/async_to_sync.py from rotation.py; do not edit.
"""Rotation of the keys that tokens and webhooks are encrypted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_counts
from datalayer.domains.conversations.credential_keys import (
    CredentialKeys,
    is_current,
    read_credential_keys,
    reencrypt,
)
from datalayer.domains.conversations.errors import CredentialKeyWrong
from datalayer.domains.conversations.slack import webhook_of
from datalayer.domains.conversations.tokens import RotationReport, rotate_tokens
from datalayer.queries.conversations import credential as credentials
from datalayer.queries.conversations import train as trains

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from datalayer.queries.conversations.credential import HeldTokens
    from datalayer.queries.conversations.train import SlackWebhook


def rotate_credentials(
    connection: Connection[Any],
    *,
    keys: CredentialKeys | None = None,
    batch_size: int = 100,
    report: Callable[[RotationReport], None] | None = None,
) -> RotationReport:
    """Encrypt every token and webhook with the first key, and report what was done.

    Each batch is a transaction of its own, unless the caller has one open, and tokens
    that others store meanwhile are not lost. What has the first key already is left
    alone, so an interrupted rotation is run again. What no key opens is left alone and
    named. `report` is called after each batch.
    """
    check_counts(batch_size=batch_size)
    with_keys = keys or read_credential_keys()
    done = RotationReport()
    after_id: int | None = 0
    while after_id is not None:
        part, after_id = _rotate_tokens(connection, with_keys, after_id, batch_size)
        done = _told(done + part, report)
    after_train: str | None = ""
    while after_train is not None:
        part, after_train = _rotate_webhooks(
            connection, with_keys, after_train, batch_size
        )
        done = _told(done + part, report)
    return done


def _rotate_tokens(
    connection: Connection[Any],
    keys: CredentialKeys,
    after_id: int,
    batch_size: int,
) -> tuple[RotationReport, int | None]:
    part = RotationReport()
    with connection.transaction():
        batch = credentials.hold_credentials(
            connection, after_id=after_id, row_limit=batch_size
        )
        for held in batch:
            part += _rotate_account(connection, keys, held)
    return part, batch[-1].id if len(batch) == batch_size else None


def _rotate_account(
    connection: Connection[Any], keys: CredentialKeys, held: HeldTokens
) -> RotationReport:
    try:
        tokens = rotate_tokens(held, keys)
    except CredentialKeyWrong as error:
        return RotationReport(1, 0, (error.secret,))
    if tokens is None:
        return RotationReport(1)
    credentials.replace_tokens(
        connection,
        credential_id=held.id,
        access_token=tokens[0],
        refresh_token=tokens[1],
    )
    return RotationReport(1, 1)


def _rotate_webhooks(
    connection: Connection[Any],
    keys: CredentialKeys,
    after_train_id: str,
    batch_size: int,
) -> tuple[RotationReport, str | None]:
    part = RotationReport()
    with connection.transaction():
        batch = trains.list_slack_webhooks(
            connection, after_train_id=after_train_id, row_limit=batch_size
        )
        for held in batch:
            part += _rotate_webhook(connection, keys, held)
    return part, batch[-1].train_id if len(batch) == batch_size else None


def _rotate_webhook(
    connection: Connection[Any], keys: CredentialKeys, held: SlackWebhook
) -> RotationReport:
    if is_current(held.slack_webhook_url, keys):
        return RotationReport(1)
    secret = webhook_of(held.train_id)
    try:
        sealed = reencrypt(held.slack_webhook_url, keys, secret=secret)
    except CredentialKeyWrong as error:
        return RotationReport(1, 0, (error.secret,))
    trains.replace_slack_webhook(
        connection, train_id=held.train_id, slack_webhook_url=sealed
    )
    return RotationReport(1, 1)


def _told(
    done: RotationReport, report: Callable[[RotationReport], None] | None
) -> RotationReport:
    if report is not None:
        report(done)
    return done
