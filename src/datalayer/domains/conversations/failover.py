"""The order in which a train tries its accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

AccountT = TypeVar("AccountT")


def failover_weight(train_id: str, account_name: str) -> int:
    """Return the rank of an account for a train: the highest is tried first.

    It is spread evenly over the accounts, so that trains begin with different ones, and
    an account that comes or goes changes no order among the others.
    """
    digest = hashlib.sha256(f"{train_id}::{account_name}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def in_failover_order(
    train_id: str, accounts: Iterable[AccountT], name: Callable[[AccountT], str]
) -> list[AccountT]:
    """Return accounts as a train tries them; those of equal weight by their names."""
    return sorted(
        accounts,
        key=lambda one: (-failover_weight(train_id, name(one)), name(one)),
    )
