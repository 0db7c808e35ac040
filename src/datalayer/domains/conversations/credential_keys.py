"""Encryption of what must be readable again, with keys from the environment."""

from __future__ import annotations

import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.domains.conversations.errors import (
    CREDENTIAL_KEYS_VARIABLE,
    CredentialKeyMalformed,
    CredentialKeysMissing,
    CredentialKeyWrong,
    CryptographyMissing,
)

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
_BETWEEN = re.compile(r"[,\s]+")
#: No byte of a secret is lost, whatever text it is.
_ENCODING = ("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """Keys that open tokens; the first one encrypts new ones."""

    keys: tuple[str, ...] = field(repr=False)


def create_credential_key() -> str:
    """Return a new random key for the variable `DATALAYER_CREDENTIAL_KEYS`."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def read_credential_keys(
    environment: Mapping[str, str] | None = None,
) -> CredentialKeys:
    """Return the keys in `DATALAYER_CREDENTIAL_KEYS`, with commas between them.

    Raises `CredentialKeysMissing` and `CredentialKeyMalformed`.
    """
    variables = os.environ if environment is None else environment
    text = variables.get(CREDENTIAL_KEYS_VARIABLE, "")
    keys = tuple(key for key in _BETWEEN.split(text) if key)
    if not keys:
        raise CredentialKeysMissing
    for place, key in enumerate(keys, 1):
        if not _KEY.fullmatch(key):
            raise CredentialKeyMalformed(place, len(keys))
    return CredentialKeys(keys)


def encrypt(secret: str, keys: CredentialKeys) -> str:
    """Return a secret encrypted with the first key, differently each time."""
    return _fernet(keys).encrypt(secret.encode(*_ENCODING)).decode("ascii")


def decrypt(encrypted: str, keys: CredentialKeys, *, secret: str) -> str:
    """Return what was encrypted with one of the keys.

    Raises `CredentialKeyWrong`, which calls it `secret`, when none of them did it.
    """
    fernet = _fernet(keys)
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - an extra

    try:
        return fernet.decrypt(encrypted).decode(*_ENCODING)
    except InvalidToken:
        # What was tried is in the frames of the library's error.
        raise CredentialKeyWrong(secret, len(keys.keys)) from None


def is_current(encrypted: str, keys: CredentialKeys) -> bool:
    """Return whether the first key opens what is encrypted."""
    try:
        decrypt(encrypted, CredentialKeys(keys.keys[:1]), secret="")
    except CredentialKeyWrong:
        return False
    return True


def reencrypt(encrypted: str, keys: CredentialKeys, *, secret: str) -> str:
    """Return a secret encrypted with the first key, as it is when that did it already.

    Raises `CredentialKeyWrong` when no key opens it.
    """
    if is_current(encrypted, keys):
        return encrypted
    return encrypt(decrypt(encrypted, keys, secret=secret), keys)


def _fernet(keys: CredentialKeys) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise CryptographyMissing from error
    return MultiFernet([Fernet(key) for key in keys.keys])
