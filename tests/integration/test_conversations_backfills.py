"""Long steps of the conversations domain: killed, stopped, twice at once, and watched.

`DATALAYER_BACKFILL_KILLS=50` kills and stops them so many times more.
"""

from __future__ import annotations

import os
import random
import re
import secrets
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conversations_backfill_model import after_step
from conversations_filling import fill, insert
from conversations_interruptions import (
    BATCH,
    add_accounts,
    assert_goes_on,
    backfill,
    first_seen,
    read_progress,
    run_and_die,
    write_small_batches,
)
from conversations_ladder import Ladder, migrate_to
from conversations_steps import (
    LAST,
    OUTSIDE,
    STEPS,
    assert_rows,
    fingerprint,
    read_tables,
    run_plainly,
)
from datalayer.errors import DataLayerError
from datalayer.migrate import Event, Notice, Retrying, Running
from datalayer.server import create_database, start_server
from datalayer.server.processes import is_alive
from server_processes import await_true, copy_server, open_folder

pytest_plugins = ["conversations_step_fixtures"]
pytestmark = pytest.mark.postgres

KILLS = int(os.environ.get("DATALAYER_BACKFILL_KILLS", "1"))
_BACKFILLS = {
    "task invocations",
    "subtasks",
    "account ids",
    "parent requests",
    "subtask conversations",
}
_WAITING = """\
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations with small batches."""
    return write_small_batches(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def in_use(ladder: Ladder) -> str:
    """The name of a database before the first backfill."""
    name = "conversations_in_use"
    url = create_database(ladder.server.url(), name, ladder.filled(2))
    with psycopg.connect(url, autocommit=True) as connection:
        add_accounts(connection)
    return name


@pytest.fixture(scope="session")
def undisturbed(ladder: Ladder, in_use: str, small: Path) -> dict[str, str | None]:
    """What the rows are after all backfills."""
    told: list[str] = []
    with ladder.clone(in_use) as url:
        backfill(
            url,
            small,
            lambda event: (
                told.append(event.message) if isinstance(event, Notice) else None
            ),
        )
        assert set(first_seen(told)) == _BACKFILLS
        return fingerprint(url)


def new_chooser() -> random.Random:
    """Return what chooses when to kill; a failure shows its seed."""
    seed = int(os.environ.get("DATALAYER_BACKFILL_SEED", secrets.randbits(31)))
    sys.stderr.write(f"DATALAYER_BACKFILL_SEED={seed}\n")
    return random.Random(seed)


def count_requests(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM api_requests").fetchone()
    assert row is not None
    return int(row[0])


def test_killed_runners_go_on_where_they_were(
    ladder: Ladder, in_use: str, small: Path, undisturbed: dict[str, str | None]
) -> None:
    chooser = new_chooser()
    for _ in range(KILLS):
        with ladder.clone(in_use) as url:
            total = count_requests(url)
            done, kills = False, 0
            while not done:
                before = read_progress(url)
                done, messages = run_and_die(url, small, chooser.randrange(4, 30))
                assert_goes_on(before, messages, total)
                kills += not done

            assert kills
            assert fingerprint(url) == undisturbed
            assert all(
                (progress.seen, progress.is_finished) == (total, True)
                for progress in read_progress(url).values()
            )


def test_a_server_that_stops_loses_nothing(
    prepared_server: Path, small: Path, undisturbed: dict[str, str | None]
) -> None:
    chooser = new_chooser()
    with open_folder() as parent:
        folder = copy_server(prepared_server, parent / "server")
        server, _ = start_server(folder)
        pid = server.pid
        for number in range(KILLS):
            url = create_database(server.url(), f"stopped_{number}")
            migrate_to(url, small, 2)
            with psycopg.connect(url, autocommit=True) as connection:
                fill(connection, 2)
                add_accounts(connection)
            total = count_requests(url)
            for _ in range(2):
                before = read_progress(url)
                messages = run_until_server_stops(
                    url, small, pid, chooser.randrange(8, 30)
                )
                pid = start_server(folder)[0].pid
                assert_goes_on(before, messages, total)
            backfill(url, small, lambda _: None)

            assert fingerprint(url) == undisturbed


def run_until_server_stops(url: str, folder: Path, pid: int, event: int) -> list[str]:
    """Run, and stop the server at an event, as `pg_ctl stop --mode immediate` does."""
    messages: list[str] = []
    left = event

    def stop(event: Event) -> None:
        nonlocal left
        if isinstance(event, Notice):
            messages.append(event.message)
        left -= 1
        if left == 0:
            os.kill(pid, signal.SIGQUIT)
            await_true(lambda: not is_alive(pid))

    try:
        backfill(url, folder, stop)
    except (DataLayerError, psycopg.Error):
        assert left <= 0
    else:
        # It was done before.
        os.kill(pid, signal.SIGQUIT)
        await_true(lambda: not is_alive(pid))
    return messages


def assert_two_share(ladder: Ladder, file: Path, folder: Path) -> None:
    """Let two sessions backfill at the same time: each request is seen once."""
    procedures = folder / "procedures.sql"
    procedures.write_text(file.read_text().partition(OUTSIDE)[0])
    told: list[str] = []
    with (
        ladder.clone(ladder.filled(2)) as url,
        psycopg.connect(url) as gate,
        ThreadPoolExecutor(2) as pool,
    ):
        run_plainly(url, procedures)
        total = count_requests(url)
        gate.execute("INSERT INTO backfill_progress VALUES ('task invocations')")
        gate.commit()
        gate.execute("SELECT FROM backfill_progress FOR UPDATE")
        both = [pool.submit(call, url, told) for _ in range(2)]
        await_waiting(url, 2)
        gate.commit()
        for each in both:
            each.result()

        assert len(told) == -(-total // 10)
        run_plainly(url, STEPS[3])
        assert_rows(read_tables(url), after_step(3, ladder.rows_before(2)))


def call(url: str, told: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.add_notice_handler(lambda d: told.append(d.message_primary or ""))
        connection.execute("CALL backfill_task_invocations(10)")


def await_waiting(url: str, count: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        await_true(lambda: connection.execute(_WAITING).fetchone() == (count,))


def test_two_at_once_share_the_work(ladder: Ladder, tmp_path: Path) -> None:
    assert_two_share(ladder, STEPS[3], tmp_path)


def test_a_second_one_that_begins_anew_is_caught(
    ladder: Ladder, tmp_path: Path
) -> None:
    mutant = tmp_path / "mutant.sql"
    mutant.write_text(STEPS[3].read_text().replace("done_at >= called_at", "FALSE"))

    with pytest.raises(AssertionError):
        assert_two_share(ladder, mutant, tmp_path)


def test_a_writer_goes_on_and_keeps_what_it_wrote(
    ladder: Ladder, tmp_path: Path
) -> None:
    """A lock that is not free in time costs a try, and neither work nor progress."""
    folder = write_small_batches(tmp_path, "20ms")
    rows = ladder.rows_before(2)
    locked = max(row["request_id"] for row in rows["api_requests"].values())
    # A call that the backfill wants to note, in the last batch.
    answer = next(
        row["response_body"]
        for row in after_step(3, rows)["api_requests"].values()
        if row["task_tool_invocation"]
    )
    retried: list[object] = []
    with (
        ladder.clone(ladder.filled(2)) as url,
        closing(psycopg.connect(url)) as writer,
        psycopg.connect(url, autocommit=True) as other,
    ):
        wrote = "UPDATE api_requests SET {} = %s WHERE request_id = %s"
        value = Jsonb(answer)
        other.execute(wrote.format("response_body"), (value, locked))
        expected = after_step(3, read_tables(url))
        migrate_to(url, folder, 2)
        added: list[object] = []

        def go_on(event: Event) -> None:
            if isinstance(event, Running) and not retried:
                # The first statement outside a transaction is about to begin.
                writer.execute(wrote.format("error"), ("meanwhile", locked))
            elif isinstance(event, Retrying):
                found = other.execute("SELECT finished_at FROM backfill_progress")
                retried.extend(found.fetchall())
                writer.commit()
            elif isinstance(event, Notice) and "seen" in event.message:
                added.append(add_request(other))

        backfill(url, folder, go_on, step=3)
        tables = read_tables(url)

    new = [tables["api_requests"].pop((request_id,)) for request_id in added]
    expected["api_requests"][(locked,)]["error"] = "meanwhile"
    assert_rows(tables, expected)
    assert len(new) >= 2 * (len(rows["api_requests"]) // BATCH)
    # It was under way, and said so, when the row was locked.
    assert retried[0] == (None,)


def add_request(connection: psycopg.Connection) -> object:
    row = {"request_id": secrets.token_hex(16), "timestamp": "2025-01-01 00:00Z"}
    given = {"domain": "new", "path": "/", "headers": {}}
    insert(connection, "api_requests", [row | given])
    found = connection.execute(
        "SELECT request_id FROM api_requests WHERE request_id = %s",
        (row["request_id"],),
    ).fetchone()
    assert found is not None
    return found[0]


def assert_builds_beside_writers(ladder: Ladder, file: Path) -> None:
    """Build indexes while a transaction writes, and let another one write and end."""
    with (
        ladder.clone(ladder.empty(1)) as url,
        ThreadPoolExecutor(1) as pool,
        closing(psycopg.connect(url)) as writer,
        psycopg.connect(url, autocommit=True) as other,
    ):
        add_request(writer)
        building = pool.submit(run_plainly, url, file)
        try:
            await_waiting(url, 1)
            other.execute("SET lock_timeout = '100ms'")
            add_request(other)
            assert not building.done()
        finally:
            writer.commit()
            building.result()


def test_indexes_are_built_beside_writers(ladder: Ladder) -> None:
    assert_builds_beside_writers(ladder, STEPS[2])


def test_an_index_that_blocks_writers_is_caught(ladder: Ladder, tmp_path: Path) -> None:
    mutant = tmp_path / "mutant.sql"
    mutant.write_text(STEPS[2].read_text().replace("INDEX CONCURRENTLY", "INDEX"))

    with pytest.raises(psycopg.errors.LockNotAvailable):
        assert_builds_beside_writers(ladder, mutant)


@pytest.mark.parametrize("step", range(1, LAST + 1))
def test_indexes_on_requests_come_and_go_concurrently(step: int) -> None:
    text = STEPS[step].read_text()
    plain = r"CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)[^;]*? ON api_requests|"
    plain += r"DROP INDEX (?!CONCURRENTLY)"

    assert not re.search(plain, " ".join(text.split()))
    assert "CONCURRENTLY" not in text.partition(OUTSIDE)[0]


_MANY = """\
INSERT INTO api_requests (request_id, timestamp, domain, path, headers, body)
SELECT
    gen_random_uuid(),
    '2025-01-01Z'::timestamptz + number * interval '1 second',
    'many',
    '/v1/messages',
    '{}',
    jsonb_build_object(
        'messages',
        jsonb_build_array(jsonb_build_object('role', 'user', 'content', number::text))
    )
FROM generate_series(1, 20000) AS number
WHERE number % 10 = 0
"""


def assert_calls_are_found_by_their_index(ladder: Ladder, file: Path) -> None:
    """Link sub-tasks among requests of one day without reading the whole day."""
    with ladder.clone(ladder.filled(2)) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_MANY)
        run_plainly(url, file)
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT idx_scan FROM pg_stat_user_indexes"
                " WHERE indexrelname = 'idx_requests_task_invocation'"
            ).fetchone()
    assert found is not None
    assert found[0] > 2000


def test_calls_are_found_by_their_index(ladder: Ladder) -> None:
    assert_calls_are_found_by_their_index(ladder, STEPS[3])


def test_a_backfill_that_reads_whole_days_is_caught(
    ladder: Ladder, tmp_path: Path
) -> None:
    mutant = tmp_path / "mutant.sql"
    mutant.write_text(STEPS[3].read_text().replace("OFFSET 0\n", "\n"))

    with pytest.raises(AssertionError):
        assert_calls_are_found_by_their_index(ladder, mutant)
