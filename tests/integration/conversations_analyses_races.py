"""What must come out when two sessions ask for analyses, or work on them, at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from artifacts_races import held

from datalayer.domains.conversations import (
    claim_analysis,
    complete_analysis,
    create_analysis,
    fail_analysis,
    find_analysis,
    list_conversation_analysis_events,
    regenerate_analysis,
    reset_stuck_analyses,
)
from datalayer.domains.conversations.errors import AnalysisAttemptLost
from datalayer.queries.conversations import analysis
from datalayer.queries.conversations.analysis_work import ClaimedAnalysis

Connection = psycopg.Connection[Any]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = datetime(2031, 1, 1, tzinfo=UTC)
LEASE = timedelta(minutes=5)
FIRST = UUID(int=1)
SECOND = UUID(int=2)


def store(session: Connection, *conversations: UUID) -> None:
    for conversation_id in conversations:
        session.execute(
            "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers,"
            " conversation_id) VALUES (gen_random_uuid(), %s, 'docs', '/', '{}', %s)",
            (NOW, conversation_id),
        )


def ask(session: Connection, *conversations: UUID) -> None:
    store(session, *conversations)
    for conversation_id in conversations:
        create_analysis(session, conversation_id=conversation_id, now=NOW)


def claimed(session: Connection, now: datetime = NOW) -> ClaimedAnalysis:
    found = claim_analysis(session, lease=LEASE, now=now)
    assert found is not None
    return found


def end(session: Connection, attempt: ClaimedAnalysis, content: str = "found") -> None:
    complete_analysis(
        session,
        analysis_id=attempt.id,
        attempt_token=attempt.attempt_token,
        content=content,
    )


def taken_over(session: Connection) -> ClaimedAnalysis:
    """Take the only analysis back from its worker, and claim it."""
    reset_stuck_analyses(session, now=LATER)
    return claimed(session, LATER)


def nobody_waits_for_a_claim(one: Connection, two: Connection) -> None:
    ask(one, FIRST, SECOND)
    with held(one) as start:
        first = claimed(one)
        second = start(two, claim_analysis, lease=LEASE, now=NOW).result()

    assert second is not None
    assert (first.conversation_id, second.conversation_id) == (FIRST, SECOND)


def what_is_being_claimed_is_not_claimed_again(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    with held(one) as start:
        claimed(one)
        assert start(two, claim_analysis, lease=LEASE, now=NOW).result() is None


def whoever_waits_for_a_takeover_completes_nothing(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    stale = claimed(one)
    with held(one) as start:
        current = taken_over(one)
        late = start(two, end, attempt=stale, content="stale")

    with pytest.raises(AnalysisAttemptLost):
        late.result()
    end(one, current)
    assert find_analysis(one, conversation_id=FIRST).content == "found"


def whoever_waits_for_a_takeover_fails_nothing(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    stale = claimed(one)
    with held(one) as start:
        taken_over(one)
        late = start(
            two, fail_analysis, analysis_id=stale.id, attempt_token=1, error="stale"
        )

    with pytest.raises(AnalysisAttemptLost):
        late.result()
    assert find_analysis(one, conversation_id=FIRST).retry_count == 1


def of_two_ends_one_counts(one: Connection, two: Connection) -> None:
    ask(one, FIRST)
    attempt = claimed(one)
    with held(one) as start:
        end(one, attempt)
        late = start(
            two, fail_analysis, analysis_id=attempt.id, attempt_token=1, error="no"
        )

    with pytest.raises(AnalysisAttemptLost):
        late.result()
    assert find_analysis(one, conversation_id=FIRST).status == "completed"


def nobody_takes_back_what_is_being_completed(one: Connection, two: Connection) -> None:
    ask(one, FIRST)
    attempt = claimed(one)
    with held(one) as start:
        end(one, attempt)
        others = start(two, reset_stuck_analyses, now=LATER)
        assert others.result() == [], "it did not wait either"

    assert find_analysis(one, conversation_id=FIRST).status == "completed"


def of_two_that_ask_at_once_both_get_the_one(one: Connection, two: Connection) -> None:
    store(one, FIRST)
    with held(one) as start:
        first = create_analysis(one, conversation_id=FIRST)
        second = start(two, create_analysis, conversation_id=FIRST)

    assert second.result() == first


def of_two_that_ask_for_a_failed_one_again_one_begins_it(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    attempt = claimed(one)
    fail_analysis(
        one, analysis_id=attempt.id, attempt_token=1, error="no", max_attempts=1
    )
    with held(one) as start:
        create_analysis(one, conversation_id=FIRST, custom_prompt="first")
        claimed(one)
        second = start(two, create_analysis, conversation_id=FIRST)

    assert second.result().status == "processing"
    assert second.result().custom_prompt == "first"
    events = list_conversation_analysis_events(one, conversation_id=FIRST)
    assert [event.outcome for event in events.items] == [
        *("processing", "processing", "pending"),
        *("failed", "processing", "pending"),
    ]


def whoever_asks_while_it_fails_begins_it_again(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    attempt = claimed(one)
    with held(one) as start:
        fail_analysis(
            one, analysis_id=attempt.id, attempt_token=1, error="no", max_attempts=1
        )
        # What `create_analysis` does second, without the wait of what it does first.
        again = start(two, analysis.recreate_analysis, conversation_id=FIRST)

    assert again.result().status == "pending"
    assert again.result().retry_count == 0


def who_completes_while_it_is_asked_for_anew_has_lost_it(
    one: Connection, two: Connection
) -> None:
    ask(one, FIRST)
    attempt = claimed(one)
    with held(one) as start:
        regenerate_analysis(one, conversation_id=FIRST, custom_prompt="anew")
        late = start(two, end, attempt=attempt)

    with pytest.raises(AnalysisAttemptLost):
        late.result()
    assert find_analysis(one, conversation_id=FIRST).status == "pending"


def what_is_taken_back_is_not_in_the_log(one: Connection, two: Connection) -> None:
    """A step and its entry are of one transaction."""
    ask(one, FIRST)
    with one.transaction(force_rollback=True):
        end(one, claimed(one))

    events = list_conversation_analysis_events(two, conversation_id=FIRST)
    assert [event.event_type for event in events.items] == ["create"]
