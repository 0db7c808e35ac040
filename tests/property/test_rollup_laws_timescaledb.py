"""The law of hourly relations on TimescaleDB, where policies do the refreshing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rollup_model import RELATIONS, SOURCES, Bucket, Model
from rollup_programs import (
    ChangeRule,
    Delete,
    Insert,
    World,
    Write,
    read_relation,
    write,
)

from datalayer.domains.maintenance import maintain

_DAY = 24
# Policies look at the last 7 days, but for the hour that has just ended.
_HOURS_AGO = [0, 2, 3, 7, 30, 5 * _DAY]
_WITHIN = [timedelta(), timedelta(microseconds=3_599_999_999)]
_EXPIRED = 100 * _DAY
_numbers = count()

_inserts = st.builds(
    Insert,
    source=st.sampled_from(SOURCES),
    hours_ago=st.sampled_from(_HOURS_AGO),
    within=st.sampled_from(_WITHIN),
    ref=st.sampled_from(["a", "b"]),
    operation=st.sampled_from(["INSERT", "UPDATE"]),
    status=st.sampled_from(["running", "failed"]),
)
_writes: st.SearchStrategy[Write] = st.one_of(
    _inserts,
    _inserts,
    st.builds(Delete, source=st.sampled_from(SOURCES[:2]), choice=st.integers(0, 5)),
    st.builds(ChangeRule, ref=st.sampled_from(["a", "b"]), choice=st.integers(0, 5)),
)
# Maintenance runs after each part.
_programs = st.lists(st.lists(_writes, min_size=1, max_size=8), min_size=2, max_size=3)


@contextmanager
def open_world(url: str, model: Model) -> Iterator[World]:
    """Yield a world with the one connection that there is."""
    with psycopg.connect(url, autocommit=True) as main:
        yield World(main, main, model)


def named(operation: Write, prefix: str) -> Write:
    """Give the rows of a program names that no other program uses."""
    if isinstance(operation, Delete):
        return operation
    return replace(operation, ref=prefix + operation.ref)


def shown(world: World, name: str, prefix: str) -> Counter[Bucket]:
    """Return the buckets of the rows of one program."""
    buckets = read_relation(world.main, name).items()
    return Counter({b: n for b, n in buckets if str(b[1]).startswith(prefix)})


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(program=_programs)
def test_relations_equal_group_by(
    program: list[list[Write]], timescaledb_url: str
) -> None:
    model, prefix = Model(), f"{next(_numbers)}_"
    maintain(timescaledb_url)
    for part in program:
        with open_world(timescaledb_url, model) as world:
            for operation in part:
                write(world, named(operation, prefix))
        maintain(timescaledb_url)

        with open_world(timescaledb_url, model) as world:
            for name in RELATIONS:
                assert shown(world, name, prefix) == model.expected(name), name


def test_late_rows_of_several_hours_are_all_counted(timescaledb_url: str) -> None:
    """In batches, as TimescaleDB does by itself, one of the hours was lost."""
    for late in ((5, 7), (7, 2), (2, 7)):
        model, prefix = Model(), f"{next(_numbers)}_"
        for hours in ((0,), late):
            maintain(timescaledb_url)
            with open_world(timescaledb_url, model) as world:
                for ago in hours:
                    write(world, named(_enforcement(ago), prefix))
        maintain(timescaledb_url)

        with open_world(timescaledb_url, model) as world:
            for name in RELATIONS:
                assert shown(world, name, prefix) == model.expected(name), name


def _enforcement(hours_ago: int) -> Insert:
    return Insert(
        source="enforcement",
        hours_ago=hours_ago,
        within=timedelta(0),
        ref="a",
        operation="INSERT",
        status="running",
        aside=False,
    )


def test_hours_that_go_on_are_live(timescaledb_url: str) -> None:
    maintain(timescaledb_url)
    model = Model()

    with open_world(timescaledb_url, model) as world:
        for source in SOURCES:
            write(world, Insert(source, 0))

        for name in RELATIONS:
            assert read_relation(world.main, name) == model.expected(name), name


def test_hours_whose_rows_were_dropped_are_kept(timescaledb_url: str) -> None:
    model = Model()
    with open_world(timescaledb_url, model) as world:
        write(world, Insert("event", _EXPIRED))
        write(world, Insert("event", 2))
        world.main.execute(
            "CALL refresh_continuous_aggregate('event_volume_hourly', NULL, NULL)"
        )
    expected = model.expected("event_volume_hourly")

    for _ in range(2):
        maintain(timescaledb_url)
        with open_world(timescaledb_url, model) as world:
            assert read_relation(world.main, "event_volume_hourly") == expected
            raw = world.main.execute("SELECT count(*) FROM event").fetchone()
            assert raw == (1,)
            # It comes late for an hour whose rows are gone.
            write(world, Insert("event", _EXPIRED))
