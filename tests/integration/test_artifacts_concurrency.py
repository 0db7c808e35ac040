"""Two and more sessions at once in the artifacts domain."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import artifacts_races as races
import psycopg
import pytest
from artifacts_races import MAIN, Connection, append, count, target, workflow

from datalayer.domains import artifacts
from datalayer.domains.artifacts import garbage, workflows
from datalayer.domains.artifacts.errors import (
    NotAPatch,
    TagConflict,
    TagExists,
)
from datalayer.errors import DataLayerError
from datalayer.queries.artifacts import tag
from datalayer.queries.artifacts.patch_chain import get_patch_chain, walk_patch_chain

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

_RACES = (
    races.one_of_two_appends_wins,
    races.an_append_follows_one_that_was_rolled_back,
    races.both_compactions_return_one_base,
    races.a_patch_during_compaction_is_kept,
    races.an_append_during_migration_is_refused,
    races.garbage_that_a_tag_is_moving_to_stays,
    races.a_tag_cannot_move_to_what_is_being_collected,
    races.content_that_is_used_again_stays,
    races.garbage_is_looked_at_again_once_it_is_locked,
)


@pytest.fixture
def sessions(any_database: str) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(any_database, autocommit=True) as one,
        psycopg.connect(any_database, autocommit=True) as two,
    ):
        yield one, two


def run_race(
    race: Callable[..., None],
    sessions: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "monkeypatch" in inspect.signature(race).parameters:
        race(*sessions, monkeypatch)
    else:
        race(*sessions)


@pytest.mark.parametrize("race", _RACES, ids=lambda race: race.__name__)
def test_two_sessions_at_once(
    race: Callable[..., None],
    sessions: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_race(race, sessions, monkeypatch)


def break_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflows, "check_moved", lambda change, *_: change)


def break_compare_and_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    old = "WHERE current.version = "
    assert old in tag.MOVE_TAG.sql
    broken = tag.MOVE_TAG.sql.replace(old, "WHERE 0 <> ")
    monkeypatch.setattr(tag, "MOVE_TAG", dataclasses.replace(tag.MOVE_TAG, sql=broken))


def break_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    look = garbage._list_garbage
    looks: list[int] = []

    def look_once(connection: Any, ids: Any, older_than: Any) -> Any:  # noqa: ANN401
        looks.append(len(ids))
        return look(connection, ids, older_than) if len(looks) % 2 else ids

    monkeypatch.setattr(garbage, "_list_garbage", look_once)


@pytest.mark.parametrize(
    ("break_it", "race"),
    [
        (break_nothing_is_refused, races.one_of_two_appends_wins),
        (break_compare_and_swap, races.one_of_two_appends_wins),
        (break_compare_and_swap, races.a_patch_during_compaction_is_kept),
        (break_compare_and_swap, races.an_append_during_migration_is_refused),
        (break_second_look, races.garbage_is_looked_at_again_once_it_is_locked),
    ],
)
def test_the_races_notice_broken_versions(
    break_it: Callable[[pytest.MonkeyPatch], None],
    race: Callable[..., None],
    sessions: tuple[Connection, Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    break_it(monkeypatch)

    with pytest.raises((AssertionError, pytest.fail.Exception, DataLayerError)):
        run_race(race, sessions, monkeypatch)


def at_once(any_database: str, number: int, call: Callable[..., Any]) -> list[Any]:
    """Call with a session and a number each, all at the same moment."""
    barrier = Barrier(number)

    def one(index: int) -> Any:  # noqa: ANN401 (whatever the call returns)
        with psycopg.connect(any_database, autocommit=True) as session:
            barrier.wait()
            try:
                return call(session, index)
            except DataLayerError as error:
                return error

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(one, range(number)))


def test_of_many_appends_to_one_version_one_wins(
    any_database: str, session: Connection
) -> None:
    workflow(session)

    results = at_once(
        any_database, 6, lambda one, index: append(one, index, expected_version=1)
    )

    won = [result for result in results if isinstance(result, artifacts.Revision)]
    assert [type(result) for result in results].count(TagConflict) == 5
    assert target(session) == won[0].artifact_id
    assert count(session, "artifact") == 2
    assert count(session, "tag_move") == 2


def test_of_many_workflows_of_one_name_one_is_created(
    any_database: str, session: Connection
) -> None:
    results = at_once(any_database, 6, lambda one, index: workflow(one, {"n": [index]}))

    assert [type(result) for result in results].count(TagExists) == 5
    assert count(session, "artifact") == 1
    assert count(session, "cas_blob") == 1


def test_many_compactions_make_one_base(any_database: str, session: Connection) -> None:
    workflow(session)
    patch = append(session, 1).artifact_id

    bases = at_once(
        any_database, 6, lambda one, index: artifacts.compact(one, patch_id=patch)
    )

    assert len({base.artifact_id for base in bases}) == 1
    assert count(session, "artifact") == 3


def append_patiently(one: Connection, index: int) -> None:
    """Append six values, each until it is accepted."""
    values = [10 * index + step for step in range(6)]
    while values:
        try:
            append(one, values[0])
        except TagConflict:
            continue
        values.pop(0)


def compact_now_and_then(one: Connection) -> None:
    """Compact the head four times, and take along what has arrived meanwhile."""
    for _ in range(4):
        try:
            base = artifacts.compact(one, patch_id=target(one))
            artifacts.migrate_tag(
                one, new_base_id=base.artifact_id, rebase=True, **MAIN
            )
        except (NotAPatch, TagConflict):
            continue


def test_no_patch_is_lost_between_appends_and_compactions(
    any_database: str, session: Connection
) -> None:
    workflow(session)

    results = at_once(
        any_database,
        4,
        lambda one, index: (
            compact_now_and_then(one) if index == 3 else append_patiently(one, index)
        ),
    )

    assert results == [None] * 4
    document = artifacts.materialise(session, head_id=target(session))
    assert isinstance(document, dict)
    values = document["n"]
    assert isinstance(values, list)
    expected = {10 * index + step for index in range(3) for step in range(6)}
    assert set(values) == expected
    assert len(values) == len(expected)
    chain = [m.artifact_id for m in get_patch_chain(session, head_id=target(session))]
    walked = walk_patch_chain(session, head_id=target(session))
    assert [row.artifact_id for row in walked] == chain


def test_forks_share_their_prefix(session: Connection) -> None:
    workflow(session)
    shared = [append(session, value).artifact_id for value in (1, 2)]
    artifacts.create_tag(
        session, username="bob", tag_name="fork", target_id=target(session)
    )

    own = append(session, 3).artifact_id
    forked = append(session, 4, username="bob", tag_name="fork").artifact_id

    def chain(head: Any) -> list[Any]:  # noqa: ANN401 (ids)
        return [row.artifact_id for row in get_patch_chain(session, head_id=head)]

    assert chain(own) == [*shared, own]
    assert chain(forked) == [*shared, forked]
    assert artifacts.materialise(session, head_id=forked) == {"n": [1, 2, 4]}


def test_a_loser_leaves_the_transaction_of_its_caller_alone(
    sessions: tuple[Connection, Connection],
) -> None:
    one, two = sessions
    workflow(one)
    append(two, 1)

    with one.transaction():
        one.execute("CREATE TEMPORARY TABLE kept AS SELECT 1 AS kept")
        with pytest.raises(TagConflict):
            append(one, 2, expected_version=1)
        one.execute("INSERT INTO kept VALUES (2)")

    assert count(one, "kept") == 2
    assert count(one, "artifact") == 2
