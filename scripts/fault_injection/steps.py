"""What may happen to a job, step by step: the laws of its history."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from fault_injection.tasks import (
    MAX_ATTEMPTS,
    token_of_failure,
    token_of_remote_id,
)
from fault_injection.verdict import Law, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fault_injection.evidence import Change

WAITING = {"scheduled", "retrying"}
ENDED = {"posted", "dead_letter"}


def name_step(before: Change, after: Change) -> str:
    """Return what a change was: a claim, an extension, …; empty for no known one."""
    if after.operation != "UPDATE":
        return "removal" if after.operation == "DELETE" else ""
    if before.status in WAITING:
        return "claim" if after.status == "processing" else ""
    if before.status != "processing":
        return ""
    if after.status == "processing":
        return "extension"
    if after.status == "posted":
        return "completion"
    return "return" if after.retries == before.retries else "failure"


def judge_history(history: Sequence[Change]) -> Iterator[Violation]:
    """Yield what is wrong with the changes of one job, which are in order."""
    first = history[0]
    if (first.operation, first.status, first.attempt_token, first.retries) != (
        "INSERT",
        "scheduled",
        0,
        0,
    ):
        yield Violation(Law.KNOWN_STEPS, "does not begin as scheduled", first.job_id)
    for before, after in itertools.pairwise(history):
        step = name_step(before, after)
        if not step or step == "removal":
            text = f"from {before.status} to {after.status} by {after.operation}"
            yield Violation(Law.KNOWN_STEPS, text, after.job_id)
            continue
        yield from _RULES[step](before, after)
        yield from _unchanged(step, before, after)


def _unchanged(step: str, before: Change, after: Change) -> Iterator[Violation]:
    """Yield what changed that no such step changes."""
    tokens = (before.attempt_token, after.attempt_token)
    if step not in {"claim", "extension"} and tokens[0] != tokens[1]:
        text = f"the token went from {tokens[0]} to {tokens[1]} in a {step}"
        yield Violation(Law.TOKENS_COUNT, text, after.job_id)
    if step != "failure" and before.retries != after.retries:
        text = f"retries went from {before.retries} to {after.retries} in a {step}"
        yield Violation(Law.FAILURES_COUNT, text, after.job_id)


def _claim(before: Change, after: Change) -> Iterator[Violation]:
    if after.attempt_token != before.attempt_token + 1:
        text = f"a claim of token {before.attempt_token} got {after.attempt_token}"
        yield Violation(Law.TOKENS_COUNT, text, after.job_id)
    if after.at < before.due_at:
        text = f"claimed {before.due_at - after.at} before it was due"
        yield Violation(Law.IN_TIME, text, after.job_id)


def _extension(before: Change, after: Change) -> Iterator[Violation]:
    holders = [(each.locked_by, each.attempt_token) for each in (before, after)]
    if holders[0] != holders[1]:
        text = "held by {} with token {}, then by {} with {}".format(
            *holders[0], *holders[1]
        )
        yield Violation(Law.ONE_HOLDER, text, after.job_id)
    elif (
        before.locked_until is not None
        and after.locked_until is not None
        and after.locked_until < before.locked_until
    ):
        yield Violation(Law.LEASES_HOLD, "a lease was shortened", after.job_id)


def _completion(before: Change, after: Change) -> Iterator[Violation]:
    token = token_of_remote_id(after.remote_id)
    if token != before.attempt_token:
        text = f"posted by token {token} while {before.attempt_token} was current"
        yield Violation(Law.ENDED_BY_TOKEN, text, after.job_id)


def _failure(before: Change, after: Change) -> Iterator[Violation]:
    token = token_of_failure(after.last_error)
    if token != before.attempt_token:
        text = f"failed by token {token} while {before.attempt_token} was current"
        yield Violation(
            Law.ENDED_BY_TOKEN, f"{text} ({after.last_error})", after.job_id
        )
    if after.retries != before.retries + 1:
        text = f"retries went from {before.retries} to {after.retries}"
        yield Violation(Law.FAILURES_COUNT, text, after.job_id)
    expected = "dead_letter" if after.retries >= MAX_ATTEMPTS else "retrying"
    if after.status != expected:
        text = f"{after.status} after {after.retries} failures"
        yield Violation(Law.RIGHT_END, text, after.job_id)


def _return(before: Change, after: Change) -> Iterator[Violation]:
    if after.status not in WAITING:
        yield Violation(
            Law.RIGHT_END, f"{after.status} without a failure", after.job_id
        )
    if before.locked_until is not None and after.at < before.locked_until:
        text = f"taken back {before.locked_until - after.at} before its lease ended"
        yield Violation(Law.LEASES_HOLD, text, after.job_id)


_RULES: dict[str, Callable[[Change, Change], Iterator[Violation]]] = {
    "claim": _claim,
    "completion": _completion,
    "extension": _extension,
    "failure": _failure,
    "return": _return,
}
