# twin: ../approvals.py
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
from datalayer.queries.aio.operations import approval as approvals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.operations.approval import Approval
    from datalayer.runtime import JsonInput

_DECISIONS = ("approved", "rejected")


async def add_approval(
    connection: AsyncConnection[Any],
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
    added = await approvals.add_approval(
        connection, approval_id=wanted, payload=payload, now=now
    )
    if added is None:
        raise ApprovalExists(wanted)
    return added


async def find_approval(
    connection: AsyncConnection[Any], *, approval_id: str
) -> Approval:
    """Return an approval; raise `ApprovalNotFound` when there is none."""
    found = await approvals.get_approval(connection, approval_id=approval_id)
    if found is None:
        raise ApprovalNotFound(approval_id)
    return found


async def patch_approval(
    connection: AsyncConnection[Any],
    *,
    approval_id: str,
    patch: Mapping[str, JsonInput],
) -> Approval:
    """Put the members of `patch` into the payload of an approval, and return it.

    They take the place of those of the same name, whole: objects in them do not merge.
    Raises `ApprovalNotFound`, and `PayloadNotObject` when one of the two is none.
    """
    patched = await approvals.patch_approval(
        connection, approval_id=approval_id, patch=patch
    )
    if patched is None:
        await find_approval(connection, approval_id=approval_id)
        raise PayloadNotObject(approval_id)
    return patched


async def decide_approval(
    connection: AsyncConnection[Any],
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
    decided = await approvals.decide_approval(
        connection, approval_id=approval_id, status=status, now=now
    )
    if decided is None:
        await find_approval(connection, approval_id=approval_id)
    return decided
