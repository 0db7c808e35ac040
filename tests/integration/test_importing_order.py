"""Imports in any order, of either format, and at the same time come to the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from datalayer.domains.conversations.importing import (
    ImportOptions,
    ImportProgress,
    import_file,
)
from datalayer.server import Server, scratch_database
from traffic_lines import fingerprint, line, lines_of_conversations, says

LINES = lines_of_conversations(seed=1, number=40)
RED = ImportOptions(train_id="red", batch_size=7)
HELLO = [says("user", "hello")]
HI = says("assistant", "hi")
_PLACES = """
SELECT
    request_id, conversation_id, parent_request_id, parent_task_request_id,
    is_subtask
FROM api_requests
ORDER BY request_id
"""


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "proxy.jsonl"


def write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(each + b"\n" for each in lines))


def requests(session: psycopg.Connection) -> int:
    row = session.execute("SELECT count(*) FROM api_requests").fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def server_databases(
    server: Server, migrated_template: str
) -> Iterator[Callable[[], psycopg.Connection]]:
    """Make connections to new databases."""
    with ExitStack() as stack:

        def make() -> psycopg.Connection:
            url = stack.enter_context(
                scratch_database(server.url(), template=migrated_template)
            )
            return stack.enter_context(psycopg.connect(url, autocommit=True))

        yield make


def test_batches_make_no_difference(
    server_databases: Callable[[], psycopg.Connection], file: Path
) -> None:
    write(file, LINES)
    found = []
    for size in (1, 7, 1000):
        session = server_databases()
        import_file(
            session, path=file, options=ImportOptions(train_id="red", batch_size=size)
        )
        found.append(fingerprint(session))

    assert found[0] == found[1] == found[2]


def test_lines_in_the_wrong_order_come_to_the_same(
    server_databases: Callable[[], psycopg.Connection], file: Path
) -> None:
    found = []
    for lines in (LINES, LINES[::-1]):
        session = server_databases()
        write(file, lines)
        import_file(
            session, path=file, options=ImportOptions(train_id="red", batch_size=11)
        )
        found.append(session.execute(_PLACES).fetchall())

    # Of branches that begin at the same time either has the name without a number.
    assert found[0] == found[1]


def test_conversation_goes_on_in_either_format(
    session: psycopg.Connection, file: Path
) -> None:
    function = {"name": "look", "arguments": '{"at": 1}'}
    call = {"id": "c1", "type": "function", "function": function}
    asked = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
    ]
    told = [
        *asked,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    ]
    use = {"type": "tool_use", "id": "c1", "name": "look", "input": {"at": 1}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "seen"}
    later = [
        says("user", "hi"),
        says("assistant", use),
        says("user", result),
        says("assistant", "there"),
        says("user", "thanks"),
    ]

    def chat(seconds: int, messages: Sequence[object], **answer: object) -> bytes:
        choice = {"message": {"role": "assistant", **answer}, "finish_reason": "stop"}
        response = {"object": "chat.completion", "choices": [choice]}
        request = {"model": "g", "messages": messages}
        return line(seconds, [], {}, request=request, response=response)

    write(
        file,
        [
            chat(1, asked, tool_calls=[call]),
            chat(2, told, content="there"),
            line(3, later, says("assistant", "bye")),
        ],
    )

    import_file(session, path=file, options=RED)

    rows = session.execute(
        "SELECT request_type, branch_id, message_count, parent_request_id IS NULL,"
        " count(*) OVER (PARTITION BY conversation_id) FROM api_requests"
        " ORDER BY timestamp"
    ).fetchall()
    assert rows == [
        ("chat_completions", "main", 1, True, 3),
        ("chat_completions", "main", 3, False, 3),
        ("messages", "main", 5, False, 3),
    ]


def test_two_imports_at_once_share_the_work(
    database_url: str, session: psycopg.Connection, file: Path
) -> None:
    write(file, LINES)
    done: list[ImportProgress] = []

    def run() -> None:
        with psycopg.connect(database_url, autocommit=True) as own:
            done.append(import_file(own, path=file, options=RED))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 3
    assert sum(each.stored for each in done) == 40
    row = session.execute(
        "SELECT stored_requests, line_number FROM conversation_imports"
    )
    assert row.fetchall() == [(40, 40)]


def test_two_trains_with_the_same_ids_at_once_store_each_once(
    database_url: str, session: psycopg.Connection, tmp_path: Path
) -> None:
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(30)]
    done: list[ImportProgress] = []

    def run(train: str) -> None:
        path = tmp_path / train
        write(path, [line(i, HELLO, HI, id=each) for i, each in enumerate(ids)])
        options = ImportOptions(train_id=train, batch_size=3)
        with psycopg.connect(database_url, autocommit=True) as own:
            done.append(import_file(own, path=path, options=options))

    threads = [threading.Thread(target=run, args=[name]) for name in ("red", "blue")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each.stored for each in done) == 30
    assert sum(each.known for each in done) == 30
    assert requests(session) == 30
