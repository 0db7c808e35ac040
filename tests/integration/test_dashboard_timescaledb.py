"""The dashboard on TimescaleDB, where a server may take one connection at a time."""

from __future__ import annotations

import psycopg
from dashboard_client import PATIENT, follow_recipe, open_dashboard

from automation_data import seed_executions, seed_history, seed_workers
from datalayer.dashboard.readiness import check_database
from datalayer.dashboard.source import SourceSettings


async def test_pages_are_the_same_on_timescaledb(timescaledb_url: str) -> None:
    with psycopg.connect(timescaledb_url) as connection:
        # Unlike a server, this one begins with every message there is.
        connection.execute("SET client_min_messages = warning")
        seed_workers(connection)
        seed_history(connection, hours=6, factor=0.1)
        (number, *_) = seed_executions(connection, count=2)
        (requested,) = connection.execute(
            "SELECT count(*) FROM execution_history WHERE operation = 'INSERT'"
        ).fetchone() or (0,)

    few = check_database(timescaledb_url)
    settings = SourceSettings(
        timescaledb_url,
        patience=PATIENT,
        statement_timeout=PATIENT,
        connections=few or 4,
    )
    async with open_dashboard(settings) as client:
        overview = await client.get("/?hours=24")
        execution = await client.get(f"/execution/{number}")
        search = await client.get("/search?q=eu-west")

    assert f"<strong>{requested}</strong>" in overview.text
    assert "Throughput" in overview.text
    assert "Became completed" in execution.text
    assert search.text.count('href="/worker/') == 3


async def test_the_recipe_is_enough_on_timescaledb(timescaledb_url: str) -> None:
    role = "dashboard_reader"
    with psycopg.connect(timescaledb_url) as connection:
        connection.execute("SET client_min_messages = warning")
        seed_workers(connection)
        seed_history(connection, hours=2, factor=0.05)
        connection.execute(f"CREATE ROLE {role} NOLOGIN")
        follow_recipe(connection, role)
    few = check_database(timescaledb_url, role=role)
    settings = SourceSettings(
        timescaledb_url,
        role,
        patience=PATIENT,
        statement_timeout=PATIENT,
        connections=few or 4,
    )
    try:
        async with open_dashboard(settings) as client:
            for address in ("/", "/worker/1", "/search?q=mail.send"):
                response = await client.get(address)
                assert response.status_code == 200, response.text
    finally:
        with psycopg.connect(timescaledb_url) as connection:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
