"""Take the steps that are due, each in a transaction of its own."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg import errors, sql

from datalayer.domains.maintenance.errors import (
    MaintenanceBlocked,
    MaintenanceBusy,
    MaintenanceFailed,
    MaintenanceMissing,
)
from datalayer.domains.maintenance.results import (
    MaintenanceReport,
    Retrying,
    StepBegun,
    StepDone,
)
from datalayer.queries.maintenance.step import list_policies, maintain_step
from datalayer.urls import unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from datalayer.domains.maintenance.results import MaintenanceEvent
    from datalayer.errors import DataLayerError
    from datalayer.queries.maintenance.step import MaintenancePolicy

    Tell: TypeAlias = Callable[[MaintenanceEvent], None]

ResultT = TypeVar("ResultT")

#: How many hours, or partitions, a step deals with at most.
BATCH = 168
#: How often a step is tried for which a lock is not to be had.
ATTEMPTS = 5
_LONGEST_PAUSE = 8.0
# Somebody else's long query, a deadlock, or a snapshot that became too old.
_PASSING = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)
# Limits of a role are meant for its queries. The messages of policies are not ours.
_SETTINGS = {
    "client_min_messages": "warning",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
}


def maintain(
    url: str,
    *,
    batch: int = BATCH,
    attempts: int = ATTEMPTS,
    report: Callable[[MaintenanceEvent], None] | None = None,
) -> MaintenanceReport:
    """Do all that is due: hourly relations, partitions, retention; tell what was done.

    Policies of TimescaleDB on tables of the schema are run as well. Whatever happens,
    the steps that were reported stay. Raises `MaintenanceBusy` while another session
    maintains the database, `MaintenanceBlocked` when a lock is not to be had.
    """
    done: list[StepDone] = []

    def tell(event: MaintenanceEvent) -> None:
        if isinstance(event, StepDone):
            done.append(event)
        if report:
            report(event)

    with _connect(url) as connection:
        while _take_step(connection, batch, attempts, tell):
            pass
        for policy in list_policies(connection):
            _run_policy(connection, policy, attempts, tell)
    return MaintenanceReport(tuple(done))


def _take_step(
    connection: psycopg.Connection, batch: int, attempts: int, tell: Tell
) -> bool:
    """Do the next piece of work; return False when nothing is due."""
    started = time.monotonic()
    step = _persist(lambda: maintain_step(connection, batch=batch), attempts, tell)
    if step is None:
        return False
    tell(StepDone(step.task, step.relation, step.amount, _milliseconds_since(started)))
    return True


def _run_policy(
    connection: psycopg.Connection, policy: MaintenancePolicy, attempts: int, tell: Tell
) -> None:
    tell(StepBegun(policy.task, policy.relation))
    started = time.monotonic()
    # A procedure of the extension, which the server that judges queries lacks.
    call = sql.SQL("CALL run_job({})").format(policy.job_id)
    _persist(lambda: connection.execute(call), attempts, tell)
    tell(StepDone(policy.task, policy.relation, None, _milliseconds_since(started)))


def _persist(task: Callable[[], ResultT], attempts: int, tell: Tell) -> ResultT:
    """Try again what met a lock; explain what cannot be done."""
    for attempt in range(1, attempts + 1):
        try:
            return task()
        except _PASSING as error:
            if attempt == attempts:
                raise MaintenanceBlocked(
                    f"no lock in {attempts} tries: {_text(error)}",
                    help="run again when long queries have ended; what was done stays",
                ) from error
            # Jitter, so that those who met do not meet again.
            delay = min(_LONGEST_PAUSE, 2.0 ** (attempt - 2)) * random.uniform(0.5, 1)
            tell(Retrying(attempt, delay, _text(error)))
            time.sleep(delay)
        except psycopg.Error as error:
            raise _explained(error) from error
    raise ValueError("`attempts` must be at least 1")


def _explained(error: psycopg.Error) -> DataLayerError:
    match error:
        case errors.ObjectInUse():
            return MaintenanceBusy(
                "another session maintains this database",
                help="nothing is lost: what is due is done by it, or next time",
            )
        case errors.UndefinedFunction():
            return MaintenanceMissing(
                f"maintenance is not installed: {_text(error)}",
                help="apply the migrations with `datalayer migrate up`; is the schema "
                "in the search_path of the URL?",
            )
        case _:
            return MaintenanceFailed(
                f"a step was refused: {_text(error)}", help="what was done before stays"
            )


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,  # a pooler may move us between servers
            application_name="datalayer maintain",
        )
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield connection
    finally:
        # Not `with`, which would wait for a step under way.
        connection.close()


def _text(error: psycopg.Error) -> str:
    return error.diag.message_primary or " ".join(str(error).split())


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
