# twin: test_analyses_sync.py
"""Analyses: asked for, claimed, ended and logged; and what is refused."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import AsyncConnection

from datalayer.domains.conversations import errors
from datalayer.domains.conversations.aio import (
    claim_analysis,
    complete_analysis,
    create_analysis,
    fail_analysis,
    find_analysis,
    list_analyses,
    list_conversation_analysis_events,
    list_train_analyses,
    list_train_analysis_events,
    regenerate_analysis,
    reset_stuck_analyses,
)
from datalayer.domains.errors import InvalidArgument, NaiveTime
from datalayer.queries.conversations.analysis_work import ClaimedAnalysis
from datalayer.queries.enums import ConversationAnalysisStatus

pytestmark = pytest.mark.postgres

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(minutes=5)
CONVERSATION = UUID(int=1)
ASKER = UUID(int=77)


async def connect(url: str) -> AsyncConnection[Any]:
    connection = await AsyncConnection.connect(url, autocommit=True)
    for branch_id in ("main", "branch_1"):
        await connection.execute(
            "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers,"
            " conversation_id, branch_id)"
            " VALUES (gen_random_uuid(), %s, 'docs', '/', '{}', %s, %s)",
            (NOW, CONVERSATION, branch_id),
        )
    return connection


async def claim(
    connection: AsyncConnection[Any], *, now: datetime = NOW
) -> ClaimedAnalysis:
    claimed = await claim_analysis(connection, lease=LEASE, now=now)
    assert claimed is not None
    return claimed


async def complete(
    connection: AsyncConnection[Any],
    attempt: ClaimedAnalysis,
    **found: Any,  # noqa: ANN401 (of each kind)
) -> None:
    await complete_analysis(
        connection,
        analysis_id=attempt.id,
        attempt_token=attempt.attempt_token,
        **{"content": "found", "now": NOW, **found},
    )


async def test_asking_twice_returns_the_same_analysis(database_url: str) -> None:
    async with await connect(database_url) as connection:
        first = await create_analysis(
            connection, conversation_id=CONVERSATION, custom_prompt="short"
        )
        second = await create_analysis(connection, conversation_id=CONVERSATION)
        branch = await create_analysis(
            connection, conversation_id=CONVERSATION, branch_id="branch_1"
        )
        found = await find_analysis(connection, conversation_id=CONVERSATION)

    assert (first.status, first.train_id, first.custom_prompt) == (
        ConversationAnalysisStatus.PENDING,
        "docs",
        "short",
    )
    assert second == first == found
    assert branch.id != first.id


async def test_what_an_attempt_found_is_stored_and_escaped(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION, now=NOW)
        attempt = await claim(connection)
        await complete(
            connection,
            attempt,
            content="a\0b",
            data={"topics": ["c\0d", 7, None], "e\ud800": True},
            raw_response={"id": "x"},
            model_used="m",
            prompt_tokens=900,
            completion_tokens=0,
        )
        found = await find_analysis(connection, conversation_id=CONVERSATION)

    assert found.status == "completed"
    assert found.content == "a\\x00b"
    assert found.data == {"topics": ["c\\x00d", 7, None], "e\\ud800": True}
    assert found.raw_response == {"id": "x"}
    assert (found.model_used, found.prompt_tokens, found.completion_tokens) == (
        *("m", 900),
        0,
    )
    assert (found.started_at, found.completed_at) == (NOW, NOW)
    assert (found.locked_until, found.error_message) == (None, None)


async def test_it_is_pending_until_its_last_attempt_and_keeps_the_error(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION)
        ends = []
        for number in range(1, 4):
            attempt = await claim(connection)
            ended = await fail_analysis(
                connection,
                analysis_id=attempt.id,
                attempt_token=attempt.attempt_token,
                error=f"error {number}\0",
            )
            ends.append(ended.status.value)
        failed = await find_analysis(connection, conversation_id=CONVERSATION)
        nothing = await claim_analysis(connection, lease=LEASE)
        again = await create_analysis(connection, conversation_id=CONVERSATION)

    assert ends == ["pending", "pending", "failed"]
    assert (failed.retry_count, failed.error_message) == (3, "error 3\\x00")
    assert nothing is None
    assert again.id == failed.id
    assert (again.status, again.retry_count, again.error_message) == (
        "pending",
        0,
        None,
    )


async def test_asked_for_anew_it_keeps_what_it_says_until_there_is_more(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION)
        await complete(connection, await claim(connection), content="old")
        anew = await regenerate_analysis(
            connection, conversation_id=CONVERSATION, custom_prompt="shorter"
        )
        attempt = await claim(connection)
        before = await find_analysis(connection, conversation_id=CONVERSATION)
        await complete(connection, attempt, content="new")
        after = await find_analysis(connection, conversation_id=CONVERSATION)

    assert (anew.status, anew.content, anew.completed_at) == ("pending", "old", None)
    assert attempt.custom_prompt == "shorter"
    assert (before.status, before.content) == ("processing", "old")
    assert (after.status, after.content) == ("completed", "new")


async def test_an_ended_lease_is_a_failure_of_its_attempt(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION, now=NOW)
        stale = await claim(connection)
        early = await reset_stuck_analyses(
            connection, now=NOW + LEASE - timedelta(microseconds=1)
        )
        [reset] = await reset_stuck_analyses(connection, now=NOW + LEASE)
        found = await find_analysis(connection, conversation_id=CONVERSATION)
        with pytest.raises(errors.AnalysisAttemptLost, match="no longer in attempt 1"):
            await complete(connection, stale)
        await claim(connection, now=NOW + LEASE)
        [last] = await reset_stuck_analyses(
            connection, max_attempts=2, now=NOW + 2 * LEASE
        )

    assert early == []
    assert (reset.id, reset.status, reset.retry_count) == (stale.id, "pending", 1)
    assert found.error_message == "the lease of attempt 1 ended"
    assert (last.status, last.retry_count) == ("failed", 2)


async def test_a_worker_that_is_late_completes_what_nobody_took_back(
    database_url: str,
) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION, now=NOW)
        attempt = await claim(connection)
        await complete(connection, attempt, now=NOW + 2 * LEASE)
        found = await find_analysis(connection, conversation_id=CONVERSATION)

    assert found.completed_at == NOW + 2 * LEASE


async def test_each_step_is_in_the_log_with_who_did_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for _ in range(2):
            await create_analysis(
                connection,
                conversation_id=CONVERSATION,
                user_context={"user": "ada\0"},
                request_id=ASKER,
            )
        await claim_analysis(
            connection, lease=LEASE, user_context={"worker": "w1"}, now=NOW
        )
        events = await list_conversation_analysis_events(
            connection, conversation_id=CONVERSATION, branch_id="main"
        )
        of_train = await list_train_analysis_events(
            connection, train_id="docs", before_id=events.items[1].id
        )
        other = await list_train_analysis_events(connection, train_id="web")

    claimed, again, created = events.items
    assert (created.event_type, created.outcome) == ("create", "pending")
    assert created.user_context == {"user": "ada\\x00"}
    assert (created.request_id, created.train_id) == (ASKER, "docs")
    assert [each.metadata["status_before"] for each in events.items] == [  # type: ignore[index, call-overload]
        *("pending", "pending"),
        None,
    ]
    assert again.event_type == "create"
    assert (claimed.event_type, claimed.outcome) == ("claim", "processing")
    assert (claimed.user_context, claimed.timestamp) == ({"worker": "w1"}, NOW)
    assert (of_train, other) == ([created], [])


async def test_a_step_that_is_rolled_back_is_not_in_the_log(database_url: str) -> None:
    async with await connect(database_url) as connection:
        async with connection.transaction(force_rollback=True):
            await create_analysis(connection, conversation_id=CONVERSATION)
        events = await list_conversation_analysis_events(
            connection, conversation_id=CONVERSATION
        )

    assert events.items == []


async def test_analyses_are_listed_by_status_and_by_train(database_url: str) -> None:
    async with await connect(database_url) as connection:
        for place, branch_id in enumerate(["main", "branch_1"]):
            await create_analysis(
                connection,
                conversation_id=CONVERSATION,
                branch_id=branch_id,
                now=NOW + place * LEASE,
            )
        await claim(connection)
        pending = await list_analyses(
            connection, status=ConversationAnalysisStatus.PENDING
        )
        first = await list_train_analyses(connection, train_id="docs", row_limit=1)
        second = await list_train_analyses(
            connection,
            train_id="docs",
            before_created_at=first[0].created_at,
            before_id=first[0].id,
        )
        none = await list_train_analyses(
            connection,
            train_id="docs",
            statuses=[ConversationAnalysisStatus.COMPLETED],
        )

    assert [row.branch_id for row in pending.items] == ["branch_1"]
    assert [row.branch_id for row in [*first, *second]] == ["branch_1", "main"]
    assert none == []


_Call = Callable[..., Awaitable[object]]
_NOWHERE = {"conversation_id": UUID(int=2)}
_ATTEMPT = {"analysis_id": 1, "attempt_token": 1}


@pytest.mark.parametrize(
    ("call", "arguments", "error", "message"),
    [
        (create_analysis, _NOWHERE, errors.BranchNotFound, "no branch `main`"),
        (
            create_analysis,
            {"conversation_id": CONVERSATION, "branch_id": "branch_2"},
            errors.BranchNotFound,
            "no branch `branch_2` with a request",
        ),
        (
            create_analysis,
            {**_NOWHERE, "branch_id": "\0"},
            InvalidArgument,
            "branch_id",
        ),
        (regenerate_analysis, _NOWHERE, errors.AnalysisNotFound, "has no analysis"),
        (find_analysis, _NOWHERE, errors.AnalysisNotFound, "branch `main` of"),
        (claim_analysis, {"lease": 0 * LEASE}, InvalidArgument, "`lease`"),
        (
            claim_analysis,
            {"lease": LEASE, "now": datetime(2030, 1, 1)},
            NaiveTime,
            "`now` has no time zone",
        ),
        (
            complete_analysis,
            {**_ATTEMPT, "content": ""},
            errors.AnalysisAttemptLost,
            "analysis 1 is no longer in attempt 1",
        ),
        (
            complete_analysis,
            {**_ATTEMPT, "content": "", "prompt_tokens": -1},
            InvalidArgument,
            "`prompt_tokens` is -1",
        ),
        (
            fail_analysis,
            {**_ATTEMPT, "error": ""},
            errors.AnalysisAttemptLost,
            "analysis 1",
        ),
        (
            fail_analysis,
            {**_ATTEMPT, "error": "", "max_attempts": 0},
            InvalidArgument,
            "`max_attempts` is 0",
        ),
        (reset_stuck_analyses, {"limit": 0}, InvalidArgument, "`limit` is 0"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    database_url: str,
    call: _Call,
    arguments: dict[str, object],
    error: type[Exception],
    message: str,
) -> None:
    async with await connect(database_url) as connection:
        with pytest.raises(error, match=message):
            await call(connection, **arguments)


async def test_a_broken_log_takes_the_step_with_it(database_url: str) -> None:
    async with await connect(database_url) as connection:
        await create_analysis(connection, conversation_id=CONVERSATION)
        await connection.execute(
            "ALTER TABLE analysis_audit_log"
            " ADD CONSTRAINT no_claims CHECK (event_type <> 'claim')"
        )

        with pytest.raises(psycopg.errors.CheckViolation):
            await claim(connection)
        found = await find_analysis(connection, conversation_id=CONVERSATION)

    assert (found.status, found.attempt_token) == ("pending", 0)
