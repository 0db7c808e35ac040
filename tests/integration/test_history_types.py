"""The history of a table with every kind of column: what changed, and nothing else."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from datalayer.history import check_histories
from datalayer.migrate import migrate
from datalayer.server import Server, scratch_database
from history_tables import (
    COLUMNS,
    DIGESTED,
    NASTY,
    add_history,
    nasty_sql,
    quoted,
    write_project,
)

TRACKED = [*COLUMNS, "g"]
#: What a session may have set; the last are those that the function sets.
SETTINGS = {
    "timezone": ("Asia/Kathmandu", "America/New_York", "UTC"),
    "datestyle": ("German", "SQL, DMY", "Postgres", "ISO"),
    "intervalstyle": ("iso_8601", "sql_standard", "postgres_verbose", "postgres"),
    "extra_float_digits": ("-15", "3", "1"),
    "bytea_output": ("escape", "hex"),
    "quote_all_identifiers": ("on", "off"),
    "search_path": ('pg_temp, public, "$user"', "public"),
}


@pytest.fixture(scope="module")
def nasty(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database whose nasty table has a history."""
    migrations = write_project(tmp_path_factory.mktemp("nasty"), nasty=nasty_sql())
    add_history(migrations, NASTY, server)
    with scratch_database(server.url()) as url:
        migrate(url, migrations)
        yield url


def read_row(connection: psycopg.Connection, key: str) -> dict[str, str | None]:
    """Return each tracked value as JSON text, or None for a NULL of SQL."""
    columns = ", ".join(
        f"to_jsonb({quoted(name).replace('%', '%%')})::text" for name in TRACKED
    )
    with connection.transaction():
        for name, values in SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, TRUE)", (name, values[-1]))
        question = f"SELECT {columns} FROM nasty WHERE id = %s"
        row = connection.execute(question.encode(), (key,)).fetchone()
    assert row is not None
    return dict(zip(TRACKED, row, strict=True))


def recorded(name: str, text: str | None) -> str:
    """Return what history shall keep of a value, as JSON text."""
    if text is None:
        return "null"
    if name in DIGESTED:
        kinds = {"dict": "object", "str": "string"}
        kind = kinds[type(json.loads(text)).__name__]
        digest = hashlib.md5(text.encode()).hexdigest()
        size = len(text.encode())
        return f'{{"size": {size}, "type": "{kind}", "digest": "md5:{digest}"}}'
    is_document = name in ("j", "jb", "dd", "h", "sc")
    value = json.loads(text)
    if is_document and (
        value is None or (isinstance(value, dict | list) and "$json" in value)
    ):
        return f'{{"$json": {text}}}'
    return text


def last_change(
    connection: psycopg.Connection, key: str
) -> tuple[str, list[str], dict[str, str], dict[str, str]]:
    row = connection.execute(
        "SELECT operation, changed_fields,"
        " (SELECT jsonb_object_agg(key, value::text) FROM jsonb_each(old_values)),"
        " (SELECT jsonb_object_agg(key, value::text) FROM jsonb_each(new_values))"
        " FROM nasty_history WHERE entity_id = %s ORDER BY seq DESC LIMIT 1",
        (key,),
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2] or {}, row[3] or {}


def count(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM nasty_history").fetchone()
    assert row is not None
    return int(row[0])


def random_update(key: str, chance: random.Random) -> str:
    """Return an UPDATE of a few columns to values of theirs, or to NULL."""
    names = chance.sample([*COLUMNS], chance.choice((1, 1, 2, 5)))
    parts = []
    for name in names:
        kind, values = COLUMNS[name]
        value = chance.choice((*values, "NULL"))
        parts.append(f"{quoted(name)} = ({value})::{kind}")
    return f"UPDATE nasty SET seen = now(), {', '.join(parts)} WHERE id = '{key}'"


def test_updates_record_what_changed_whatever_the_session_sets(nasty: str) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    with psycopg.connect(nasty, autocommit=True) as reader, psycopg.connect(
        nasty, autocommit=True
    ) as writer:  # fmt: skip
        found = writer.execute("INSERT INTO nasty DEFAULT VALUES RETURNING id::text")
        (key,) = found.fetchone() or ("",)
        recorded_rows = 0
        for _ in range(400):
            before, rows = read_row(reader, key), count(reader)
            for name, values in SETTINGS.items():
                value = chance.choice(values)
                writer.execute("SELECT set_config(%s, %s, FALSE)", (name, value))
            statement = random_update(key, chance)
            writer.execute(statement.encode())
            after = read_row(reader, key)

            changed = [name for name in TRACKED if before[name] != after[name]]
            context = f"seed {seed}: {statement}"
            assert count(reader) - rows == bool(changed), context
            if changed:
                assert last_change(reader, key) == (
                    "UPDATE",
                    changed,
                    {name: recorded(name, before[name]) for name in changed},
                    {name: recorded(name, after[name]) for name in changed},
                ), context
            recorded_rows += bool(changed)
        assert 100 < recorded_rows < 400
    assert_no_drift(nasty)


def test_insert_records_what_is_not_null(nasty: str) -> None:
    names = [*COLUMNS]
    values = [f"({values[-1]})::{kind}" for kind, values in COLUMNS.values()]
    statement = (
        f"INSERT INTO nasty ({', '.join(map(quoted, names))}) "
        f"VALUES ({', '.join(values)}) RETURNING id::text"
    )
    with psycopg.connect(nasty, autocommit=True) as connection:
        connection.execute("SET timezone = 'Asia/Kathmandu'")
        (key,) = connection.execute(statement.encode()).fetchone() or ("",)
        operation, changed, old, new = last_change(connection, key)
        row = read_row(connection, key)

    assert (operation, changed, old) == ("INSERT", [], {})
    assert new == {name: recorded(name, row[name]) for name in TRACKED}
    assert_no_drift(nasty)


def test_values_with_equal_text_are_no_change(nasty: str) -> None:
    with psycopg.connect(nasty, autocommit=True) as connection:
        (key,) = connection.execute(
            "INSERT INTO nasty (f, ta, j) "
            "VALUES ('-0', '[0:0]={a}', '{\"a\": 1}') RETURNING id::text"
        ).fetchone() or ("",)
        rows = count(connection)

        connection.execute(
            "UPDATE nasty SET f = 0, ta = '{a}', j = '{\"a\":1}' WHERE id = %s", (key,)
        )

        assert count(connection) == rows


def assert_no_drift(url: str) -> None:
    report = check_histories(url)

    assert report.findings == ()
    assert report.histories[0].compared >= 1


def test_the_migration_is_clean(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrations = write_project(tmp_path, nasty=nasty_sql())

    added = add_history(migrations, NASTY, server)

    (file,) = added.migrations
    assert [line for line in file.text.splitlines() if len(line) > 88] == []
    assert [path.path.name for path in added.maintenance] == [
        "002_add_partition_maintenance.sql",
        "003_add_rollups.sql",
        "004_add_maintenance.sql",
        "005_add_history_support.sql",
    ]
    assert file.path.name == "006_add_nasty_history.sql"
