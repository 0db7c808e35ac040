"""The judge finds nothing wrong with a right history, and each law broken in others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from chaos_histories import CALLS, DEAD, FIRST, POSTED, RIGHT, SECOND, START, History

from fault_injection.evidence import (
    Change,
    Delivery,
    Effect,
    Evidence,
    Exit,
    Job,
    Line,
)
from fault_injection.judge import judge
from fault_injection.tasks import failure_of
from fault_injection.verdict import Law


def _found(evidence: Evidence) -> set[Law]:
    return {violation.law for violation in judge(evidence)}


def _with_history(*changes: Change) -> Evidence:
    """Let the first job have another history, and be what that ends with."""
    last = changes[-1]
    job = replace(
        FIRST,
        status=last.status,
        retries=last.retries,
        attempt_token=last.attempt_token,
        remote_id=last.remote_id,
    )
    return replace(RIGHT, jobs=(job, SECOND), changes=(*changes, *DEAD), lines=())


def test_right_history_breaks_no_law() -> None:
    assert judge(RIGHT) == []


def test_missing_log_line_breaks_no_law() -> None:
    assert judge(replace(RIGHT, lines=())) == []


# All jobs


def test_job_that_is_gone_is_lost() -> None:
    found = judge(replace(RIGHT, jobs=(SECOND,)))

    assert {(v.law, v.job_id) for v in found} == {
        (Law.NONE_LOST, None),
        (Law.NONE_LOST, 1),
    }


def test_removed_job_is_a_step_that_no_job_takes() -> None:
    removed = replace(POSTED[-1], operation="DELETE")

    assert Law.KNOWN_STEPS in _found(_with_history(*POSTED, removed))


def test_second_job_of_a_task_is_a_double() -> None:
    double = History(3).claim(1, "a", 1).fail(2, 1).claim(3, "a", 2).complete(4, 2)
    evidence = replace(
        RIGHT,
        jobs=(*RIGHT.jobs, Job(3, "task-1", "posted", 1, 2, "3.2")),
        changes=(*RIGHT.changes, *double.changes),
        deliveries=(*CALLS, Delivery(5, 3, 2, accepted=True)),
        effects=(*RIGHT.effects, Effect(3, 2, "3.2")),
    )

    assert _found(evidence) == {Law.NONE_DOUBLED}


def test_job_that_nobody_scheduled_is_a_double() -> None:
    assert _found(replace(RIGHT, tasks=RIGHT.tasks[:1])) == {Law.NONE_DOUBLED}


def test_unfinished_job_has_not_ended() -> None:
    assert _found(_with_history(*POSTED[:-1])) == {Law.ALL_ENDED}


def test_jobs_left_have_not_ended_in_time() -> None:
    assert _found(replace(RIGHT, left=3)) == {Law.ALL_ENDED}


def test_dead_letter_that_could_have_been_posted_is_a_wrong_end() -> None:
    tasks = (RIGHT.tasks[0], replace(RIGHT.tasks[1], failures=2))

    assert _found(replace(RIGHT, tasks=tasks)) == {Law.RIGHT_END, Law.FAILURES_COUNT}


@pytest.mark.parametrize(
    "end",
    [
        Exit("c", asked=True, began=True, code=1),
        Exit("c", asked=False, began=True, code=0),
    ],
    ids=["with an error", "by itself"],
)
def test_worker_that_gives_up_is_noticed(end: Exit) -> None:
    assert _found(replace(RIGHT, exits=(end,))) == {Law.WORKERS_STAY}


# The steps of a job


def test_claim_before_its_time_is_noticed() -> None:
    early = replace(POSTED[1], at=START - timedelta(microseconds=1))

    assert _found(_with_history(POSTED[0], early, *POSTED[2:])) == {Law.IN_TIME}


def test_claim_without_a_new_token_is_noticed() -> None:
    changes = History(1).claim(1, "a", 0).fail(2, 0).claim(3, "b", 1).complete(4, 1)

    assert Law.TOKENS_COUNT in _found(_with_history(*changes.changes))


def test_claim_of_what_another_worker_has_is_noticed() -> None:
    changes = History(1).claim(1, "a", 1).claim(1, "b", 2).fail(2, 2).claim(3, "b", 3)

    found = _found(_with_history(*changes.complete(4, 3).changes))

    assert found == {Law.ONE_HOLDER, Law.TOKENS_COUNT}


def test_extension_for_another_worker_is_noticed() -> None:
    changes = History(1).claim(1, "a", 1).fail(2, 1).claim(3, "b", 2)
    changes.extend(4, "c").extend(4.5, "b").claim(5, "c", 3)

    assert Law.ONE_HOLDER in _found(_with_history(*changes.complete(6, 3).changes))


def test_shortened_lease_is_noticed() -> None:
    shorter = replace(POSTED[4], locked_until=POSTED[4].at)

    assert _found(_with_history(*POSTED[:4], shorter, *POSTED[5:])) == {Law.LEASES_HOLD}


def test_job_taken_back_before_its_lease_ends_is_noticed() -> None:
    early = replace(POSTED[2], at=POSTED[2].at - timedelta(microseconds=1))

    evidence = _with_history(*POSTED[:2], early, *POSTED[3:])

    assert _found(evidence) == {Law.LEASES_HOLD}


def test_completion_by_a_stale_token_is_noticed() -> None:
    stale = replace(POSTED[-1], remote_id="1.2")

    found = _found(_with_history(*POSTED[:-1], stale))

    assert found == {Law.ENDED_BY_TOKEN, Law.ONE_EFFECT}


def test_failure_by_a_stale_token_is_noticed() -> None:
    stale = replace(POSTED[5], last_error=failure_of(1))

    found = _found(_with_history(*POSTED[:5], stale, *POSTED[6:]))

    assert found == {Law.ENDED_BY_TOKEN}


def test_failure_that_the_handler_did_not_report_is_noticed() -> None:
    other = replace(POSTED[5], last_error="OperationalError: the connection is lost")

    found = _found(_with_history(*POSTED[:5], other, *POSTED[6:]))

    assert found == {Law.ENDED_BY_TOKEN}


def test_failure_that_is_not_counted_is_noticed() -> None:
    changes = [*POSTED[:5], *(replace(each, retries=0) for each in POSTED[5:])]

    assert Law.FAILURES_COUNT in _found(_with_history(*changes))


def test_failure_that_is_counted_twice_is_noticed() -> None:
    changes = [*POSTED[:5], *(replace(each, retries=2) for each in POSTED[5:])]

    assert Law.FAILURES_COUNT in _found(_with_history(*changes))


def test_dead_letter_before_the_last_failure_is_noticed() -> None:
    dead = History(2).claim(1, "a", 1).fail(2, 1).claim(3, "a", 2)
    changes = dead.fail(4, 2, "dead_letter").changes
    job = replace(SECOND, retries=2, attempt_token=2)
    evidence = replace(RIGHT, jobs=(FIRST, job), changes=(*POSTED, *changes))

    assert Law.RIGHT_END in _found(evidence)


def test_change_after_the_end_is_noticed() -> None:
    again = History(1)
    again.changes = list(POSTED)
    again.claim(8, "a", 4)

    assert Law.KNOWN_STEPS in _found(_with_history(*again.complete(9, 4).changes))


def test_change_that_nobody_saw_is_noticed() -> None:
    jobs = (replace(FIRST, attempt_token=4), SECOND)

    found = _found(replace(RIGHT, jobs=jobs))

    assert found == {Law.KNOWN_STEPS, Law.TOKENS_COUNT, Law.ONE_EFFECT}


def test_job_that_nobody_saw_is_noticed() -> None:
    assert _found(replace(RIGHT, changes=tuple(DEAD), lines=())) == {Law.KNOWN_STEPS}


# Effects


def test_missing_effect_is_noticed() -> None:
    assert _found(replace(RIGHT, effects=())) == {Law.ONE_EFFECT}


def test_doubled_effect_is_noticed() -> None:
    effects = (Effect(1, 1, "1.1"), Effect(1, 3, "1.3"))

    assert _found(replace(RIGHT, effects=effects)) == {Law.ONE_EFFECT}


def test_effect_of_another_attempt_is_noticed() -> None:
    assert _found(replace(RIGHT, effects=(Effect(1, 2, "1.3"),))) == {Law.ONE_EFFECT}


def test_effect_of_a_dead_letter_is_noticed() -> None:
    effects = (*RIGHT.effects, Effect(2, 1, "2.1"))

    assert _found(replace(RIGHT, effects=effects)) == {Law.NO_OTHER_EFFECT}


def test_effect_of_an_unknown_job_is_noticed() -> None:
    effects = (*RIGHT.effects, Effect(7, 1, "7.1"))

    assert _found(replace(RIGHT, effects=effects)) == {Law.NONE_LOST}


def test_stale_delivery_that_is_accepted_is_noticed() -> None:
    calls = tuple(replace(call, accepted=True) for call in CALLS)

    assert _found(replace(RIGHT, deliveries=calls)) == {Law.FENCED}


def test_newest_delivery_that_is_refused_is_noticed() -> None:
    calls = (CALLS[0], replace(CALLS[1], accepted=False))

    assert _found(replace(RIGHT, deliveries=calls)) == {Law.FENCED}


def test_delivery_by_a_token_that_nobody_got_is_noticed() -> None:
    calls = (*CALLS, Delivery(5, 1, 4, accepted=True))

    assert _found(replace(RIGHT, deliveries=calls)) == {Law.TOKENS_COUNT}


# What workers say


def test_end_that_is_logged_twice_is_noticed() -> None:
    lines = (*RIGHT.lines, Line("c", 1, 3, "posted"))

    assert _found(replace(RIGHT, lines=lines)) == {Law.ONE_LINE}


@pytest.mark.parametrize(
    "line",
    [
        Line("a", 1, 1, "posted"),
        Line("a", 1, 3, "posted"),
        Line("a", 1, 1, "retrying"),
        Line("b", 2, 3, "posted"),
    ],
    ids=["stale token", "another worker", "no failure", "another end"],
)
def test_end_that_a_worker_did_not_cause_is_noticed(line: Line) -> None:
    assert _found(replace(RIGHT, lines=(*RIGHT.lines, line))) == {Law.ONE_LINE}
