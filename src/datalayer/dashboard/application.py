"""The dashboard as an ASGI application."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from datalayer.dashboard.pages import Pages
from datalayer.dashboard.rendering import FOLDER, make_frame
from datalayer.dashboard.responses import GRACE, respond
from datalayer.dashboard.source import Source
from datalayer.dashboard.states import not_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalayer.dashboard.source import SourceSettings

#: The names that mean this machine, whatever else is allowed.
LOOPBACK_NAMES = ("127.0.0.1", "[::1]", "localhost")

#: Nothing from elsewhere, no script at all, and no frame around the pages.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_application(
    settings: SourceSettings,
    *,
    default_hours: int = 24,
    allowed_hosts: Sequence[str] = (),
    grace: float = GRACE,
) -> Starlette:
    """Return the application; it connects when it starts, and closes at its end.

    Only requests that name one of the hosts are answered: a page elsewhere whose name
    leads to this machine must not read what it shows. After `grace` seconds an answer
    begins without its content.
    """
    source = Source(settings)
    pages = Pages(source, default_hours=default_hours, grace=grace)

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with source.opened():
            yield

    async def missing(request: Request, error: Exception) -> Response:
        frame = make_frame("Not found", place=source.place)
        return await respond(request, frame, not_found("There is no such page."))

    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/search", pages.search),
            Route("/execution/{id}", pages.execution),
            Route("/worker/{id}", pages.worker),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                TrustedHostMiddleware,
                allowed_hosts=[*LOOPBACK_NAMES, *allowed_hosts],
                www_redirect=False,
            ),
        ],
        exception_handlers={404: missing},
        lifespan=lifespan,
    )


class SecurityHeaders:
    """Adds to every answer what it allows a browser to do with it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._application = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-cache"
            await send(message)

        await self._application(scope, receive, send_with_headers)
