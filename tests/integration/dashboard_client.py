"""The dashboard without a network: requests go straight into the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from datalayer.dashboard.application import create_application
from datalayer.dashboard.source import SourceSettings

#: No answer begins before its content, however busy the machine is.
PATIENT = 300.0


@asynccontextmanager
async def open_dashboard(
    settings: SourceSettings, *, grace: float = PATIENT
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the dashboard and lend a client of it."""
    application = create_application(settings, grace=grace)
    transport = httpx.ASGITransport(app=application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client
