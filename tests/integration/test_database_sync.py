# Derived by scripts/async_to_sync.py from test_database_aio.py; do not edit.
"""Open a database, lend connections, migrate, close: synchronously."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg_pool import PoolClosed, PoolTimeout

import datalayer.database
from datalayer.database import Database
from datalayer.errors import DatabaseUnreachable, PoolSizeError, WrongUrl

MIGRATION = "-- Make a table.\nCREATE TABLE parcel (id int PRIMARY KEY);\n"


def count(database: Database) -> int:
    with database.connection() as connection:
        cursor = connection.execute("SELECT count(*) FROM item")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


def make_table(database: Database) -> None:
    with database.connection() as connection:
        connection.execute("CREATE TABLE item (id int)")


def test_a_connection_commits_at_the_end(empty_database: str) -> None:
    with datalayer.database.open(empty_database) as database:
        make_table(database)
        with database.connection() as connection:
            connection.execute("INSERT INTO item VALUES (1)")

        assert count(database) == 1


@pytest.mark.parametrize("lend", ["connection", "transaction"])
def test_an_exception_rolls_back(empty_database: str, lend: str) -> None:
    with datalayer.database.open(empty_database) as database:
        make_table(database)
        with pytest.raises(psycopg.errors.DivisionByZero):
            with getattr(database, lend)() as connection:
                connection.execute("INSERT INTO item VALUES (1 / (1 - 1))")

        assert count(database) == 0


def test_a_transaction_begins_at_once_and_commits(empty_database: str) -> None:
    with datalayer.database.open(empty_database) as database:
        make_table(database)
        with database.transaction() as connection:
            status = connection.info.transaction_status
            connection.execute("INSERT INTO item VALUES (1)")

        assert status == psycopg.pq.TransactionStatus.INTRANS
        assert count(database) == 1


def test_connections_are_used_again(empty_database: str) -> None:
    with datalayer.database.open(empty_database, pool_size=1) as database:
        with database.connection() as first:
            pass
        with database.connection() as second:
            pass

        assert first is second


def test_several_connections_are_lent_at_once(empty_database: str) -> None:
    with (
        datalayer.database.open(empty_database, pool_size=2) as database,
        database.connection() as one,
        database.connection() as other,
    ):
        assert one.info.backend_pid != other.info.backend_pid


def test_an_exhausted_pool_says_what_to_do(empty_database: str) -> None:
    with (
        datalayer.database.open(empty_database, pool_size=1) as database,
        database.connection(),
    ):
        with pytest.raises(PoolTimeout) as caught:
            with database.connection(timeout=0.01):
                pass

    (note,) = caught.value.__notes__
    assert note.startswith("0 of 1 connections to database `")
    assert "raise `pool_size`" in note


def test_a_timeout_of_the_caller_is_not_explained(empty_database: str) -> None:
    with datalayer.database.open(empty_database) as database:
        with pytest.raises(PoolTimeout) as caught:
            with database.connection():
                raise PoolTimeout("of another pool")

    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("pool_size", [0, -1])
def test_a_pool_without_connections_is_refused(pool_size: int) -> None:
    with pytest.raises(PoolSizeError, match=r"a pool of -?[01] connections"):
        datalayer.database.open("postgresql://nowhere", pool_size=pool_size)


def test_a_server_that_is_not_there_is_named() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/shop"

    with pytest.raises(DatabaseUnreachable) as caught:
        datalayer.database.open(url)

    text = str(caught.value)
    assert "database `shop` on `127.0.0.1` port 1" in text
    assert "secret" not in text


def test_a_database_that_is_not_there_is_named(empty_database: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    url = empty_database.replace(str(name), "nosuchdatabase")

    with pytest.raises(DatabaseUnreachable, match=r"`nosuchdatabase`.*does not exist"):
        datalayer.database.open(url)


def test_a_malformed_url_is_refused_without_its_password() -> None:
    with pytest.raises(WrongUrl) as caught:
        datalayer.database.open("postgresql://me:sec ret@host:port/shop")

    assert "sec" not in str(caught.value).replace("second", "")


def test_the_url_comes_from_the_environment(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)

    with datalayer.database.open() as database:
        assert database.url == empty_database


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder that the account of the server may enter, unlike pytest's own."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_without_a_url_the_embedded_server_starts(
    reachable_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATALAYER_FOLDER", str(reachable_folder / "server"))

    with datalayer.database.open() as database:
        make_table(database)

        assert count(database) == 0


def test_migrations_of_a_folder_are_applied(
    empty_database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations" / "post"
    folder.mkdir(parents=True)
    (folder / "001_parcel.sql").write_text(MIGRATION)

    with datalayer.database.open(empty_database) as database:
        report = database.migrate(folder=folder.parent)
        again = database.migrate(["post"], folder.parent)

    assert len(report.applied) == 1
    assert list(again.applied) == []


def test_the_migrations_of_the_package_are_the_default(
    empty_database: str,
) -> None:
    with datalayer.database.open(empty_database) as database:
        report = database.migrate(["artifacts"])
        with database.connection() as connection:
            connection.execute("SELECT artifact_id FROM artifact")

    assert list(report.applied) != []


def test_a_closed_database_lends_nothing(empty_database: str) -> None:
    database = datalayer.database.open(empty_database)
    database.close()
    database.close()

    with pytest.raises(PoolClosed):
        with database.connection():
            pass


def test_the_representation_hides_the_password(empty_database: str) -> None:
    url = empty_database.replace("postgres@", "postgres:secret@")
    with datalayer.database.open(url) as database:
        text = repr(database)

    assert text.startswith("<Database: database `")
    assert "secret" not in text
