"""The server: its programs, its folder, and how it is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from datalayer.errors import NotEnoughRights, ServerError, WrongUrl
from datalayer.server import (
    Binaries,
    Server,
    acquire_server,
    create_database,
    default_folder,
    drop_database,
    find_binaries,
    find_client,
    scratch_database,
    server_status,
    use_server,
)
from server_processes import copy_server, open_folder

pytestmark = pytest.mark.postgres


@pytest.fixture
def parent() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def default(
    parent: Path, prepared_server: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder that is used when none is named."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATALAYER_FOLDER", str(parent / "default"))
    return copy_server(prepared_server, parent / "default")


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    "binaries", find_binaries(), ids=lambda binaries: f"postgresql-{binaries.version}"
)
def test_all_binaries_of_the_machine_work(parent: Path, binaries: Binaries) -> None:
    with use_server(parent / "server", binaries=binaries.folder) as server:
        number = ask(server.url(), "SHOW server_version_num")

    assert server.major == binaries.major
    assert server.version == binaries.version
    assert str(number).startswith(str(binaries.major))


def test_environment_names_the_binaries(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = find_binaries()[-1]
    monkeypatch.setenv("DATALAYER_PG_BIN", str(oldest.folder))

    assert find_binaries()[0].folder == oldest.folder
    with use_server(parent / "server") as server:
        assert server.major == oldest.major


@pytest.mark.parametrize(
    "name",
    [
        "with spaces ",
        "größe-数据",
        "quotes-\"-and-'",
        "a,b",
        "$HOME-`id`-%41",
        "/".join(["a-rather-long-name-of-a-folder"] * 6),
    ],
    ids=["spaces", "unicode", "quotes", "comma", "shell", "long"],
)
def test_folders_may_have_any_name(parent: Path, name: str) -> None:
    with use_server(parent / name) as server:
        assert ask(server.url(), "SELECT 7") == 7
        assert server.folder == parent / name

    assert server_status(parent / name).state == "stopped"
    assert not Path(server.host, ".s.PGSQL.5432").exists()


def test_link_and_target_are_one_folder(parent: Path) -> None:
    (parent / "target").mkdir()
    (parent / "link").symlink_to("target")

    with use_server(parent / "link") as one, use_server(parent / "target") as other:
        assert one == other


def test_relative_folder(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(parent)

    with use_server(Path("server")) as server:
        assert server.folder == parent / "server"


def test_results_do_not_depend_on_the_machine(server: Server) -> None:
    url = server.url()

    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SELECT 'a' > 'B'") is True


def test_throw_away_server_does_not_wait_for_the_disk(server: Server) -> None:
    assert ask(server.url(), "SHOW fsync") == "off"


def test_named_server_is_durable(parent: Path) -> None:
    with use_server(parent / "server") as server:
        assert ask(server.url(), "SHOW fsync") == "on"


def test_scratch_database_is_dropped_even_if_in_use(server: Server) -> None:
    with scratch_database(server.url()) as url:
        connection = psycopg.connect(url)
        name = connection.info.dbname

    count = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
    assert ask(server.url(), count) == 0
    connection.close()


def test_user_without_the_right_creates_no_database(server: Server) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE plain LOGIN")
        url = make_conninfo(server.url(), user="plain")

        with pytest.raises(NotEnoughRights, match="`plain` may not create databases"):
            create_database(url, "refused")

        connection.execute("DROP ROLE plain")


def test_database_with_an_odd_name_copied_from_another(server: Server) -> None:
    with scratch_database(server.url()) as template:
        with psycopg.connect(template) as connection:
            connection.execute("CREATE TABLE copied AS SELECT 7 AS number")
            name = connection.info.dbname
        url = create_database(server.url(), "Odd / näme?&%", template=name)
        try:
            assert ask(url, "SELECT current_database()") == "Odd / näme?&%"
            assert ask(url, "SELECT number FROM copied") == 7
        finally:
            drop_database(server.url(), "Odd / näme?&%")


def test_database_on_a_server_named_by_key_and_value(server: Server) -> None:
    conninfo = f"host='{server.host}' port={server.port} user=postgres dbname=postgres"

    with scratch_database(conninfo) as url:
        assert str(ask(url, "SELECT current_database()")).startswith("scratch_")


def test_given_url_counts_more_than_the_environment(
    default: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")

    assert acquire_server("postgresql://given/x").url == "postgresql://given/x"
    assert acquire_server().url == "postgresql://environment/x"
    assert server_status(default).state == "stopped"


def test_named_folder_counts_more_than_the_environment(
    default: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")

    handle = acquire_server(folder=default)

    assert handle.server is not None
    assert handle.server.folder == default
    handle.close()


def test_without_a_url_the_default_server_is_used_until_the_handle_is_closed(
    default: Path,
) -> None:
    handle = acquire_server()
    assert ask(handle.url, "SELECT 7") == 7
    assert server_status(default).state == "running"

    handle.close()
    handle.close()

    assert server_status(default).state == "stopped"


def test_forgotten_handle_is_closed_at_exit(default: Path) -> None:
    script = "from datalayer.server import acquire_server; acquire_server()"

    subprocess.run([sys.executable, "-c", script], check=True)

    assert server_status(default).state == "stopped"


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://me:secret@host/db", "me:secret@host", ""]
)
def test_wrong_url_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(WrongUrl) as error:
        acquire_server(url)

    assert "secret" not in str(error.value)


def test_url_and_folder_exclude_each_other(parent: Path) -> None:
    with pytest.raises(ServerError, match="exclude each other"):
        acquire_server("postgresql://host/db", folder=parent)


def test_default_folder_is_one_of_the_user(
    parent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATALAYER_FOLDER", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(parent))
    name = f"pg{find_binaries()[0].major}"

    folder = default_folder()

    root = Path("/var/lib/datalayer") / name
    assert folder == (parent / "datalayer" / name if os.geteuid() else root)


def test_client_is_the_one_of_the_server(parent: Path) -> None:
    with use_server(parent / "server", binaries=find_binaries()[-1].folder) as server:
        program = find_client("psql", server)

    assert Path(program).parent == server.binaries
