"""The TimescaleDB to test with: what clients and tests can rely on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from datalayer.errors import ServerStartFailed, TimescaleMissing
from datalayer.server import Server
from datalayer.server.timescaledb import TimescaleServer, WasmServer, native, wasm
from server_processes import await_true

HYPERTABLE = """
CREATE TABLE reading (time timestamptz NOT NULL, value integer NOT NULL);
SELECT create_hypertable('reading', by_range('time', INTERVAL '1 day'));
"""


@pytest.fixture
def empty_wasm(wasm_timescaledb: WasmServer) -> str:
    """The URL of the empty database of our own server, whatever else is used."""
    wasm_timescaledb.reset()
    return wasm_timescaledb.url


@pytest.fixture
def connection(empty_timescaledb: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_timescaledb, autocommit=True) as opened:
        yield opened


def value(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_database_has_the_extension(connection: psycopg.Connection) -> None:
    name = value(connection, "SELECT extname FROM pg_extension WHERE extversion ~ '^2'")

    assert name == "timescaledb"


def test_session_begins_like_that_of_any_server(empty_wasm: str) -> None:
    names = ("search_path", "TimeZone", "client_min_messages", "enable_seqscan")
    with psycopg.connect(empty_wasm, autocommit=True) as connection:
        settings = {name: value(connection, f"SHOW {name}") for name in names}

        assert settings == {
            "search_path": '"$user", public',
            "TimeZone": "UTC",
            "client_min_messages": "notice",
            "enable_seqscan": "on",
        }
        assert connection.info.parameter_status("TimeZone") == "UTC"
        assert value(connection, "SELECT current_database()") == "postgres"


def test_options_of_a_client_outlast_discard_all(empty_timescaledb: str) -> None:
    options = "-c search_path=app,public --work-mem=8MB"

    with psycopg.connect(
        empty_timescaledb, autocommit=True, options=options, application_name="me"
    ) as connection:
        connection.execute("SET search_path TO other")
        connection.execute("DISCARD ALL")

        assert value(connection, "SHOW search_path") == "app,public"
        assert value(connection, "SHOW work_mem") == "8MB"
        assert value(connection, "SHOW application_name") == "me"


def test_next_client_finds_a_clean_session(empty_wasm: str) -> None:
    with psycopg.connect(empty_wasm, options="-c work_mem=8MB") as first:
        first.execute("CREATE ROLE reader")
        first.commit()
        first.execute("CREATE TEMPORARY TABLE mine ()")
        first.execute("SELECT pg_advisory_lock(1)")
        first.execute("SET ROLE reader")
        first.pgconn.finish()  # in the middle of the transaction

    with psycopg.connect(empty_wasm) as second:
        assert value(second, "SHOW work_mem") == "4MB"
        assert value(second, "SELECT current_user") == "postgres"
        assert value(second, "SELECT to_regclass('mine')") is None
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert value(second, locks) == 0


def test_copy_in_takes_many_rows(connection: psycopg.Connection) -> None:
    connection.execute(HYPERTABLE)
    query = "COPY reading FROM STDIN"

    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for number in range(50_000):
            copy.write_row((f"2026-01-0{number % 9 + 1}", number))

    assert value(connection, "SELECT count(*) FROM reading") == 50_000
    assert value(connection, "SELECT count(*) FROM show_chunks('reading')") == 9


def test_copy_in_fails_where_a_row_is_wrong(connection: psycopg.Connection) -> None:
    connection.execute(HYPERTABLE)
    query = "COPY reading FROM STDIN"

    def copy_in() -> None:
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for number in range(50_000):
                copy.write_row(("2026-01-01", "many" if number == 300 else number))

    with pytest.raises(errors.InvalidTextRepresentation, match="many"):
        copy_in()

    assert value(connection, "SELECT count(*) FROM reading") == 0


def test_copy_in_that_a_client_gives_up_changes_nothing(
    empty_timescaledb: str,
) -> None:
    with psycopg.connect(empty_timescaledb, autocommit=True) as first:
        first.execute(HYPERTABLE)
        first.pgconn.exec_(b"COPY reading FROM STDIN")
        first.pgconn.put_copy_data(b"2026-01-01\t1\n")
        first.pgconn.flush()
        first.pgconn.finish()

    with psycopg.connect(empty_timescaledb) as second:
        assert value(second, "SELECT count(*) FROM reading") == 0


def test_copy_out_and_large_values_arrive_whole(connection: psycopg.Connection) -> None:
    sent = "x" * 5_000_000

    row = connection.execute("SELECT %s::text", (sent,)).fetchone()
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY (SELECT generate_series(1, 200000)) TO STDOUT") as copy,
    ):
        lines = b"".join(copy).splitlines()

    assert row == (sent,)
    assert len(lines) == 200_000


def test_pipeline_runs(connection: psycopg.Connection) -> None:
    with connection.pipeline():
        cursors = [connection.execute("SELECT %s::int", (n,)) for n in range(50)]

    assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(50)]


def test_pipeline_goes_on_after_an_error(connection: psycopg.Connection) -> None:
    def run_pipeline() -> None:
        with connection.pipeline():
            connection.execute("SELECT 1 / %s::int", (0,))
            connection.execute("SELECT 1")

    with pytest.raises(errors.DivisionByZero):
        run_pipeline()

    assert value(connection, "SELECT 2") == 2


def test_second_connection_waits_for_the_first(empty_timescaledb: str) -> None:
    program = (
        "import psycopg, sys\n"
        "print('connecting', flush=True)\n"
        "with psycopg.connect(sys.argv[1]) as connection:\n"
        "    print(*connection.execute('SELECT 7').fetchone())\n"
    )
    with psycopg.connect(empty_timescaledb) as first:
        second = subprocess.Popen(
            [sys.executable, "-c", program, empty_timescaledb],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout is not None
        assert second.stdout.readline() == "connecting\n"
        first.execute("SELECT 1")

    assert second.communicate()[0] == "7\n"


def test_connection_that_waits_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATALAYER_TIMESCALEDB_WAIT", "0")
    with wasm.start_wasm_server() as server, psycopg.connect(server.url) as first:
        with pytest.raises(psycopg.OperationalError, match="one connection at a time"):
            psycopg.connect(server.url)

        assert value(first, "SELECT 1") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"dbname": "another"}, 'has only "postgres"'),
        ({"options": "-c nothing=1"}, "unrecognized configuration parameter"),
        ({"user": "nobody"}, 'role "nobody" does not exist'),
    ],
    ids=["password", "database", "setting", "user"],
)
def test_wrong_client_is_refused(
    empty_wasm: str, change: dict[str, str], reason: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=reason):
        psycopg.connect(make_conninfo(empty_wasm, **change))

    with psycopg.connect(empty_wasm) as connection:
        assert value(connection, "SELECT 1") == 1


def test_role_can_connect(empty_wasm: str) -> None:
    with psycopg.connect(empty_wasm) as connection:
        connection.execute("CREATE ROLE reader LOGIN")

    with psycopg.connect(empty_wasm, user="reader") as connection:
        assert value(connection, "SELECT session_user") == "reader"


def test_reset_leaves_nothing_behind(timescaledb: TimescaleServer) -> None:
    timescaledb.reset()
    with psycopg.connect(timescaledb.url, autocommit=True) as connection:
        connection.execute(HYPERTABLE)
        connection.execute("INSERT INTO reading VALUES (now(), 1)")

    timescaledb.reset()

    with psycopg.connect(timescaledb.url) as connection:
        assert value(connection, "SELECT to_regclass('reading')") is None
        hypertables = "SELECT count(*) FROM timescaledb_information.hypertables"
        assert value(connection, hypertables) == 0


def test_reset_drops_roles(wasm_timescaledb: WasmServer, empty_wasm: str) -> None:
    with psycopg.connect(empty_wasm) as connection:
        connection.execute("CREATE ROLE reader")

    wasm_timescaledb.reset()

    with psycopg.connect(empty_wasm) as connection:
        assert value(connection, "SELECT to_regrole('reader')") is None


def test_reset_ends_connections(timescaledb: TimescaleServer) -> None:
    timescaledb.reset()
    connection = psycopg.connect(timescaledb.url)

    timescaledb.reset()

    with pytest.raises(psycopg.OperationalError), connection:
        connection.execute("SELECT 1")


def test_rebuild_builds_once(timescaledb: TimescaleServer) -> None:
    urls = []

    def build(url: str) -> None:
        urls.append(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(HYPERTABLE)
            connection.execute("INSERT INTO reading VALUES (now(), 1)")

    for _ in range(3):
        timescaledb.rebuild("reading", build)
        with psycopg.connect(timescaledb.url) as connection:
            assert value(connection, "SELECT count(*) FROM reading") == 1
            connection.execute("INSERT INTO reading VALUES (now(), 2)")

    assert len(urls) == (1 if timescaledb.is_single_connection else 3)


def test_database_stands_after_many_rebuilds(wasm_timescaledb: WasmServer) -> None:
    work = """
        INSERT INTO reading
        SELECT now() - n * INTERVAL '1 hour', n FROM generate_series(1, 3000) AS n;
        ALTER TABLE reading SET (timescaledb.compress);
        SELECT compress_chunk(c) FROM show_chunks('reading') AS c;
        CREATE MATERIALIZED VIEW hourly WITH (timescaledb.continuous) AS
        SELECT time_bucket('1 hour', time) AS bucket, count(*) AS n
        FROM reading GROUP BY 1 WITH NO DATA;
        """
    outside = ("VACUUM FULL", "CHECKPOINT", "REINDEX TABLE pg_catalog.pg_class")

    def build(url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(HYPERTABLE)

    for _ in range(3):
        wasm_timescaledb.rebuild("table", build)
        with psycopg.connect(wasm_timescaledb.url, autocommit=True) as connection:
            for statement in work.split(";")[:-1]:
                connection.execute(statement.encode())
            for statement in outside:
                connection.execute(statement.encode())
            refresh = "CALL refresh_continuous_aggregate('hourly', NULL, NULL)"
            connection.execute(refresh)
            total = value(connection, "SELECT sum(n) FROM hourly")
            assert total == value(connection, "SELECT count(*) FROM reading") == 3000


def test_server_survives_a_crash(wasm_timescaledb: WasmServer) -> None:
    wasm_timescaledb.reset()
    with psycopg.connect(wasm_timescaledb.url, autocommit=True) as connection:
        connection.execute(HYPERTABLE)
        with pytest.raises(errors.CrashShutdown, match="its database is empty again"):
            # The program lacks what conversions between encodings need.
            connection.execute("SELECT convert_to('é', 'WIN1252')")

    with psycopg.connect(wasm_timescaledb.url) as connection:
        assert value(connection, "SELECT to_regclass('reading')") is None
        name = "SELECT extname FROM pg_extension WHERE extname = 'timescaledb'"
        assert value(connection, name) == "timescaledb"


def test_jobs_run_when_they_are_called(connection: psycopg.Connection) -> None:
    connection.execute(HYPERTABLE)
    connection.execute("INSERT INTO reading VALUES (now() - INTERVAL '30 days', 1)")
    connection.execute("INSERT INTO reading VALUES (now(), 1)")
    policy = "SELECT add_retention_policy('reading', INTERVAL '7 days')"
    job = value(connection, policy)

    connection.execute(f"CALL run_job({job})")

    assert value(connection, "SELECT count(*) FROM reading") == 1


def test_jobs_do_not_run_by_themselves(connection: psycopg.Connection) -> None:
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    assert value(connection, others) == 0


def test_server_without_the_extension_is_left_as_it_was(server: Server) -> None:
    databases = "SELECT count(*) FROM pg_database"
    with psycopg.connect(server.url()) as connection:
        before = value(connection, databases)
        with (
            pytest.raises(TimescaleMissing, match="cannot create the extension"),
            native.scratch_timescaledb(server.url()),
        ):
            pass

        assert value(connection, databases) == before


def test_server_ends_with_its_parent() -> None:
    program = (
        "import os, psycopg\n"
        "from datalayer.server.timescaledb import wasm\n"
        "with wasm.start_wasm_server() as server:\n"
        "    print(server.process_id, flush=True)\n"
        "    connection = psycopg.connect(server.url)\n"
        "    connection.execute('SELECT pg_sleep(600)')\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = int(parent.stdout.readline())

    parent.kill()
    parent.communicate()

    await_true(lambda: not is_running(server))


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_failed_start_shows_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wasm, "installed_packages", lambda _: tmp_path)

    with (
        pytest.raises(ServerStartFailed, match="Cannot find module"),
        wasm.start_wasm_server(),
    ):
        pass


def test_server_tells_that_it_is_single(timescaledb: TimescaleServer) -> None:
    assert timescaledb.is_single_connection is isinstance(timescaledb, WasmServer)
