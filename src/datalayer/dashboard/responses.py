"""How a page reaches the reader: whole when it is quick, else its frame first.

A quick answer has the status of HTTP that is true. A slow one begins with the frame and
a picture of what is to come, which the style sheet hides once the content has followed:
that needs no script.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg_pool import PoolTimeout
from starlette.responses import (
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from datalayer.dashboard.rendering import render
from datalayer.dashboard.source import ReadConnection
from datalayer.dashboard.states import Fragment, failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from datalayer.dashboard.rendering import Frame
    from datalayer.dashboard.source import Source

Work: TypeAlias = Callable[[ReadConnection], Awaitable[Fragment]]

#: Seconds that an answer may take before the frame is sent ahead.
GRACE = 0.4


async def respond(
    request: Request,
    frame: Frame,
    content: Fragment | Work,
    *,
    source: Source | None = None,
    grace: float = GRACE,
) -> Response:
    """Return a page with content that is there, or that a source has to give first."""
    if isinstance(content, Fragment):
        return _whole(frame, content)
    assert source is not None  # work needs something to read from
    connected = asyncio.Event()
    task = asyncio.create_task(_read(request, source, content, connected))
    try:
        await _first(task, connected)
        done, _ = await asyncio.wait({task}, timeout=grace)
    except asyncio.CancelledError:
        await _abandon(task)
        raise
    if done:
        return _whole(frame, task.result())
    return StreamingResponse(
        _stream(frame, task),
        media_type="text/html",
        # Proxies would hold the frame back until the content has come.
        headers={"X-Accel-Buffering": "no"},
    )


async def _read(
    request: Request, source: Source, work: Work, connected: asyncio.Event
) -> Fragment:
    try:
        async with source.snapshot() as connection:
            connected.set()
            return await work(connection)
    except (psycopg.Error, PoolTimeout) as error:
        address = request.url.path
        if request.url.query:
            address += f"?{request.url.query}"
        return failure(error, source.settings, address)


async def _first(task: asyncio.Task[Fragment], connected: asyncio.Event) -> None:
    """Wait for a connection: without one the answer has to be 503, not 200."""
    waiter = asyncio.create_task(connected.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()


async def _stream(frame: Frame, task: asyncio.Task[Fragment]) -> AsyncIterator[str]:
    try:
        yield frame.before + render("loading.html")
        fragment = await task
        yield _moved(fragment) + frame.after
    finally:
        await _abandon(task)


async def _abandon(task: asyncio.Task[Fragment]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _moved(fragment: Fragment) -> str:
    """Return the content; it is too late for a redirection, a link has to do."""
    if fragment.location is None:
        return fragment.html
    return render("moved.html", location=fragment.location)


def _whole(frame: Frame, fragment: Fragment) -> Response:
    if fragment.location is not None:
        return RedirectResponse(fragment.location, fragment.status)
    headers = {"Retry-After": "5"} if fragment.status == 503 else {}
    return HTMLResponse(frame.around(fragment.html), fragment.status, headers)
