# Derived by scripts/async_to_sync.py from analyses.py; do not edit.
"""Analyses of conversations: asked for, claimed with a lease, and ended once.

Each function is a transaction of its own unless the caller has one open, and writes
what it did to the log in that same transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import (
    MOST_SMALL,
    check_counts,
    check_durations,
    check_texts,
    check_times,
    storable_text,
)
from datalayer.domains.conversations.arguments import check_sizes
from datalayer.domains.conversations.errors import (
    AnalysisAttemptLost,
    AnalysisNotFound,
    BranchNotFound,
)
from datalayer.domains.conversations.storable import storable_json
from datalayer.queries.conversations import analysis
from datalayer.queries.conversations import analysis_work as work

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from psycopg import Connection

    from datalayer.queries.conversations.analysis import Analysis
    from datalayer.queries.conversations.analysis_work import (
        ClaimedAnalysis,
        EndedAnalysis,
    )
    from datalayer.runtime import JsonInput


def create_analysis(
    connection: Connection[Any],
    *,
    conversation_id: UUID,
    branch_id: str = "main",
    custom_prompt: str | None = None,
    user_context: JsonInput = None,
    request_id: UUID | None = None,
    now: datetime | None = None,
) -> Analysis:
    """Ask for the analysis of a branch and return it; the one there is, if there is.

    Only one that failed begins again, with this prompt and no failures. Raises
    `BranchNotFound` when the branch has no request.
    """
    check_texts(branch_id=branch_id, custom_prompt=custom_prompt)
    check_times(now=now)
    with connection.transaction():
        for ask in (analysis.create_analysis, analysis.recreate_analysis):
            found = ask(
                connection,
                conversation_id=conversation_id,
                branch_id=branch_id,
                custom_prompt=custom_prompt,
                user_context=storable_json(user_context),
                request_id=request_id,
                now=now,
            )
            if found is not None:
                return found
    raise BranchNotFound(conversation_id, branch_id)


def regenerate_analysis(
    connection: Connection[Any],
    *,
    conversation_id: UUID,
    branch_id: str = "main",
    custom_prompt: str | None = None,
    user_context: JsonInput = None,
    request_id: UUID | None = None,
    now: datetime | None = None,
) -> Analysis:
    """Ask for the analysis of a branch anew, whatever became of it, and return it.

    It is pending, with this prompt and no failures, and keeps what it says until it is
    completed again. A worker that has it loses it. Raises `AnalysisNotFound`.
    """
    check_texts(branch_id=branch_id, custom_prompt=custom_prompt)
    check_times(now=now)
    regenerated = analysis.regenerate_analysis(
        connection,
        conversation_id=conversation_id,
        branch_id=branch_id,
        custom_prompt=custom_prompt,
        user_context=storable_json(user_context),
        request_id=request_id,
        now=now,
    )
    if regenerated is None:
        raise AnalysisNotFound(conversation_id, branch_id)
    return regenerated


def find_analysis(
    connection: Connection[Any], *, conversation_id: UUID, branch_id: str = "main"
) -> Analysis:
    """Return the analysis of a branch; raise `AnalysisNotFound` when there is none."""
    found = analysis.get_analysis(
        connection, conversation_id=conversation_id, branch_id=branch_id
    )
    if found is None:
        raise AnalysisNotFound(conversation_id, branch_id)
    return found


def claim_analysis(
    connection: Connection[Any],
    *,
    lease: timedelta,
    user_context: JsonInput = None,
    now: datetime | None = None,
) -> ClaimedAnalysis | None:
    """Give a worker the oldest pending analysis; None when there is none.

    Of two that claim at once each gets another one, and neither waits. The attempt has
    a token, with which it is ended before its lease is.
    """
    check_durations(lease=lease)
    check_times(now=now)
    return work.claim_analysis(
        connection, lease=lease, user_context=storable_json(user_context), now=now
    )


def complete_analysis(
    connection: Connection[Any],
    *,
    analysis_id: int,
    attempt_token: int,
    content: str | None,
    data: JsonInput = None,
    raw_response: JsonInput = None,
    model_used: str | None = None,
    prompt_tokens: int | None = None,
    completion_tokens: int | None = None,
    user_context: JsonInput = None,
    now: datetime | None = None,
) -> EndedAnalysis:
    """Store what an attempt found, in the place of what was found before.

    What no column can hold of it is escaped. Raises `AnalysisAttemptLost`, and changes
    nothing, when the attempt is not the current one.
    """
    check_texts(model_used=model_used)
    check_sizes(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    check_times(now=now)
    completed = work.complete_analysis(
        connection,
        analysis_id=analysis_id,
        attempt_token=attempt_token,
        content=None if content is None else storable_text(content),
        data=storable_json(data),
        raw_response=storable_json(raw_response),
        model_used=model_used,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        user_context=storable_json(user_context),
        now=now,
    )
    if completed is None:
        raise AnalysisAttemptLost(analysis_id, attempt_token)
    return completed


def fail_analysis(
    connection: Connection[Any],
    *,
    analysis_id: int,
    attempt_token: int,
    error: str,
    max_attempts: int = 3,
    user_context: JsonInput = None,
    now: datetime | None = None,
) -> EndedAnalysis:
    """Note that an attempt failed, and return the analysis: pending again, or failed.

    It has failed when `max_attempts` attempts have since it was asked for. The error
    is kept in both cases; what no column can hold of it is escaped. Raises
    `AnalysisAttemptLost`, and changes nothing, when the attempt is not the current one.
    """
    check_counts(max_attempts=max_attempts, most=MOST_SMALL)
    check_times(now=now)
    failed = work.fail_analysis(
        connection,
        analysis_id=analysis_id,
        attempt_token=attempt_token,
        error=storable_text(error),
        max_attempts=max_attempts,
        user_context=storable_json(user_context),
        now=now,
    )
    if failed is None:
        raise AnalysisAttemptLost(analysis_id, attempt_token)
    return failed


def reset_stuck_analyses(
    connection: Connection[Any],
    *,
    limit: int = 100,
    max_attempts: int = 3,
    user_context: JsonInput = None,
    now: datetime | None = None,
) -> list[EndedAnalysis]:
    """Take back at most `limit` analyses whose leases have ended, and return them.

    An attempt that did not end in its time counts as one that failed: what ended its
    worker may be the analysis itself.
    """
    check_counts(limit=limit)
    check_counts(max_attempts=max_attempts, most=MOST_SMALL)
    check_times(now=now)
    return work.reset_stuck_analyses(
        connection,
        row_limit=limit,
        max_attempts=max_attempts,
        user_context=storable_json(user_context),
        now=now,
    )
