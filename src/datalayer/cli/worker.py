"""`datalayer worker`: run a handler for jobs as they become due."""

from __future__ import annotations

import math
import os
import signal
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from datalayer.cli.operations import DatabaseUrl
from datalayer.cli.worker_log import WorkerLog
from datalayer.domains.operations.retention_settings import read_retention_settings
from datalayer.domains.operations.worker import (
    Stop,
    WorkerSettings,
    load_handler,
    name_worker,
    run_worker,
)
from datalayer.server import acquire_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from datalayer.domains.operations.worker import Handler

DONE, PIPE_BROKEN, UNFINISHED = 0, 1, 4
_DAY = 86400
EXIT_CODES = (
    "Exit codes: 0 ended as asked, by SIGTERM, Ctrl-C or --until-idle, with every "
    "handler at its end; 1 an error, or nobody reads the log any more; 4 handlers "
    "still ran when --grace was over; 130, 143 ended at once by a second Ctrl-C or "
    "SIGTERM. "
    "Jobs without an end come back when their leases end."
)


class _EndNow(BaseException):
    """A second signal came."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def _seconds(value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number of seconds")
    return value


HandlerName = Annotated[
    str,
    typer.Argument(
        metavar="HANDLER",
        help="`package.module:function`, from the working folder or installed. It "
        "gets the job and returns the id of the post, or None; it may be async.",
    ),
]
Concurrency = Annotated[
    int, typer.Option(min=1, max=1000, help="Jobs that run at once, in threads.")
]
Lease = Annotated[
    float,
    typer.Option(
        min=1,
        max=_DAY,
        callback=_seconds,
        help="Seconds after which the jobs of a worker that is gone come back.",
    ),
]
Poll = Annotated[
    float,
    typer.Option(
        min=0.1,
        max=_DAY,
        callback=_seconds,
        help="Seconds between looks for jobs that no notification told of.",
    ),
]
Grace = Annotated[
    float,
    typer.Option(
        min=0,
        max=_DAY,
        callback=_seconds,
        help="Seconds that handlers have to end after SIGTERM or Ctrl-C.",
    ),
]
MaxAttempts = Annotated[
    int, typer.Option(min=1, help="Failures that make a job a dead letter.")
]
FirstBackoff = Annotated[
    float,
    typer.Option(
        min=0,
        max=_DAY,
        callback=_seconds,
        help="Seconds before the second attempt; each further wait is twice as long.",
    ),
]
MaxClaims = Annotated[
    int,
    typer.Option(
        min=1,
        help="Claims after which a job whose lease ends becomes a dead letter: it may "
        "be what ends its workers.",
    ),
]
WorkerName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Default: the machine, the process and a random part."
    ),
]
UntilIdle = Annotated[
    bool, typer.Option("--until-idle", help="End when nothing is due.")
]
NoRetention = Annotated[
    bool,
    typer.Option(
        "--no-retention",
        help="Do not remove old approvals, answers and nonces once a minute.",
    ),
]


def worker(
    handler: HandlerName,
    database_url: DatabaseUrl = None,
    concurrency: Concurrency = 4,
    lease: Lease = 60,
    poll: Poll = 5,
    grace: Grace = 30,
    max_attempts: MaxAttempts = 3,
    first_backoff: FirstBackoff = 300,
    max_claims: MaxClaims = 20,
    worker_name: WorkerName = None,
    until_idle: UntilIdle = False,
    no_retention: NoRetention = False,
) -> None:
    """Run a handler for jobs as they become due.

    Standard output gets a line of JSON for each attempt, standard error the rest.
    """
    settings = WorkerSettings(
        name=worker_name if worker_name is not None else name_worker(),
        concurrency=concurrency,
        lease=timedelta(seconds=lease),
        poll=timedelta(seconds=poll),
        grace=timedelta(seconds=grace),
        max_attempts=max_attempts,
        first_backoff=timedelta(seconds=first_backoff),
        max_claims=max_claims,
        until_idle=until_idle,
        retention=None if no_retention else read_retention_settings(),
    )
    stop = Stop()
    log = WorkerLog(settings.name, sys.stdout, stop)
    # What a handler prints is not to come between the lines of the log.
    with redirect_stdout(sys.stderr):
        code = _work(load_handler(handler), database_url, settings, log, stop)
    _end(PIPE_BROKEN if log.is_broken else code)


def _work(
    handler: Handler,
    database_url: str | None,
    settings: WorkerSettings,
    log: WorkerLog,
    stop: Stop,
) -> int:
    """Run the worker to its end, and return the exit code for it."""
    handle = acquire_server(database_url)
    try:
        with _signals(stop):
            stopped = run_worker(handle.url, handler, settings, log=log, stop=stop)
            log.close()
    except _EndNow as end:
        return 128 + end.signal_number
    finally:
        handle.close()
    return UNFINISHED if stopped.unfinished else DONE


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """Let the first signal stop the worker, and the second end it."""
    received: list[int] = []

    def receive(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise _EndNow(number)
        stop.request(signal.Signals(number).name)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, receive) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


def _end(code: int) -> NoReturn:
    """End the process, also when threads of handlers would keep it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    if code in {DONE, PIPE_BROKEN}:
        raise typer.Exit(code)
    os._exit(code)
