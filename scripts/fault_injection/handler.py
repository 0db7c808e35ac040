"""What the workers call for each job: it takes its time, fails, or delivers."""

from __future__ import annotations

import os
import time
from functools import cache
from typing import TYPE_CHECKING

from fault_injection.mutants import apply_mutant
from fault_injection.remote import Remote
from fault_injection.tasks import failure_of, read_task, remote_id_of

if TYPE_CHECKING:
    from datalayer.domains.operations.worker import Attempt

REMOTE_VARIABLE = "FAULT_INJECTION_REMOTE"
MUTANT_VARIABLE = "FAULT_INJECTION_MUTANT"

# Where a broken version is asked for, this process gets it before its first job.
apply_mutant(os.environ.get(MUTANT_VARIABLE, ""))


class PlannedFailure(Exception):
    """The handler fails as its task says."""


@cache
def _remote() -> Remote:
    return Remote(os.environ[REMOTE_VARIABLE])


def post(attempt: Attempt) -> str:
    """Do what the job says; return the id that the remote gave.

    It does not ask whether the attempt is still current: the remote's fence must hold
    for those that find out too late.
    """
    task = read_task(attempt.content)
    half = task.milliseconds / 2000
    time.sleep(half)
    token = attempt.attempt_token
    if attempt.retries < task.failures:
        raise PlannedFailure(failure_of(token))
    remote_id = remote_id_of(attempt.id, token)
    accepted = _remote().deliver(attempt.id, token, remote_id)
    if not accepted and task.fails_when_refused:
        raise PlannedFailure(failure_of(token))
    is_again = token > attempt.retries + 1
    time.sleep(half + task.milliseconds_again / 1000 * is_again)
    return remote_id
