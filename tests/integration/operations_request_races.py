"""What must come out when two sessions decide, begin, register or measure at once.

Each race is forced, not hoped for: one session holds its transaction open until the
other is seen to wait for it, or acts at a point between two statements of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from artifacts_races import held

from datalayer.domains import operations
from datalayer.domains.operations import Done, InFlight, Started
from datalayer.domains.operations.errors import (
    ApprovalExists,
    AttemptAbandoned,
    FingerprintMismatch,
    NonceReplayed,
)
from datalayer.queries.operations import idempotency
from datalayer.queries.operations import nonce as nonces
from datalayer.queries.operations.session import Session

Connection = psycopg.Connection[Any]

NOW = timedelta(0)


def begin(session: Connection, **arguments: Any) -> Started:  # noqa: ANN401
    """Begin a request that nobody has begun."""
    begun = operations.begin_request(session, key="k", **arguments)
    assert isinstance(begun, Started)
    return begun


def save_two(session: Connection) -> Session:
    return operations.save_session(session, user_id="ada", session=2)


def raise_rollback() -> None:
    raise psycopg.Rollback


# Sessions and approvals


def the_second_creator_gets_the_session_of_the_first(
    one: Connection, two: Connection
) -> None:
    with held(one) as start:
        first = operations.get_or_create_session(one, user_id="ada", initial=1)
        second = start(two, operations.get_or_create_session, user_id="ada", initial=2)

    assert second.result() == first
    assert first.session == 1


def the_session_saved_last_is_the_newest(one: Connection, two: Connection) -> None:
    operations.save_session(one, user_id="ada", session=0)
    with held(one) as start:
        operations.save_session(one, user_id="ada", session=1)
        second = start(two, save_two)
        first = operations.save_session(one, user_id="ada", session=3)

    assert second.result().session == 2
    assert second.result().updated_at > first.updated_at


def one_of_two_decisions_gets_the_row(one: Connection, two: Connection) -> None:
    operations.add_approval(one, payload={}, approval_id="a")
    with held(one) as start:
        first = operations.decide_approval(one, approval_id="a", status="approved")
        second = start(
            two, operations.decide_approval, approval_id="a", status="rejected"
        )

    assert first is not None
    assert second.result() is None
    assert operations.find_approval(two, approval_id="a") == first


def a_decision_that_was_rolled_back_is_none(one: Connection, two: Connection) -> None:
    operations.add_approval(one, payload={}, approval_id="a")
    with held(one) as start:
        operations.decide_approval(one, approval_id="a", status="approved")
        second = start(
            two, operations.decide_approval, approval_id="a", status="rejected"
        )
        raise_rollback()

    decided = second.result()
    assert decided is not None
    assert decided.status == "rejected"


def two_patches_are_both_kept(one: Connection, two: Connection) -> None:
    operations.add_approval(one, payload={"a": 0}, approval_id="a")
    with held(one) as start:
        operations.patch_approval(one, approval_id="a", patch={"a": 1, "b": 1})
        second = start(
            two, operations.patch_approval, approval_id="a", patch={"a": 2, "c": 2}
        )

    assert second.result().payload == {"a": 2, "b": 1, "c": 2}


def the_second_of_one_id_is_refused(one: Connection, two: Connection) -> None:
    with held(one) as start:
        operations.add_approval(one, payload={}, approval_id="a")
        second = start(two, operations.add_approval, payload={}, approval_id="a")

    with pytest.raises(ApprovalExists):
        second.result()


# Requests


def the_second_caller_waits_and_sees_the_first(
    one: Connection, two: Connection
) -> None:
    with held(one) as start:
        begun = begin(one)
        second = start(two, operations.begin_request, key="k")

    assert second.result() == InFlight(begun.begun_at)


def the_second_caller_gets_the_answer_of_the_transaction(
    one: Connection, two: Connection
) -> None:
    with held(one) as start:
        begun = begin(one)
        second = start(two, operations.begin_request, key="k")
        operations.finish_request(one, key="k", begun_at=begun.begun_at, value=None)

    assert second.result() == Done(None)


def the_second_caller_runs_after_a_rollback(one: Connection, two: Connection) -> None:
    with held(one) as start:
        begin(one, fingerprint="one")
        second = start(two, operations.begin_request, key="k", fingerprint="two")
        raise_rollback()

    assert isinstance(second.result(), Started)


def another_request_is_refused_after_it_waited(
    one: Connection, two: Connection
) -> None:
    with held(one) as start:
        begin(one, fingerprint="one")
        second = start(two, operations.begin_request, key="k", fingerprint="two")

    with pytest.raises(FingerprintMismatch):
        second.result()


def one_of_two_abandons(one: Connection, two: Connection) -> None:
    begin(one)
    with held(one) as start:
        first = operations.abandon_request(one, key="k", max_age=NOW)
        second = start(two, operations.abandon_request, key="k", max_age=NOW)

    assert (first, second.result()) == (True, False)


def what_ends_while_it_is_abandoned_is_done(one: Connection, two: Connection) -> None:
    begun = begin(one)
    with held(one) as start:
        operations.finish_request(one, key="k", begun_at=begun.begun_at, value=1)
        abandon = start(two, operations.abandon_request, key="k", max_age=NOW)

    assert not abandon.result()
    assert operations.get_request(two, key="k") == Done(1)


def what_is_abandoned_while_it_ends_is_not_done(
    one: Connection, two: Connection
) -> None:
    begun = begin(one)
    with held(one) as start:
        operations.abandon_request(one, key="k", max_age=NOW)
        finish = start(
            two,
            operations.finish_request,
            key="k",
            begun_at=begun.begun_at,
            value=1,
        )

    with pytest.raises(AttemptAbandoned):
        finish.result()
    assert operations.get_request(two, key="k") is None


def what_was_begun_again_is_not_ended_by_the_first(
    one: Connection, two: Connection
) -> None:
    old = begin(one)
    with held(one) as start:
        operations.abandon_request(one, key="k", max_age=NOW)
        new = begin(one)
        finish = start(
            two, operations.finish_request, key="k", begun_at=old.begun_at, value=1
        )

    with pytest.raises(AttemptAbandoned):
        finish.result()
    with pytest.raises(AttemptAbandoned):
        operations.finish_request(two, key="k", begun_at=old.begun_at, value=1)
    assert operations.get_request(two, key="k") == InFlight(new.begun_at)


def a_key_that_is_being_abandoned_can_be_begun(
    one: Connection, two: Connection
) -> None:
    begin(one)
    with held(one) as start:
        operations.abandon_request(one, key="k", max_age=NOW)
        second = start(two, operations.begin_request, key="k")

    assert isinstance(second.result(), Started)


def a_key_that_is_gone_when_it_is_looked_at_is_begun(
    one: Connection, two: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two statements of the one, the other abandons its attempt."""
    begin(two)
    look = idempotency.get_idempotency

    def abandon_first(connection: Connection, *, key: str) -> Any:  # noqa: ANN401
        assert operations.abandon_request(two, key=key, max_age=NOW)
        return look(connection, key=key)

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "get_idempotency", abandon_first)
        begun = begin(one)

    assert operations.get_request(two, key="k") == InFlight(begun.begun_at)


