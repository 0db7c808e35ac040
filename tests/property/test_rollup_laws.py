"""Each hourly relation equals GROUP BY over the raw rows, whatever came in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import IsolationLevel
from rollup_databases import shifted_template
from rollup_model import SOURCES
from rollup_programs import (
    Advance,
    Begin,
    ChangeRule,
    Delete,
    DropExpired,
    End,
    Insert,
    Maintain,
    Operation,
    Program,
    open_world,
    run_program,
)
from rollup_scenarios import SCENARIOS

from datalayer.server import Server, scratch_database

pytestmark = pytest.mark.postgres

_DAY = 24
_HOURS_AGO = [-30, 0, 0, 1, 2, 3, 7, 30, 60 * _DAY, 92 * _DAY, 100 * _DAY, 190 * _DAY]
_WITHIN = [timedelta(), timedelta(minutes=31), timedelta(microseconds=3_599_999_999)]
_LEVELS = [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ]
_CHOICES = st.integers(0, 5)

_inserts = st.builds(
    Insert,
    source=st.sampled_from(SOURCES),
    hours_ago=st.sampled_from(_HOURS_AGO),
    within=st.sampled_from(_WITHIN),
    ref=st.sampled_from(["a", "b"]),
    operation=st.sampled_from(["INSERT", "UPDATE"]),
    status=st.sampled_from(["running", "failed"]),
    aside=st.booleans(),
)
_operations: st.SearchStrategy[Operation] = st.one_of(
    _inserts,
    _inserts,
    st.builds(
        Delete,
        source=st.sampled_from(SOURCES[:2]),
        choice=_CHOICES,
        aside=st.booleans(),
    ),
    st.builds(
        ChangeRule,
        ref=st.sampled_from(["a", "b"]),
        choice=_CHOICES,
        aside=st.booleans(),
    ),
    st.builds(DropExpired, source=st.sampled_from(SOURCES)),
    st.builds(Begin, isolation=st.sampled_from(_LEVELS)),
    st.builds(End, commit=st.booleans()),
    st.builds(Advance, hours=st.sampled_from([1, 2, 3, 25, 40 * _DAY])),
    st.builds(
        Maintain,
        batch=st.sampled_from([1, 24, 168]),
        steps=st.sampled_from([None, None, 1, 4]),
        at_once=st.booleans(),
        isolation=st.sampled_from(_LEVELS),
    ),
)
_programs = st.lists(_operations, min_size=3, max_size=25)


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[str]:
    with shifted_template(server.url(), "rollup_laws") as name:
        yield name


@pytest.mark.parametrize("name", SCENARIOS)
def test_relations_are_right_when(name: str, server: Server, template: str) -> None:
    with (
        scratch_database(server.url(), template=template) as url,
        open_world(url) as world,
    ):
        run_program(world, SCENARIOS[name])


@settings(max_examples=40)
@given(program=_programs)
def test_relations_equal_group_by(
    program: Program, server: Server, template: str
) -> None:
    with (
        scratch_database(server.url(), template=template) as url,
        open_world(url) as world,
    ):
        run_program(world, program)
