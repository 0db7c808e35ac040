"""Run a handler for attempts, in threads."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.domains.arguments import storable_text

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from queue import SimpleQueue

    from datalayer.domains.operations.worker.attempts import Attempt, Handler
    from datalayer.domains.operations.worker.inbox import Inbox

#: No error is stored longer, in characters.
LONGEST_ERROR = 2000


@dataclass(frozen=True, slots=True)
class Handled:
    """A handler has ended: with the id it returned, or with an error."""

    attempt: Attempt
    milliseconds: int
    remote_id: str | None = None
    error: str | None = None


def start_threads(
    handler: Handler, count: int, work: SimpleQueue[Attempt | None], inbox: Inbox
) -> list[threading.Thread]:
    """Start threads that handle attempts until they get None."""

    def serve() -> None:
        while (attempt := work.get()) is not None:
            inbox.put(handle(handler, attempt))

    # A handler that does not end keeps the process only as long as the worker wants.
    threads = [
        threading.Thread(target=serve, name=f"handler-{number}", daemon=True)
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    return threads


def handle(handler: Handler, attempt: Attempt) -> Handled:
    """Run a handler; whatever it raises is an error of the attempt."""
    started = time.monotonic()
    remote_id, error = None, None
    try:
        remote_id = _remote_id(handler, attempt)
    except BaseException as problem:  # also SystemExit: the other jobs go on
        error = describe_error(problem)
    milliseconds = round((time.monotonic() - started) * 1000)
    return Handled(attempt, milliseconds, remote_id, error)


def _remote_id(handler: Handler, attempt: Attempt) -> str | None:
    returned: object = handler(attempt)
    if inspect.isawaitable(returned):
        returned = asyncio.run(_wait_for(returned))
    if returned is None or isinstance(returned, str):
        return None if returned is None else storable_text(returned)
    raise TypeError(
        f"the handler returned `{type(returned).__name__}`, "
        "expected the id of the post as `str`, or None"
    )


async def _wait_for(returned: Awaitable[object]) -> object:
    return await returned


def describe_error(error: BaseException) -> str:
    """Return the type and the message of an error, of bounded length."""
    name = type(error).__qualname__
    try:
        text = str(error)
    except Exception:
        text = "its message cannot be shown"
    described = storable_text(f"{name}: {text}" if text else name)
    if len(described) <= LONGEST_ERROR:
        return described
    return described[: LONGEST_ERROR - 1] + "…"
