"""Broken versions of what workers do to the queue, each of which the judge notices."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from datalayer.queries.operations import queue_work
from fault_injection.verdict import Law


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken version: texts of queries that are replaced, and the law it breaks."""

    #: The constant of a query, what stands in it, and what stands there instead.
    changes: tuple[tuple[str, str, str], ...]
    law: Law
    #: A text of the remote, and what stands there instead.
    remote: tuple[str, str] = ("", "")


_ANY_TOKEN = ("AND attempt_token = $", "AND 0 < $")
_ANY_GIVEN_TOKEN = (
    "job.attempt_token = given.attempt_token",
    "given.attempt_token > 0",
)
_COMPLETIONS = (
    ("COMPLETE_JOB", *_ANY_TOKEN),
    ("COMPLETE_JOBS", *_ANY_GIVEN_TOKEN),
)

MUTANTS = {
    "claim-without-guard": Mutant(
        (("CLAIM_DUE_JOBS", "FOR UPDATE SKIP LOCKED\n", ""),), Law.ONE_HOLDER
    ),
    # Rarely seen: a worker finds out from its leases, mostly before it completes.
    "completion-without-token": Mutant(_COMPLETIONS, Law.ENDED_BY_TOKEN),
    "completion-and-lease-without-token": Mutant(
        (*_COMPLETIONS, ("EXTEND_LEASES", *_ANY_GIVEN_TOKEN)), Law.ENDED_BY_TOKEN
    ),
    "failure-without-token": Mutant((("FAIL_JOB", *_ANY_TOKEN),), Law.ENDED_BY_TOKEN),
    "claim-without-new-token": Mutant(
        (
            (
                "CLAIM_DUE_JOBS",
                "job.attempt_token + 1",
                "greatest(1, job.attempt_token)",
            ),
        ),
        Law.TOKENS_COUNT,
    ),
    "reclaim-of-unexpired": Mutant(
        (("RECLAIM_EXPIRED_JOBS", "AND locked_until <=", "AND created_at <="),),
        Law.LEASES_HOLD,
    ),
    "remote-without-fence": Mutant(
        (), Law.FENCED, remote=("WHERE effect.token <= excluded.token", "")
    ),
}


def apply_mutant(name: str) -> None:
    """Break this process as a mutant says; do nothing without a name."""
    if not name:
        return
    for constant, old, new in MUTANTS[name].changes:
        query = getattr(queue_work, constant)
        assert old in query.sql, f"{constant} has no {old!r}"
        broken = dataclasses.replace(query, sql=query.sql.replace(old, new))
        setattr(queue_work, constant, broken)
