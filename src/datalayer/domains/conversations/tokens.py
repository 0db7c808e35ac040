"""The tokens of an account, as they are used and as they are stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.credential_keys import (
    decrypt,
    is_current,
    reencrypt,
)

if TYPE_CHECKING:
    from datetime import datetime

    from datalayer.domains.conversations.credential_keys import CredentialKeys
    from datalayer.queries.conversations.credential import HeldTokens, StoredCredential


@dataclass(frozen=True, slots=True)
class Credential:
    """An account with its tokens, which its `repr` leaves out."""

    id: int
    account_id: str
    account_name: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    scopes: tuple[str, ...]
    is_max: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RotationReport:
    """What was encrypted anew, and what no key at hand opens."""

    #: How many accounts and webhooks were looked at.
    examined: int = 0
    #: How many of them were encrypted with another key than the first.
    rotated: int = 0
    #: What they are called in messages.
    unreadable: tuple[str, ...] = ()

    def __add__(self, other: RotationReport) -> RotationReport:
        """Return the sum of two parts."""
        return RotationReport(
            self.examined + other.examined,
            self.rotated + other.rotated,
            self.unreadable + other.unreadable,
        )


def tokens_of(account_id: str) -> str:
    """Return what the tokens of an account are called in messages."""
    return f"the tokens of account `{account_id}`"


def open_credential(stored: StoredCredential, keys: CredentialKeys) -> Credential:
    """Return a credential with its tokens decrypted; raise `CredentialKeyWrong`."""
    secret = tokens_of(stored.account_id)
    return Credential(
        id=stored.id,
        account_id=stored.account_id,
        account_name=stored.account_name,
        access_token=decrypt(stored.access_token, keys, secret=secret),
        refresh_token=decrypt(stored.refresh_token, keys, secret=secret),
        expires_at=stored.expires_at,
        scopes=tuple(stored.scopes),
        is_max=stored.is_max,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def rotate_tokens(held: HeldTokens, keys: CredentialKeys) -> tuple[str, str] | None:
    """Return access and refresh token encrypted with the first key; None if they are.

    Raises `CredentialKeyWrong` when no key opens one of them.
    """
    stored = (held.access_token, held.refresh_token)
    if all(is_current(each, keys) for each in stored):
        return None
    secret = tokens_of(held.account_id)
    access, refresh = (reencrypt(each, keys, secret=secret) for each in stored)
    return access, refresh