# Nonces


def one_of_two_uses_a_nonce(one: Connection, two: Connection) -> None:
    now = nonces.get_clock_ms(one)
    with held(one) as start:
        operations.use_nonce(one, nonce="n", timestamp_ms=now)
        second = start(two, operations.use_nonce, nonce="n", timestamp_ms=now)

    with pytest.raises(NonceReplayed):
        second.result()


def a_nonce_that_was_rolled_back_is_free(one: Connection, two: Connection) -> None:
    with held(one) as start:
        first = operations.register_nonce(one, nonce="n", timestamp_ms=1)
        second = start(two, operations.register_nonce, nonce="n", timestamp_ms=1)
        raise_rollback()

    assert (first, second.result()) == (True, True)


def pruning_steps_over_what_another_prunes(one: Connection, two: Connection) -> None:
    for number in range(5):
        operations.register_nonce(one, nonce=f"n{number}", timestamp_ms=number)
    with held(one) as start:
        first = nonces.prune_nonces(one, before_ms=9, row_limit=2)
        second = start(two, operations.prune_nonces, before_ms=9)
        assert second.done(), "it does not wait"

    assert (first, second.result()) == (2, 3)


# Metrics


def both_increments_count(one: Connection, two: Connection) -> None:
    with held(one) as start:
        operations.increment_counter(one, name="posts", amount=2)
        second = start(two, operations.increment_counter, name="posts", amount=3)

    assert second.result() == 5


def both_latencies_count(one: Connection, two: Connection) -> None:
    operations.increment_counter(one, name="posts")
    operations.observe_latency(one, name="other", milliseconds=1)
    with held(one) as start:
        operations.observe_latency(one, name="post", milliseconds=2)
        start(two, operations.observe_latency, name="post", milliseconds=1)

    metrics = operations.get_metrics(two)
    assert metrics.counters == {"posts": 1}
    assert metrics.latencies == {
        "other": operations.Latency(count=1, total=1.0, max=1.0),
        "post": operations.Latency(count=2, total=3.0, max=2.0),
    }


ALL: tuple[Callable[..., None], ...] = (
    the_second_creator_gets_the_session_of_the_first,
    the_session_saved_last_is_the_newest,
    one_of_two_decisions_gets_the_row,
    a_decision_that_was_rolled_back_is_none,
    two_patches_are_both_kept,
    the_second_of_one_id_is_refused,
    the_second_caller_waits_and_sees_the_first,
    the_second_caller_gets_the_answer_of_the_transaction,
    the_second_caller_runs_after_a_rollback,
    another_request_is_refused_after_it_waited,
    one_of_two_abandons,
    what_ends_while_it_is_abandoned_is_done,
    what_is_abandoned_while_it_ends_is_not_done,
    what_was_begun_again_is_not_ended_by_the_first,
    a_key_that_is_being_abandoned_can_be_begun,
    a_key_that_is_gone_when_it_is_looked_at_is_begun,
    one_of_two_uses_a_nonce,
    a_nonce_that_was_rolled_back_is_free,
    pruning_steps_over_what_another_prunes,
    both_increments_count,
    both_latencies_count,
)
