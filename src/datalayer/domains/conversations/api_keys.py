# Derived by scripts/async_to_sync.py from api_keys.py; do not edit.
"""API keys: created and shown once, verified by their hash, revoked once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import check_texts, check_times
from datalayer.domains.conversations.errors import ApiKeyNotFound, TrainNotFound
from datalayer.domains.conversations.key_material import (
    NewApiKey,
    create_key,
    hash_key,
    is_key,
    material_of,
)
from datalayer.queries.conversations import api_key as keys

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.conversations.api_key import ApiKey


def create_api_key(
    connection: Connection[Any],
    *,
    train_id: str,
    name: str | None = None,
    created_by: str | None = None,
) -> NewApiKey:
    """Create a key for a train and return it, this once, with what is stored of it.

    The database gets its SHA-256 only. Raises `TrainNotFound`.
    """
    check_texts(train_id=train_id, name=name, created_by=created_by)
    key = create_key()
    material = material_of(key)
    row = keys.create_api_key(
        connection,
        train_id=train_id,
        key_hash=material.key_hash,
        key_prefix=material.key_prefix,
        key_suffix=material.key_suffix,
        name=name,
        created_by=created_by,
    )
    if row is None:
        raise TrainNotFound(train_id)
    return NewApiKey(key, row)


def verify_api_key(
    connection: Connection[Any], *, key: str, now: datetime | None = None
) -> ApiKey | None:
    """Return what is stored of a key; None when it is unknown, revoked or no key.

    Notes the use in `last_used_at`, at most once a minute. In a transaction that does
    other things, too, the row stays locked until it ends; nobody waits for that.
    """
    check_times(now=now)
    if not is_key(key):
        return None
    key_hash = hash_key(key)
    found = keys.use_api_key(connection, key_hash=key_hash, now=now)
    # Whoever measures this learns nothing, also where an index compares otherwise.
    if found is None or not hmac.compare_digest(found.key_hash, key_hash):
        return None
    return found


def find_api_key(connection: Connection[Any], *, train_id: str, key_id: int) -> ApiKey:
    """Return what is stored of a key; raise `ApiKeyNotFound` when there is none."""
    check_texts(train_id=train_id)
    found = keys.get_api_key(connection, train_id=train_id, key_id=key_id)
    if found is None:
        raise ApiKeyNotFound(train_id, key_id)
    return found


def revoke_api_key(
    connection: Connection[Any],
    *,
    train_id: str,
    key_id: int,
    revoked_by: str | None = None,
    now: datetime | None = None,
) -> ApiKey | None:
    """Revoke a key for good and return its row; None when it is revoked already.

    Of two at once one gets it. Raises `ApiKeyNotFound`.
    """
    check_texts(train_id=train_id, revoked_by=revoked_by)
    check_times(now=now)
    revoked = keys.revoke_api_key(
        connection, train_id=train_id, key_id=key_id, revoked_by=revoked_by, now=now
    )
    if revoked is None:
        find_api_key(connection, train_id=train_id, key_id=key_id)
    return revoked


def delete_api_key(connection: Connection[Any], *, train_id: str, key_id: int) -> None:
    """Delete a key, so that nothing tells that it was; raise `ApiKeyNotFound`.

    A key that is revoked serves as well, and can be looked up later.
    """
    check_texts(train_id=train_id)
    deleted = keys.delete_api_key(connection, train_id=train_id, key_id=key_id)
    if not deleted:
        raise ApiKeyNotFound(train_id, key_id)
