# Derived by scripts/async_to_sync.py from approvals.py; do not edit.
"""Approvals: asked for, looked up, patched, and decided once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from datalayer.domains.arguments import check_times
from datalayer.domains.errors import InvalidArgument
from datalayer.domains.operations.errors import (
    ApprovalExists,
    ApprovalNotFound,
    PayloadNotObject,
)
from datalayer.queries.operations import approval as approvals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import Connection

    from datalayer.queries.operations.approval import Approval
    from datalayer.runtime import JsonInput

_DECISIONS = ("approved", "rejected")


def add_approval(
    connection: Connection[Any],
    *,
    payload: JsonInput,
    approval_id: str | None = None,
    now: datetime | None = None,
) -> Approval:
    """Ask for an approval and return it, as pending; without an id it gets a new one.

    Raises `ApprovalExists` when there is one of this id.
    """
    check_times(now=now)
    wanted = str(uuid4()) if approval_id is None else approval_id
    added = approvals.add_approval(
        connection, approval_id=wanted, payload=payload, now=now
    )
    if added is None:
        raise ApprovalExists(wanted)
    return added


def find_approval(connection: Connection[Any], *, approval_id: str) -> Approval:
    """Return an approval; raise `ApprovalNotFound` when there is none."""
    found = approvals.get_approval(connection, approval_id=approval_id)
    if found is None:
        raise ApprovalNotFound(approval_id)
    return found


def patch_approval(
    connection: Connection[Any],
    *,
    approval_id: str,
    patch: Mapping[str, JsonInput],
) -> Approval:
    """Put the members of `patch` into the payload of an approval, and return it.

    They take the place of those of the same name, whole: objects in them do not merge.
    Raises `ApprovalNotFound`, and `PayloadNotObject` when one of the two is none.
    """
    patched = approvals.patch_approval(connection, approval_id=approval_id, patch=patch)
    if patched is None:
        find_approval(connection, approval_id=approval_id)
        raise PayloadNotObject(approval_id)
    return patched


def decide_approval(
    connection: Connection[Any],
    *,
    approval_id: str,
    status: Literal["approved", "rejected"],
    now: datetime | None = None,
) -> Approval | None:
    """Approve or reject what is pending, and return it; None when it has been decided.

    Of two at once one gets it. Raises `ApprovalNotFound`.
    """
    check_times(now=now)
    if status not in _DECISIONS:
        raise InvalidArgument("status", status, "'approved' or 'rejected'")
    decided = approvals.decide_approval(
        connection, approval_id=approval_id, status=status, now=now
    )
    if decided is None:
        find_approval(connection, approval_id=approval_id)
    return decided
