"""Which moves an execution may make, and who wins when two make one at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import pytest

from datalayer.domains.automation import (
    create_enforcement,
    create_execution,
    errors,
    find_execution,
    move_execution,
    resolve_enforcement,
    retry_execution,
    update_execution,
)
from datalayer.queries.automation.execution import move_execution_status
from datalayer.queries.enums import EnforcementStatus, ExecutionStatus

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
Result = TypeVar("Result")

# A row for each status, an x for each that it may move to, in the order of the type.
MATRIX = """
    requested   . x . . . x x x x x
    scheduling  . . x . . x x x x x
    scheduled   . . . x . x x x x x
    running     . . . . x x x . x x
    completed   . . . . . . . . . .
    failed      . . . . . . . . . .
    canceling   . . . . x x . x x x
    cancelled   . . . . . . . . . .
    timeout     . . . . . . . . . .
    abandoned   . . . . . . . . . .
"""
MAY_MOVE = {
    (ExecutionStatus(old), new)
    for old, *marks in (line.split() for line in MATRIX.strip().splitlines())
    for new, mark in zip(ExecutionStatus, marks, strict=True)
    if mark == "x"
}


def test_moves_are_those_of_the_table(session: Connection) -> None:
    found = session.execute(
        "SELECT old_status::text, new_status::text FROM"
        " unnest(enum_range(NULL::execution_status)) AS old_status,"
        " unnest(enum_range(NULL::execution_status)) AS new_status"
        " WHERE execution_may_move(old_status, new_status)"
    ).fetchall()

    assert set(found) == MAY_MOVE


def test_the_query_makes_no_other_move(session: Connection) -> None:
    for old in ExecutionStatus:
        for new in ExecutionStatus:
            made = create_execution(session, action_ref="a", status=old)
            moved = move_execution_status(session, execution_id=made.id, status=new)

            assert (moved is not None) == ((old, new) in MAY_MOVE), (old, new)


def test_an_execution_in_a_compressed_chunk_moves(timescaledb_url: str) -> None:
    with psycopg.connect(timescaledb_url, autocommit=True) as session:
        row = session.execute(
            "INSERT INTO execution (action_ref, created, status, max_retries)"
            " VALUES ('a', now() - interval '20 days', 'running', 1) RETURNING id"
        ).fetchone()
        session.execute("SELECT compress_chunk(c) FROM show_chunks('execution') AS c")
        assert row is not None

        move_execution(session, execution_id=row[0], status=ExecutionStatus.FAILED)
        session.execute(
            "SELECT compress_chunk(c, if_not_compressed => TRUE)"
            " FROM show_chunks('execution') AS c"
        )
        retry = retry_execution(session, execution_id=row[0])

    assert retry.original_execution == row[0]


# Two at once.


@pytest.fixture
def two(racing_url: str) -> Iterator[tuple[Connection, Connection]]:
    """Two connections to one database."""
    with (
        psycopg.connect(racing_url, autocommit=True) as one,
        psycopg.connect(racing_url, autocommit=True) as other,
    ):
        yield one, other


@contextmanager
def held(holder: Connection) -> Iterator[Callable[..., Future[Any]]]:
    """Hold a transaction open; what is started inside runs until it waits for it."""
    with ThreadPoolExecutor(1) as threads:

        def start(
            session: Connection, call: Callable[..., Result], **arguments: object
        ) -> Future[Result]:
            future = threads.submit(call, session, **arguments)
            pid = session.info.backend_pid
            while not future.done():
                row = holder.execute("SELECT pg_blocking_pids(%s)", (pid,)).fetchone()
                if row is not None and holder.info.backend_pid in row[0]:
                    break
            return future

        with holder.transaction():
            yield start


def test_one_of_two_moves_wins(two: tuple[Connection, Connection]) -> None:
    one, other = two
    made = create_execution(one, action_ref="a", status=ExecutionStatus.RUNNING)

    with held(one) as start:
        move_execution(one, execution_id=made.id, status=ExecutionStatus.COMPLETED)
        loser = start(
            other, move_execution, execution_id=made.id, status=ExecutionStatus.FAILED
        )

    with pytest.raises(errors.TransitionRefused) as refused:
        loser.result()
    assert refused.value.old is ExecutionStatus.COMPLETED
    assert find_execution(one, execution_id=made.id).status == "completed"


def test_the_second_move_is_judged_by_the_first(
    two: tuple[Connection, Connection],
) -> None:
    one, other = two
    made = create_execution(one, action_ref="a")

    with held(one) as start:
        move_execution(one, execution_id=made.id, status=ExecutionStatus.SCHEDULING)
        second = start(
            other,
            move_execution,
            execution_id=made.id,
            status=ExecutionStatus.CANCELING,
        )

    assert second.result().status is ExecutionStatus.CANCELING
    moves = one.execute("SELECT new_values ->> 'status' FROM execution_history")
    assert [row[0] for row in moves] == ["requested", "scheduling", "canceling"]


def test_a_move_expects_what_the_first_has_left(
    two: tuple[Connection, Connection],
) -> None:
    one, other = two
    made = create_execution(one, action_ref="a")

    with held(one) as start:
        move_execution(one, execution_id=made.id, status=ExecutionStatus.SCHEDULING)
        second = start(
            other,
            move_execution,
            execution_id=made.id,
            status=ExecutionStatus.CANCELING,
            expected_status=ExecutionStatus.REQUESTED,
        )

    with pytest.raises(errors.StatusConflict) as conflict:
        second.result()
    assert conflict.value.found is ExecutionStatus.SCHEDULING


def test_an_update_that_waited_is_not_lost(two: tuple[Connection, Connection]) -> None:
    one, other = two
    made = create_execution(one, action_ref="a")

    with held(one) as start:
        move_execution(one, execution_id=made.id, status=ExecutionStatus.SCHEDULING)
        second = start(other, update_execution, execution_id=made.id, executor=7)

    assert second.result().executor == 7
    assert second.result().status is ExecutionStatus.SCHEDULING


def test_one_of_two_resolutions_wins(two: tuple[Connection, Connection]) -> None:
    one, other = two
    made = create_enforcement(one, rule_ref="r", trigger_ref="t", payload={})

    with held(one) as start:
        resolve_enforcement(one, enforcement_id=made.id)
        loser = start(
            other,
            resolve_enforcement,
            enforcement_id=made.id,
            status=EnforcementStatus.DISABLED,
        )

    with pytest.raises(errors.AlreadyResolved) as again:
        loser.result()
    assert again.value.status is EnforcementStatus.PROCESSED


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_one_of_two_retries_wins(
    two: tuple[Connection, Connection], level: str
) -> None:
    one, other = two
    made = create_execution(
        one, action_ref="a", status=ExecutionStatus.FAILED, max_retries=5
    )
    other.execute(f"SET default_transaction_isolation = '{level}'".encode())

    with held(one) as start:
        retry_execution(one, execution_id=made.id)
        loser = start(other, retry_execution, execution_id=made.id)

    with pytest.raises((errors.NotRetriable, psycopg.errors.SerializationFailure)):
        loser.result()
    row = one.execute("SELECT count(*) FROM execution").fetchone()
    assert row == (2,)
