# twin: ../credentials.py
"""OAuth tokens of accounts, encrypted before they are sent to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.errors import UniqueViolation

from datalayer.domains.arguments import check_texts, check_times
from datalayer.domains.conversations.arguments import check_given
from datalayer.domains.conversations.credential_keys import (
    CredentialKeys,
    encrypt,
    read_credential_keys,
)
from datalayer.domains.conversations.errors import CredentialExists, CredentialNotFound
from datalayer.domains.conversations.failover import in_failover_order
from datalayer.domains.conversations.tokens import Credential, open_credential
from datalayer.queries.aio.conversations import credential as credentials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.conversations.credential import Account, StoredCredential

_PAGE = 1000


async def create_credential(
    connection: AsyncConnection[Any],
    *,
    account_id: str,
    account_name: str,
    access_token: str,
    refresh_token: str,
    expires_at: datetime,
    scopes: Sequence[str] = (),
    is_max: bool = False,
    keys: CredentialKeys | None = None,
) -> Account:
    """Store the credential of an account and return the account, without tokens.

    The tokens are encrypted with `keys`, or those of the environment. Raises
    `CredentialExists`.
    """
    check_given(account_id=account_id, account_name=account_name)
    check_times(expires_at=expires_at)
    with_keys = keys or read_credential_keys()
    created = await credentials.create_credential(
        connection,
        account_id=account_id,
        account_name=account_name,
        access_token=encrypt(access_token, with_keys),
        refresh_token=encrypt(refresh_token, with_keys),
        expires_at=expires_at,
        scopes=list(scopes),
        is_max=is_max,
    )
    if created is None:
        raise CredentialExists(account_id, account_name)
    return created


async def update_tokens(
    connection: AsyncConnection[Any],
    *,
    account_id: str,
    access_token: str,
    refresh_token: str,
    expires_at: datetime,
    keys: CredentialKeys | None = None,
) -> Account:
    """Store new tokens of an account, encrypted, and return the account.

    Raises `CredentialNotFound`.
    """
    check_texts(account_id=account_id)
    check_times(expires_at=expires_at)
    with_keys = keys or read_credential_keys()
    updated = await credentials.update_tokens(
        connection,
        account_id=account_id,
        access_token=encrypt(access_token, with_keys),
        refresh_token=encrypt(refresh_token, with_keys),
        expires_at=expires_at,
    )
    if updated is None:
        raise CredentialNotFound(account_id)
    return updated


async def update_credential(
    connection: AsyncConnection[Any],
    *,
    account_id: str,
    account_name: str | None = None,
    scopes: Sequence[str] | None = None,
    is_max: bool | None = None,
) -> Account:
    """Change what is given of an account, besides its tokens, and return it.

    None leaves what is there. Raises `CredentialNotFound`, and `CredentialExists` when
    another account has the name.
    """
    check_texts(account_id=account_id)
    if account_name is not None:
        check_given(account_name=account_name)
    try:
        async with connection.transaction():
            updated = await credentials.update_account(
                connection,
                account_id=account_id,
                account_name=account_name,
                scopes=None if scopes is None else list(scopes),
                is_max=is_max,
            )
    except UniqueViolation:
        raise CredentialExists(account_id, str(account_name)) from None
    if updated is None:
        raise CredentialNotFound(account_id)
    return updated


async def find_credential(
    connection: AsyncConnection[Any],
    *,
    account_id: str,
    keys: CredentialKeys | None = None,
) -> Credential:
    """Return the credential of an account with its tokens, decrypted.

    Raises `CredentialNotFound`, and `CredentialKeyWrong` when no key opens them.
    """
    check_texts(account_id=account_id)
    stored = await credentials.get_credential(connection, account_id=account_id)
    return _opened(stored, account_id, keys)


async def find_train_credential(
    connection: AsyncConnection[Any],
    *,
    train_id: str,
    account_name: str,
    keys: CredentialKeys | None = None,
) -> Credential:
    """Return the credential of an account that a train may use, tokens decrypted.

    Raises `CredentialNotFound`, also for an account of others, and
    `CredentialKeyWrong`.
    """
    check_texts(train_id=train_id, account_name=account_name)
    stored = await credentials.get_train_credential(
        connection, train_id=train_id, account_name=account_name
    )
    return _opened(stored, account_name, keys)


async def list_failover_accounts(
    connection: AsyncConnection[Any], *, train_id: str
) -> list[Account]:
    """Return the accounts of a train in the order in which it tries them.

    They come without tokens; `find_train_credential` opens those of one.
    """
    check_texts(train_id=train_id)
    found: list[Account] = []
    cursor: str | None = None
    while True:
        page = await credentials.list_train_accounts(
            connection, train_id=train_id, row_limit=_PAGE, cursor=cursor
        )
        found += page.items
        cursor = page.next
        if cursor is None:
            return in_failover_order(train_id, found, lambda one: one.account_name)


async def delete_credential(
    connection: AsyncConnection[Any], *, account_id: str
) -> None:
    """Delete the credential of an account and its links; raise `CredentialNotFound`."""
    check_texts(account_id=account_id)
    if not await credentials.delete_credential(connection, account_id=account_id):
        raise CredentialNotFound(account_id)


def _opened(
    stored: StoredCredential | None, account: str, keys: CredentialKeys | None
) -> Credential:
    if stored is None:
        raise CredentialNotFound(account)
    return open_credential(stored, keys or read_credential_keys())
