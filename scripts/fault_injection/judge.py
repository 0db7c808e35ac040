"""The verdict about a run: every law against all that is known.

Pure: it takes evidence and returns violations, so that tests can feed it wrong ones.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeVar

from fault_injection.steps import ENDED, judge_history, name_step
from fault_injection.tasks import remote_id_of
from fault_injection.verdict import Law, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fault_injection.evidence import (
        Change,
        Delivery,
        Effect,
        Evidence,
        Job,
        Line,
    )
    from fault_injection.tasks import Task

    OfJob = TypeVar("OfJob", Change, Delivery, Effect, Line)


def judge(evidence: Evidence) -> list[Violation]:
    """Return every law that was broken; none is what a run is for."""
    changes = _by_job(evidence.changes)
    deliveries = _by_job(evidence.deliveries)
    effects = _by_job(evidence.effects)
    lines = _by_job(evidence.lines)
    found = [*_judge_population(evidence), *_judge_exits(evidence)]
    for job in evidence.jobs:
        history = changes.pop(job.id, [])
        found += _judge_record(job, history)
        found += _judge_deliveries(job, deliveries.pop(job.id, []))
        found += _judge_effects(job, effects.pop(job.id, []))
        found += _judge_lines(job, history, lines.pop(job.id, []))
    for job_id in sorted({*changes, *deliveries, *effects, *lines}):
        found.append(Violation(Law.NONE_LOST, "it was there, and is gone", job_id))
    return found


def _by_job(records: Iterable[OfJob]) -> dict[int, list[OfJob]]:
    grouped: dict[int, list[OfJob]] = defaultdict(list)
    for record in records:
        grouped[record.job_id].append(record)
    return grouped


# All jobs


def _judge_population(evidence: Evidence) -> Iterator[Violation]:
    """Yield what is wrong with the jobs as a whole, and with how each ended."""
    jobs: dict[str, list[Job]] = defaultdict(list)
    for job in evidence.jobs:
        jobs[job.key].append(job)
    for task in evidence.tasks:
        found = jobs.pop(task.key, [])
        if not found:
            yield Violation(Law.NONE_LOST, f"{task.key} has no job")
        if len(found) > 1:
            ids = ", ".join(str(job.id) for job in found)
            yield Violation(Law.NONE_DOUBLED, f"{task.key} has the jobs {ids}")
        for job in found:
            yield from _judge_end(task, job)
    for key in sorted(jobs):
        yield Violation(Law.NONE_DOUBLED, f"nobody scheduled {key}")
    if evidence.left:
        text = f"{evidence.left} jobs were left when none ended any more"
        yield Violation(Law.ALL_ENDED, text)


def _judge_end(task: Task, job: Job) -> Iterator[Violation]:
    if job.status not in ENDED:
        yield Violation(Law.ALL_ENDED, f"is {job.status}", job.id)
        return
    expected = "dead_letter" if task.is_hopeless else "posted"
    if job.status != expected:
        yield Violation(Law.RIGHT_END, f"{job.status} instead of {expected}", job.id)
    if job.retries != task.failures:
        text = f"{job.retries} retries, while its handler failed {task.failures} times"
        yield Violation(Law.FAILURES_COUNT, text, job.id)


def _judge_exits(evidence: Evidence) -> Iterator[Violation]:
    """Yield which workers gave up, or did not end well.

    Not those that had not begun: without a server, or asked to end that early.
    """
    for end in evidence.exits:
        if end.began and (end.code or not end.asked):
            how = "when asked to" if end.asked else "by itself"
            text = f"{end.worker} ended {how} with {end.code}"
            yield Violation(Law.WORKERS_STAY, text)


# One job


def _judge_record(job: Job, history: Sequence[Change]) -> Iterator[Violation]:
    """Yield what is wrong with a job's history, and where the job is not its end."""
    if not history:
        yield Violation(Law.KNOWN_STEPS, "nobody saw it being scheduled", job.id)
        return
    yield from judge_history(history)
    last = history[-1]
    names = ("status", "retries", "attempt_token", "remote_id")
    if any(getattr(last, name) != getattr(job, name) for name in names):
        text = f"was last seen {last.status}, and is {job.status}"
        yield Violation(Law.KNOWN_STEPS, text, job.id)
    steps = Counter(name_step(*pair) for pair in itertools.pairwise(history))
    if steps["claim"] != job.attempt_token:
        text = f"{steps['claim']} claims, and the token is {job.attempt_token}"
        yield Violation(Law.TOKENS_COUNT, text, job.id)
    if steps["failure"] != job.retries:
        text = f"{steps['failure']} failures, and {job.retries} retries"
        yield Violation(Law.FAILURES_COUNT, text, job.id)


def _judge_deliveries(job: Job, calls: Sequence[Delivery]) -> Iterator[Violation]:
    """Yield where the fence let a stale token through, or kept a newer one out."""
    newest = 0
    for call in calls:
        if not 1 <= call.token <= job.attempt_token:
            text = f"delivered by token {call.token}, which nobody was given"
            yield Violation(Law.TOKENS_COUNT, text, job.id)
        if call.accepted != (call.token >= newest):
            verb = "accepted" if call.accepted else "refused"
            text = f"token {call.token} was {verb} after {newest}"
            yield Violation(Law.FENCED, text, job.id)
        if call.accepted:
            newest = max(newest, call.token)


def _judge_effects(job: Job, effects: Sequence[Effect]) -> Iterator[Violation]:
    """Yield unless a posted job has one effect, and a dead letter none."""
    if job.status == "dead_letter" and effects:
        text = f"is a dead letter, and has the effect {effects[0].remote_id}"
        yield Violation(Law.NO_OTHER_EFFECT, text, job.id)
    if job.status != "posted":
        return
    expected = remote_id_of(job.id, job.attempt_token)
    remote_ids = [effect.remote_id for effect in effects]
    if job.remote_id != expected or remote_ids != [expected]:
        text = f"posted as {job.remote_id}, has {remote_ids}, not {expected} once"
        yield Violation(Law.ONE_EFFECT, text, job.id)
    elif effects[0].token != job.attempt_token:
        text = f"the effect is of token {effects[0].token}, not {job.attempt_token}"
        yield Violation(Law.ONE_EFFECT, text, job.id)


def _judge_lines(
    job: Job, history: Sequence[Change], lines: Sequence[Line]
) -> Iterator[Violation]:
    """Yield what workers claim to have done and have not; missing lines are allowed."""
    done = {
        (after.attempt_token, after.status, before.locked_by)
        for before, after in itertools.pairwise(history)
        if name_step(before, after) in {"completion", "failure"}
    }
    ends = [line for line in lines if line.outcome in {*ENDED, "retrying"}]
    for (token, outcome), count in Counter(
        (line.token, line.outcome) for line in ends
    ).items():
        if count > 1:
            text = f"{count} lines say that token {token} made it {outcome}"
            yield Violation(Law.ONE_LINE, text, job.id)
    for line in ends:
        if (line.token, line.outcome, line.worker) not in done:
            text = f"{line.worker} says {line.outcome} of token {line.token}"
            yield Violation(Law.ONE_LINE, text, job.id)
