"""The plan of a run follows from its seed, and has a fault of every kind."""

from __future__ import annotations

from collections import Counter

import pytest

from fault_injection.plan import Plan, Restart, Settings, Stop, make_plan
from fault_injection.tasks import (
    failure_of,
    read_task,
    remote_id_of,
    token_of_failure,
    token_of_remote_id,
)

SHORT = Settings(seconds=5, workers=4, jobs=500, seed=1)
LONG = Settings(seconds=900, workers=4, jobs=5_000, seed=2)


@pytest.fixture(params=[SHORT, LONG], ids=["short", "long"])
def settings(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.param
    return chosen


@pytest.fixture
def plan(settings: Settings) -> Plan:
    return make_plan(settings)


def test_same_seed_makes_the_same_plan(settings: Settings, plan: Plan) -> None:
    assert make_plan(settings) == plan


def test_another_seed_makes_another_plan() -> None:
    other = Settings(seconds=5, workers=4, jobs=500, seed=2)

    assert make_plan(other).faults != make_plan(SHORT).faults


def test_every_kind_of_fault_happens_at_least_twice(plan: Plan) -> None:
    kinds = Counter(type(timed.fault).__name__ for timed in plan.faults)
    modes = {t.fault.mode for t in plan.faults if isinstance(t.fault, Restart)}

    assert set(kinds) == {"Kill", "Replace", "Restart", "Stop", "Terminate"}
    assert min(kinds.values()) >= 2
    assert modes == {"fast", "immediate"}


def test_faults_are_in_order_and_within_the_time(
    settings: Settings, plan: Plan
) -> None:
    times = [timed.at for timed in plan.faults]

    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < settings.seconds


def test_workers_stop_for_longer_than_their_leases(
    settings: Settings, plan: Plan
) -> None:
    stops = [t.fault for t in plan.faults if isinstance(t.fault, Stop)]

    assert all(stop.seconds > settings.lease for stop in stops)


def test_each_job_is_scheduled_once(settings: Settings, plan: Plan) -> None:
    keys = {task.key for task in plan.tasks}

    assert len(keys) == len(plan.tasks) == settings.jobs


def test_jobs_are_scheduled_while_there_are_faults(plan: Plan) -> None:
    first, *others = plan.batches

    assert first.at == 0
    assert len(first.tasks) < len(plan.tasks) / 2
    assert others[-1].at > plan.faults[0].at


def test_tasks_are_of_all_kinds(settings: Settings, plan: Plan) -> None:
    lease = settings.lease * 1000

    assert {task.failures for task in plan.tasks} == {0, 1, 2, 3}
    assert {task.fails_when_refused for task in plan.tasks} == {False, True}
    assert {task.delay_milliseconds > 0 for task in plan.tasks} == {False, True}
    assert max(task.milliseconds for task in plan.tasks) > lease
    assert min(task.milliseconds for task in plan.tasks) < lease / 50


def test_content_is_read_back(plan: Plan) -> None:
    assert [read_task(task.content) for task in plan.tasks[:50]] == list(
        plan.tasks[:50]
    )


def test_few_jobs_are_enough() -> None:
    plan = make_plan(Settings(seconds=1, workers=1, jobs=1, seed=1))

    assert [len(batch.tasks) for batch in plan.batches] == [1]


def test_tokens_are_found_in_what_attempts_leave() -> None:
    assert token_of_remote_id(remote_id_of(17, 4)) == 4
    assert token_of_failure(f"PlannedFailure: {failure_of(12)}") == 12


@pytest.mark.parametrize("text", [None, "", "something else"])
def test_no_token_is_found_in_anything_else(text: str | None) -> None:
    assert token_of_remote_id(text) is None
    assert token_of_failure(text) is None
