# twin: ../sessions.py
"""Sessions that are there when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.queries.aio.operations import session as sessions

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from datalayer.queries.operations.session import Session
    from datalayer.runtime import JsonInput


async def get_or_create_session(
    connection: AsyncConnection[Any], *, user_id: str, initial: JsonInput = None
) -> Session:
    """Return the session of a user, created with `initial` when there is none.

    Without `initial` it is created as an empty object. Of two at once the second
    returns the session of the first.
    """
    session = await sessions.get_or_create_session(
        connection, user_id=user_id, initial=initial
    )
    assert session is not None, "what is not there is created"
    return session
