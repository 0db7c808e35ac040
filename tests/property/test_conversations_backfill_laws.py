"""Backfills of the conversations domain do what their model does, in any batches.

`DATALAYER_BACKFILL_EXAMPLES=50` tries fifty times as many requests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from conversations_backfill_model import (
    Row,
    give_accounts,
    inherit_conversations,
    link_parents,
    link_subtasks,
    note_invocations,
)
from conversations_filling import Connection, insert
from conversations_ladder import Ladder
from conversations_migration_mutants import BACKFILLS, Mutant
from conversations_steps import OUTSIDE, STEPS, run_plainly
from conversations_traffic import BROKEN_ANSWERS, BROKEN_BODIES, digest
from datalayer.server import Server

pytestmark = pytest.mark.postgres

THOROUGHNESS = int(os.environ.get("DATALAYER_BACKFILL_EXAMPLES", "1"))
_STEPS = (3, 5, 7, 8)
_BACKFILLS = (
    "backfill_task_invocations",
    "backfill_subtasks",
    "backfill_account_ids",
    "backfill_parent_requests",
    "backfill_subtask_conversations",
)
_ACCOUNTS: list[Row] = [{"domain": "a", "account_id": "acc"}]
_START = datetime(2025, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_PROMPTS = ("x", "Straße\n»y«")
_HASHES = tuple(digest(number) for number in range(3))
#: Backfills that the laws must tell from the right one.
_SHOWN = (
    "calls of later",
    "accounts overwritten",
    "parents of earlier only",
    "one step up",
)


def _call(prompt: str) -> Row:
    return {
        "type": "tool_use",
        "id": prompt,
        "name": "Task",
        "input": {"prompt": prompt},
    }


def _opening(content: object) -> Row:
    return {"messages": [{"role": "user", "content": content}]}


_REMINDER = {"type": "text", "text": "<system-reminder>x</system-reminder>"}
_bodies = st.one_of(
    st.sampled_from([_opening(prompt) for prompt in _PROMPTS]),
    st.sampled_from(
        [_opening([_REMINDER, {"type": "text", "text": f" {p}\r\n"}]) for p in _PROMPTS]
    ),
    st.sampled_from(BROKEN_BODIES),
)
_answers = st.one_of(
    st.lists(st.sampled_from([_call(p) for p in _PROMPTS]), max_size=2).map(
        lambda calls: {"content": calls}
    ),
    st.sampled_from(BROKEN_ANSWERS),
)
_branches = ("main", "main", "main", "b", "b_2", "subtask_1", "subtask_3")


@st.composite
def stored_requests(draw: st.DrawFn) -> list[Row]:
    """Draw a few requests that have much in common."""
    numbers = draw(st.lists(st.integers(1, 40), min_size=1, max_size=9, unique=True))
    ids = [UUID(int=number) for number in numbers]
    conversations = [None, *(UUID(int=number << 100) for number in (1, 2, 3))]
    times = (_START, _START + _SECOND, _START + _DAY, _START + _DAY + _SECOND)
    nothing = st.none()
    callers = st.sampled_from([*ids, UUID(int=99)])
    return [
        {
            "request_id": request_id,
            "timestamp": draw(st.sampled_from(times)),
            "domain": draw(st.sampled_from("aab")),
            "path": "/v1/messages",
            "headers": {},
            "body": draw(_bodies),
            "response_body": draw(_answers),
            "conversation_id": draw(st.sampled_from(conversations)),
            "branch_id": draw(st.sampled_from(_branches)),
            "current_message_hash": draw(nothing | st.sampled_from(_HASHES)),
            "parent_message_hash": draw(nothing | st.sampled_from(_HASHES)),
            "parent_task_request_id": (called := draw(nothing | nothing | callers)),
            "is_subtask": called is not None,
            "task_tool_invocation": None,
            "account_id": draw(nothing | st.just("other")),
            "parent_request_id": None,
        }
        for request_id in ids
    ]


def expect(stored: list[Row], batch_size: int) -> list[Row]:
    """Return what all backfills, one after the other, must make of requests."""
    rows = [dict(row) for row in stored]
    note_invocations(rows)
    link_subtasks(rows)
    give_accounts(rows, _ACCOUNTS)
    link_parents(rows)
    inherit_conversations(rows, batch_size)
    return sorted(rows, key=lambda row: row["request_id"].int)


def assert_backfills(
    connection: Connection, stored: list[Row], batch_size: int
) -> None:
    """Run each backfill twice: the second time changes nothing."""
    connection.execute("TRUNCATE api_requests, backfill_progress CASCADE")
    insert(connection, "api_requests", stored)
    for name in _BACKFILLS:
        for _ in range(2):
            connection.execute(f"CALL {name}({batch_size})".encode())
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "SELECT * FROM api_requests ORDER BY request_id"
        ).fetchall()
    for row, expected in zip(found, expect(stored, batch_size), strict=True):
        assert {column: row[column] for column in expected} == expected


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[Path | None], Connection]]:
    """Connect to a database with the backfills, one of which may be another file."""
    ladder = Ladder(server, Path())
    with ExitStack() as stack:

        def open_database(mutant: Path | None) -> Connection:
            url = stack.enter_context(ladder.clone("template0"))
            run_plainly(url, *STEPS[:9])
            connection = stack.enter_context(psycopg.connect(url, autocommit=True))
            insert(connection, "domain_accounts", _ACCOUNTS)
            files = [STEPS[step] for step in _STEPS]
            for file in [*files, mutant] if mutant else files:
                procedures = file.read_text().partition(OUTSIDE)[0]
                connection.execute(procedures.encode())
            return connection

        yield open_database


def test_backfills_do_what_their_model_does(
    connect: Callable[[Path | None], Connection],
) -> None:
    connection = connect(None)

    @settings(max_examples=60 * THOROUGHNESS)
    @given(stored=stored_requests(), batch_size=st.integers(1, 5))
    def hold(stored: list[Row], batch_size: int) -> None:
        assert_backfills(connection, stored, batch_size)

    hold()


@pytest.mark.parametrize(
    "mutant", [m for m in BACKFILLS if m.mistake in _SHOWN], ids=lambda m: m.mistake
)
def test_wrong_backfill_is_told_from_the_right_one(
    connect: Callable[[Path | None], Connection], tmp_path: Path, mutant: Mutant
) -> None:
    connection = connect(mutant.write(tmp_path))

    @settings(max_examples=3000, phases=[Phase.generate], database=None)
    @given(stored=stored_requests(), batch_size=st.integers(1, 5))
    def hold(stored: list[Row], batch_size: int) -> None:
        assert_backfills(connection, stored, batch_size)

    with pytest.raises(AssertionError):
        hold()


def test_all_wrong_backfills_that_are_named_are_there() -> None:
    assert {m.mistake for m in BACKFILLS} >= set(_SHOWN)
