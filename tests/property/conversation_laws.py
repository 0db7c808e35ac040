"""The laws of linking, on requests that are in memory, and on those of a database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

from conversation_model import check_tree
from conversation_worlds import (
    Asked,
    Step,
    arrive,
    arrive_late,
    build_world,
    render,
)
from psycopg import Connection
from psycopg.types.json import Jsonb

from datalayer.domains import conversations
from datalayer.domains.conversations import forest, linking, nodes, settling

_COLUMNS = (
    "current_message_hash",
    "parent_message_hash",
    "system_hash",
    "message_count",
    "conversation_id",
    "branch_id",
    "parent_request_id",
    "parent_task_request_id",
    "is_subtask",
)


def insist_in_memory(steps: list[Step], seed: int, *, is_late: bool = False) -> None:
    """Linking one after another, with everything known, gives the model's tree."""
    random = Random(seed)
    asked = build_world(steps, random)
    arriving = (arrive_late if is_late else arrive)(asked, random)
    known = forest.Forest()
    for one in arriving:
        settling.settle(known, nodes.read_node(new_request(one, "train", random)))
        settling.put_in_order(known)
    links = {key: settling.link_of(node) for key, node in known.nodes.items()}
    check_tree(arriving, links, are_named=not is_late)


def insist_in_database(
    connection: Connection[Any], steps: list[Step], seed: int, *, batch: int = 1
) -> None:
    """Linking what is stored in a database gives the model's tree, in each train."""
    random = Random(seed)
    connection.execute("DELETE FROM api_requests")
    asked = build_world(steps, random)
    trains = [f"train-{random.getrandbits(64)}" for _ in range(2)]
    # The same messages in another train, at the same times, under ids of their own.
    others = {one.request_id: UUID(int=random.getrandbits(128)) for one in asked}
    arriving = arrive(asked, random)
    for start in range(0, len(arriving), batch):
        some = arriving[start : start + batch]
        for train in trains:
            new = [new_request(one, train, random) for one in some]
            if train != trains[0]:
                new = [replace(r, request_id=others[r.request_id]) for r in new]
            store(connection, new)
    check_tree(asked, links_of(connection, trains[0]))
    found = links_of(connection, trains[1])
    assert set(found) == set(others.values()), "law: trains are apart"
    for link in found.values():
        assert link.parent_request_id is None or link.parent_request_id in found, (
            "law: trains are apart"
        )


def insist_on_late_ones(
    connection: Connection[Any], steps: list[Step], seed: int
) -> None:
    """What is stored in any order at all becomes the model's tree."""
    random = Random(seed)
    connection.execute("DELETE FROM api_requests")
    # These are looked for backwards only.
    known = [step for step in steps if step.kind not in ("lost", "summary")]
    arriving = arrive_late(build_world(known, random), random)
    for one in arriving:
        store(connection, [new_request(one, "train", random)])
    check_tree(arriving, links_of(connection, "train"), are_named=False)


def insist_with_two_writers(
    writers: list[Connection[Any]], steps: list[Step], seed: int
) -> None:
    """Two writers that store at the same time store the model's tree."""
    random = Random(seed)
    writers[0].execute("DELETE FROM api_requests")
    asked = build_world(steps, random)
    arriving = [new_request(one, "train", random) for one in arrive(asked, random)]
    with ThreadPoolExecutor(1) as thread:
        for start in range(0, len(arriving), 2):
            first, second = random.sample(writers, 2)
            _store_at_once(thread, first, second, arriving[start : start + 2])
    check_tree(asked, links_of(writers[0], "train"))


def _store_at_once(
    thread: ThreadPoolExecutor,
    first: Connection[Any],
    second: Connection[Any],
    requests: list[conversations.NewRequest],
) -> None:
    """Link one request, let another writer begin, and only then store the first one."""
    with first.transaction():
        linked = linking.link_requests(first, requests=requests[:1])
        future = thread.submit(store, second, requests[1:])
        while not future.done() and not _waits(first, second):
            pass
        insert(first, requests[0], linked.links[0])
        linking.move_requests(first, moves=linked.moves)
    future.result()


def _waits(holder: Connection[Any], waiting: Connection[Any]) -> bool:
    pids = (holder.info.backend_pid, waiting.info.backend_pid)
    row = holder.execute("SELECT %s = ANY (pg_blocking_pids(%s))", pids).fetchone()
    return row is not None and bool(row[0])


def new_request(
    asked: Asked, train_id: str, random: Random
) -> conversations.NewRequest:
    """Return a request as a client in some time zone may send it."""
    zone = timezone(timedelta(hours=random.randint(-11, 11)))
    return conversations.NewRequest(
        asked.request_id,
        train_id,
        asked.timestamp.astimezone(zone),
        render(asked, random),
        {"role": "assistant", "content": list(asked.reply)},
    )


def store(
    connection: Connection[Any], requests: list[conversations.NewRequest]
) -> conversations.Linked:
    """Link requests and store them, in a transaction."""
    with connection.transaction():
        linked = linking.link_requests(connection, requests=requests)
        for request, link in zip(requests, linked.links, strict=True):
            # Its parent may be stored after it.
            insert(connection, request, replace(link, parent_request_id=None))
        moves = (*linked.links, *linked.moves)
        linking.move_requests(connection, moves=moves)
    return linked


def insert(
    connection: Connection[Any],
    request: conversations.NewRequest,
    link: conversations.Link,
) -> None:
    """Store a row; parents may come later in the same transaction."""
    invocations = link.task_tool_invocation
    connection.execute(
        "INSERT INTO api_requests (request_id, timestamp, train_id, path, headers,"
        f" body, response_body, task_tool_invocation, {', '.join(_COLUMNS)})"
        " VALUES (%s, %s, %s, '/v1/messages', '{}', %s, %s, %s,"
        f" {', '.join(['%s'] * len(_COLUMNS))})",
        (
            request.request_id,
            request.timestamp,
            request.train_id,
            None if request.body is None else Jsonb(request.body),
            None if request.response_body is None else Jsonb(request.response_body),
            None if invocations is None else Jsonb(invocations),
            *(getattr(link, column) for column in _COLUMNS),
        ),
    )


def links_of(
    connection: Connection[Any], train_id: str
) -> dict[UUID, conversations.Link]:
    """Return the links of the requests of a train as they are stored."""
    rows = connection.execute(
        f"SELECT request_id, {', '.join(_COLUMNS)} FROM api_requests"
        " WHERE train_id = %s",
        (train_id,),
    ).fetchall()
    return {
        row[0]: conversations.Link(row[0], **dict(zip(_COLUMNS, row[1:], strict=True)))
        for row in rows
    }
