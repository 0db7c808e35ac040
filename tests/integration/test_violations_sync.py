# Derived by scripts/async_to_sync.py from test_violations_aio.py; do not edit.
"""Violations of constraints as classes of their own, synchronously."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation, NotNullViolation, UniqueViolation

from datalayer.errors import ConstraintViolation
from datalayer.runtime import UNSET, Part, Query, VariedQuery, int4, jsonb
from datalayer.runtime.sync import execute, fetch_one

SCHEMA = """
CREATE TABLE account (
    id int CONSTRAINT account_pkey PRIMARY KEY,
    balance int NOT NULL CONSTRAINT account_balance_check CHECK (balance >= 0),
    settings jsonb
);
INSERT INTO account VALUES (1, 10);
"""


class AlreadyThere(ConstraintViolation):
    """A violation of `account_pkey`."""


class BalanceTooLow(ConstraintViolation):
    """A violation of `account_balance_check`."""


CREATE: Query[int] = Query(
    name="create_account",
    source="queries/account.sql:1",
    raises=(("account_pkey", AlreadyThere),),
    names=("id", "balance", "settings"),
    sql="INSERT INTO account VALUES ($1, $2, $3) RETURNING id",
)
CHANGE: VariedQuery[None] = VariedQuery(
    name="change_account",
    source="queries/account.sql:9",
    raises=(("account_balance_check", BalanceTooLow),),
    sql=(
        "UPDATE account SET id = id",
        Part(", balance = %(balance)s", all_of=("balance",)),
        " WHERE id = %(id)s",
    ),
)


@pytest.fixture
def session(empty_database: str) -> Iterator[Connection[Any]]:
    with Connection.connect(empty_database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        yield connection


def test_a_named_violation_carries_the_arguments(
    session: Connection[Any],
) -> None:
    with pytest.raises(AlreadyThere) as caught:
        fetch_one(session, CREATE, (int4(1), int4(5), jsonb({"a": 1})))

    error = caught.value
    assert error.values == {"id": 1, "balance": 5, "settings": {"a": 1}}
    assert error.constraint == "account_pkey"
    assert error.query == "create_account"
    assert isinstance(error.__cause__, UniqueViolation)
    assert str(error) == (
        "query `create_account` (queries/account.sql:1) violates `account_pkey`"
    )


def test_another_violation_stays_as_it_is(session: Connection[Any]) -> None:
    with pytest.raises(CheckViolation) as of_check:
        fetch_one(session, CREATE, (int4(2), int4(-5), None))
    with pytest.raises(NotNullViolation):
        fetch_one(session, CREATE, (int4(2), None, None))

    notes = of_check.value.__notes__
    assert notes == ["in query create_account (queries/account.sql:1)"]


def test_a_statement_of_parts_tells_what_it_was_given(
    session: Connection[Any],
) -> None:
    assert execute(session, *CHANGE.given({"balance": UNSET, "id": int4(1)})) == 1

    with pytest.raises(BalanceTooLow) as caught:
        execute(session, *CHANGE.given({"balance": int4(-1), "id": int4(1)}))

    assert caught.value.values == {"balance": -1, "id": 1}


def test_the_message_keeps_values_to_itself(
    session: Connection[Any],
) -> None:
    with pytest.raises(ConstraintViolation) as caught:
        fetch_one(session, CREATE, (int4(1), int4(98765), None))

    assert "98765" not in str(caught.value)
    assert isinstance(caught.value.__cause__, psycopg.Error)
