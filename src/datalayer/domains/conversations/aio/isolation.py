# twin: ../isolation.py
"""Transactions that see one train only, by row-level security."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from psycopg import errors
from psycopg.pq import TransactionStatus

from datalayer.domains.conversations.arguments import check_given, check_role
from datalayer.domains.conversations.errors import (
    IsolationRefused,
    NotIsolated,
    TransactionOpen,
)
from datalayer.queries.aio.conversations import isolation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

_REFUSALS = (errors.ObjectNotInPrerequisiteState, errors.UndefinedObject)


@asynccontextmanager
async def as_train(
    connection: AsyncConnection[Any], *, train_id: str, role: str | None = None
) -> AsyncIterator[None]:
    """Run a transaction that sees and changes only what belongs to a train.

    `role` is one that `enable_train_isolation` was called with; without it the role of
    the connection is. Train and role hold until the transaction ends, so that a pooler
    may give the connection to others. Raises `NotIsolated` when nothing would be
    confined, and `TransactionOpen`.
    """
    check_given(train_id=train_id)
    check_role(role)
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise TransactionOpen(train_id)
    async with connection.transaction():
        is_confined = await isolation.enter_train(
            connection, train_id=train_id, isolated_role=role
        )
        if not is_confined:
            raise NotIsolated(train_id, role)
        yield


async def enable_train_isolation(
    connection: AsyncConnection[Any], *, role: str
) -> list[str]:
    """Let a role see one train at a time, and return all roles that do.

    Needs the owner of the tables. Raises `IsolationRefused` for a role that policies do
    not bind, and for tables that have policies of their own.
    """
    check_role(role)
    try:
        async with connection.transaction():
            return await isolation.enable_train_isolation(
                connection, isolated_role=role
            )
    except _REFUSALS as error:
        raise _refused(error) from error


async def disable_train_isolation(
    connection: AsyncConnection[Any], *, role: str | None = None
) -> list[str]:
    """Take a role, or all of them, out of isolation, and return those that stay.

    It loses its privileges on the tables, too: without policies it would see all
    trains. Needs the owner of the tables. Raises `IsolationRefused` for a role that is
    not isolated.
    """
    check_role(role)
    try:
        async with connection.transaction():
            return await isolation.disable_train_isolation(
                connection, isolated_role=role
            )
    except _REFUSALS as error:
        raise _refused(error) from error


def _refused(error: errors.Error) -> IsolationRefused:
    return IsolationRefused(
        error.diag.message_primary or str(error), help=error.diag.message_hint
    )
