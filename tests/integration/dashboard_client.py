"""The dashboard without a network, and the rights that it needs."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg

from datalayer.dashboard.application import create_application
from datalayer.dashboard.source import SourceSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"

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


def read_recipe() -> str:
    """Return the statements of the page about the dashboard."""
    text = (DOCS / "dashboard.md").read_text()
    (block,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    return str(block)


def follow_recipe(connection: psycopg.Connection, role: str) -> None:
    """Run the recipe for another role than `dashboard`."""
    for statement in read_recipe().split(";"):
        if statement.strip().startswith(("GRANT SELECT", "GRANT USAGE")):
            connection.execute(statement.replace("TO dashboard", f"TO {role}"))
    connection.commit()
