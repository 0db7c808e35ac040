"""A role that can read eight relations and nothing else has the whole dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from dashboard_client import PATIENT, follow_recipe, open_dashboard, read_recipe

from automation_data import seed_history, seed_story, seed_workers
from datalayer.dashboard.errors import (
    DashboardRightsMissing,
    DashboardTablesMissing,
)
from datalayer.dashboard.readiness import RELATIONS, check_database
from datalayer.dashboard.source import SourceSettings


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    """A role with no rights at all."""
    name = f"reader_{uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} NOLOGIN")
        yield name
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def test_the_recipe_names_what_is_read() -> None:
    granted = re.search(r"GRANT SELECT ON\n(.*?)\nTO", read_recipe(), re.DOTALL)

    assert granted is not None
    assert tuple(granted[1].replace(",", " ").split()) == RELATIONS


async def test_the_recipe_is_enough_for_every_page(
    connection: psycopg.Connection, database_url: str, role: str
) -> None:
    seed_workers(connection)
    seed_history(connection, hours=30)
    number = seed_story(connection)
    connection.execute("SELECT * FROM datalayer_maintain()")
    follow_recipe(connection, role)

    settings = SourceSettings(
        database_url, role, patience=PATIENT, statement_timeout=PATIENT
    )
    assert check_database(database_url, role=role) == 0
    async with open_dashboard(settings) as client:
        for address in (
            "/",
            "/?hours=6&action_ref=mail.send",
            f"/execution/{number}",
            "/worker/1",
            "/search?q=e",
        ):
            response = await client.get(address)
            assert response.status_code == 200, response.text


async def test_the_overview_reads_no_row_of_history(
    connection: psycopg.Connection, database_url: str, role: str
) -> None:
    seed_history(connection, hours=5)
    follow_recipe(connection, role)
    connection.execute(
        f"REVOKE SELECT ON execution, execution_history, worker_history FROM {role}"
    )
    connection.commit()

    settings = SourceSettings(
        database_url, role, patience=PATIENT, statement_timeout=PATIENT
    )
    async with open_dashboard(settings) as client:
        response = await client.get("/")

    assert response.status_code == 200
    assert "Busiest actions" in response.text


async def test_a_missing_right_is_told_with_its_grant(
    database_url: str, role: str
) -> None:
    async with open_dashboard(SourceSettings(database_url, role)) as client:
        response = await client.get("/")

    assert response.status_code == 503
    assert "The role may not read this" in response.text
    assert f"TO {role};" in response.text


def test_missing_rights_are_found_at_the_start(
    connection: psycopg.Connection, database_url: str, role: str
) -> None:
    follow_recipe(connection, role)
    connection.execute(f"REVOKE SELECT ON worker FROM {role}")
    connection.commit()

    with pytest.raises(DashboardRightsMissing) as caught:
        check_database(database_url, role=role)

    assert caught.value.message == f"{role} may not read `worker`"
    assert caught.value.help == f"GRANT SELECT ON worker TO {role}"


def test_an_unknown_role_is_told(database_url: str) -> None:
    with pytest.raises(DashboardRightsMissing, match="cannot take on the role `nobod'"):
        check_database(database_url, role="nobod'\"y")


def test_missing_tables_are_found_at_the_start(empty_database: str) -> None:
    with pytest.raises(DashboardTablesMissing, match="datalayer migrate up automation"):
        check_database(empty_database)
