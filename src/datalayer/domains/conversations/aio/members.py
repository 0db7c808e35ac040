# twin: ../members.py
"""Members of trains, of which one owner at least stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from datalayer.domains.arguments import check_texts
from datalayer.domains.conversations.arguments import check_choice, check_given
from datalayer.domains.conversations.errors import (
    LastOwner,
    MemberExists,
    MemberNotFound,
    TrainNotFound,
)
from datalayer.queries.aio.conversations import member as members
from datalayer.queries.aio.conversations import train as trains

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from datalayer.queries.conversations.member import Member

#: Owners manage a train, members use it.
Role: TypeAlias = Literal["owner", "member"]

_ROLES = ("owner", "member")


async def add_member(
    connection: AsyncConnection[Any],
    *,
    train_id: str,
    email: str,
    added_by: str,
    role: Role = "member",
) -> Member:
    """Add a member to a train and return it.

    Raises `MemberExists` when the address is one already, in whatever case, and
    `TrainNotFound`.
    """
    check_given(email=email)
    check_texts(train_id=train_id, added_by=added_by)
    check_choice("role", role, _ROLES)
    added = await members.add_member(
        connection, train_id=train_id, email=email, role=role, added_by=added_by
    )
    if added is None:
        if await trains.get_train(connection, train_id=train_id) is None:
            raise TrainNotFound(train_id)
        raise MemberExists(train_id, email)
    return added


async def find_member(
    connection: AsyncConnection[Any], *, train_id: str, email: str
) -> Member:
    """Return a member, ignoring the case of the address; raise `MemberNotFound`."""
    check_texts(train_id=train_id, email=email)
    found = await members.get_member(connection, train_id=train_id, email=email)
    if found is None:
        raise MemberNotFound(train_id, email)
    return found


async def change_role(
    connection: AsyncConnection[Any], *, train_id: str, email: str, role: Role
) -> Member:
    """Change the role of a member and return it.

    Raises `MemberNotFound`, and `LastOwner` when the train would be left without one.
    """
    check_texts(train_id=train_id, email=email)
    check_choice("role", role, _ROLES)
    async with connection.transaction():
        if role != "owner":
            await _keep_an_owner(connection, train_id, email)
        changed = await members.change_role(
            connection, train_id=train_id, email=email, role=role
        )
        if changed is None:
            raise MemberNotFound(train_id, email)
    return changed


async def remove_member(
    connection: AsyncConnection[Any], *, train_id: str, email: str
) -> None:
    """Remove a member from a train.

    Raises `MemberNotFound`, and `LastOwner` when the train would be left without one.
    """
    check_texts(train_id=train_id, email=email)
    async with connection.transaction():
        await _keep_an_owner(connection, train_id, email)
        if not await members.remove_member(connection, train_id=train_id, email=email):
            raise MemberNotFound(train_id, email)


async def _keep_an_owner(
    connection: AsyncConnection[Any], train_id: str, email: str
) -> None:
    """Let nobody else change who owns the train, and raise `LastOwner` if it must be.

    The database refuses the same when the transaction ends, which is late for a caller.
    """
    await trains.hold_train(connection, train_id=train_id)
    member = await find_member(connection, train_id=train_id, email=email)
    if member.role == "owner" and not await members.has_other_owner(
        connection, train_id=train_id, email=email
    ):
        raise LastOwner(train_id, member.email)
