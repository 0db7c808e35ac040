"""Two writers that link requests of a train at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from artifacts_races import held
from test_conversation_links_sync import (
    SECOND,
    assistant,
    insert,
    links,
    request,
    store,
    store_invoker,
    user,
)

from datalayer.domains.conversations import NewRequest, link_requests, move_requests

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
BEGIN = [user("q")]
GOES_ON = [*BEGIN, assistant("a"), user("r")]
OTHERWISE = [*BEGIN, assistant("a"), user("s")]


@pytest.fixture
def writers(database_url: str) -> Iterator[tuple[Connection, Connection]]:
    with (
        psycopg.connect(database_url, autocommit=True) as one,
        psycopg.connect(database_url, autocommit=True) as other,
    ):
        yield one, other


def store_at_once(
    writers: tuple[Connection, Connection], first: NewRequest, second: NewRequest
) -> bool:
    """Link the first, begin with the second, store the first; say if it waited."""
    one, other = writers
    with held(one) as start:
        linked = link_requests(one, requests=[first])
        storing = start(other, store, new=second)
        has_waited = not storing.done()
        insert(one, first, linked.links[0])
        move_requests(one, moves=linked.moves)
    storing.result()
    return has_waited


def test_two_continuations_have_two_branches(
    writers: tuple[Connection, Connection],
) -> None:
    parent = store(writers[0], request(BEGIN, reply="a"))
    first, second = request(GOES_ON, at=SECOND), request(OTHERWISE, at=SECOND)

    assert store_at_once(writers, first, second)

    found = links(writers[0])
    places = [found[one.request_id] for one in (first, second)]
    assert {place.parent_request_id for place in places} == {parent}
    assert sorted(place.branch_id for place in places) == [
        "branch_20260101120001000000",
        "main",
    ]


def test_two_subtasks_have_two_numbers(writers: tuple[Connection, Connection]) -> None:
    store_invoker(writers[0], "Look", "Look")
    tasks = [request([user("Look")], at=SECOND) for _ in range(2)]

    assert store_at_once(writers, tasks[0], tasks[1])

    found = links(writers[0])
    assert {found[one.request_id].branch_id for one in tasks} == {
        "subtask_1",
        "subtask_2",
    }


def test_a_parent_that_waits_takes_its_continuation(
    writers: tuple[Connection, Connection],
) -> None:
    parent, child = request(BEGIN, reply="a"), request(GOES_ON, at=SECOND)

    assert store_at_once(writers, child, parent)

    found = links(writers[0])
    assert found[child.request_id].parent_request_id == parent.request_id
    assert len({link.conversation_id for link in found.values()}) == 1


def test_what_is_rolled_back_leaves_no_trace(
    writers: tuple[Connection, Connection],
) -> None:
    store(writers[0], request(BEGIN, reply="a"))
    first, second = request(GOES_ON, at=SECOND), request(OTHERWISE, at=SECOND)
    one, other = writers

    with held(one) as start:
        # The caller's transaction goes, and with it the lock.
        with one.transaction(force_rollback=True):
            insert(one, first, link_requests(one, requests=[first]).links[0])
            storing = start(other, store, new=second)
            assert not storing.done()
        storing.result()

    assert links(one)[second.request_id].branch_id == "main"


def test_other_trains_do_not_wait(writers: tuple[Connection, Connection]) -> None:
    assert not store_at_once(writers, request(BEGIN), request(BEGIN, train="u"))
