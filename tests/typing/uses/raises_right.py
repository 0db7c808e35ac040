"""What people do with named violations; a type checker accepts every line."""

from collections.abc import Mapping
from typing import assert_type

import psycopg
from cases.raises import account
from cases.raises.aio import account as aio_account
from datalayer.errors import ConstraintViolation
from datalayer.runtime import retry_transaction
from psycopg.rows import TupleRow


def named(connection: psycopg.Connection[TupleRow]) -> account.Account | None:
    """A violation is caught by its own class, or by the root of them."""
    try:
        return account.create_account(connection, email="a", balance=1, settings={})
    except account.AlreadyRegistered as error:
        assert_type(error.values, Mapping[str, object])
        assert_type(error.constraint, str)
        violation: ConstraintViolation = error
        raise violation from None
    except account.BalanceTooLow:
        return None


def retried(connection: psycopg.Connection[TupleRow]) -> int:
    """A unit of work returns what it returns, however often it is run."""

    def work(again: psycopg.Connection[TupleRow]) -> int:
        return account.change_account(again, email="a", balance=1)

    changed = retry_transaction(connection, work, attempts=3)
    assert_type(changed, int)
    return changed


async def asynchronous(connection: psycopg.AsyncConnection[TupleRow]) -> None:
    """The twins raise the same classes."""
    try:
        await aio_account.change_account(connection, email="a", balance=-1)
    except aio_account.BalanceTooLow as error:
        assert_type(error, account.BalanceTooLow)
