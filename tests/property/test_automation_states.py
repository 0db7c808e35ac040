"""A state by history agrees with a model at every past moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from automation_state_model import MUTANTS, Life, Mutant, check_states, lives
from hypothesis import HealthCheck, Phase, given, settings

from datalayer.queries.automation.execution_history import GET_EXECUTION_STATE

pytestmark = pytest.mark.postgres
Connection = psycopg.Connection[Any]

laws = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
quick = settings(
    max_examples=400,
    phases=(Phase.generate,),
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


@pytest.fixture(params=["database_url", "timescaledb_url"])
def session(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection to a database of each profile."""
    url = request.getfixturevalue(request.param)
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@laws
@given(life=lives())
def test_a_state_agrees_with_the_model(session: Connection, life: Life) -> None:
    check_states(session, life, GET_EXECUTION_STATE)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_law_notices(mutant: Mutant, database_url: str) -> None:
    query = mutant.query

    @quick
    @given(life=lives())
    def run(life: Life) -> None:
        check_states(connection, life, query)

    with (
        psycopg.connect(database_url, autocommit=True) as connection,
        pytest.raises(AssertionError, match="Row"),
    ):
        run()
