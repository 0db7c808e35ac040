# twin: ../enforcements.py
"""Enforcements: each is resolved once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import unset_if_none
from datalayer.domains.automation.errors import (
    AlreadyResolved,
    EnforcementNotFound,
    NotAResolution,
)
from datalayer.domains.automation.values import TRIES
from datalayer.queries.aio.automation import enforcement as enforcements
from datalayer.queries.enums import EnforcementStatus

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from datalayer.queries.automation.enforcement import Enforcement


async def resolve_enforcement(
    connection: AsyncConnection[Any],
    *,
    enforcement_id: int,
    status: EnforcementStatus = EnforcementStatus.PROCESSED,
    created: datetime | None = None,
) -> Enforcement:
    """Resolve an enforcement as `processed` or `disabled`, and return it.

    Raises `AlreadyResolved` the second time, `NotAResolution` for another status, and
    `EnforcementNotFound`.
    """
    if status is EnforcementStatus.CREATED:
        raise NotAResolution(status)
    for _ in range(TRIES):
        resolved = await enforcements.resolve_enforcement(
            connection, enforcement_id=enforcement_id, status=status, created=created
        )
        if resolved is not None:
            return resolved
    found = await enforcements.get_enforcement(
        connection, enforcement_id=enforcement_id, created=unset_if_none(created)
    )
    if found is None:
        raise EnforcementNotFound(enforcement_id)
    raise AlreadyResolved(enforcement_id, found.status, found.resolved_at)
