"""What an API key is made of, and what of it may be stored."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.queries.conversations.api_key import ApiKey

#: How every key begins, so that scanners of repositories and logs can find them.
KEY_MARK = "cnp_live_"

#: Random bytes of a key; what prefix and suffix tell of them leaves 288 bits.
_RANDOM_BYTES = 42
#: Their length as URL-safe base64.
_RANDOM_LENGTH = 56
_SHOWN = 4
_KEY = re.compile(rf"{KEY_MARK}[A-Za-z0-9_-]{{{_RANDOM_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key that was created; it is here and nowhere else, so show it now."""

    key: str = field(repr=False)
    row: ApiKey


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """What is stored of a key: its SHA-256, and ends that people tell keys apart by."""

    key_hash: str
    key_prefix: str
    key_suffix: str


def create_key() -> str:
    """Return a new random key."""
    return KEY_MARK + secrets.token_urlsafe(_RANDOM_BYTES)


def is_key(text: str) -> bool:
    """Return whether a text has the form of a key."""
    return _KEY.fullmatch(text) is not None


def hash_key(key: str) -> str:
    """Return the SHA-256 of a key, in hexadecimal.

    No salt and no slow hash: there is nothing to guess in 336 random bits.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def material_of(key: str) -> KeyMaterial:
    """Return what may be stored of a key."""
    return KeyMaterial(
        key_hash=hash_key(key),
        key_prefix=key[: len(KEY_MARK) + _SHOWN],
        key_suffix=key[-_SHOWN:],
    )
