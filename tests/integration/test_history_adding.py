"""Histories of odd tables: long names, partitions of partitions, other profiles."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from datalayer.history import HistoryOptions, check_histories
from datalayer.history.errors import HistoryColumnsError
from datalayer.migrate import migrate
from datalayer.server import Server
from history_tables import add_history, write_project

pytestmark = pytest.mark.postgres


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def assert_clean(url: str, compared: int) -> None:
    report = check_histories(url)

    assert report.findings == ()
    assert sum(each.compared for each in report.histories) == compared


def test_a_table_whose_name_is_as_long_as_can_be(
    server: Server, empty_database: str, tmp_path: Path
) -> None:
    name = "Ü" + "x" * 61
    sql = f'CREATE TABLE "{name}" (id int PRIMARY KEY, status text);\n'
    migrations = write_project(tmp_path, long=sql)
    options = HistoryOptions(name, track=("status",), step="1 hour")
    add_history(migrations, options, server)
    migrate(empty_database, migrations)

    execute(empty_database, f"""INSERT INTO "{name}" VALUES (1, 'a')""")
    execute(empty_database, "SELECT datalayer_maintain()")
    execute(empty_database, f"""UPDATE "{name}" SET status = 'b'""")

    assert_clean(empty_database, 1)


def test_partitions_of_partitions_are_protected(
    server: Server, empty_database: str, tmp_path: Path
) -> None:
    migrations = write_project(
        tmp_path,
        reading="""\
CREATE TABLE reading (
    place text, at date, value float8, PRIMARY KEY (place, at)
) PARTITION BY LIST (place);
CREATE TABLE reading_north PARTITION OF reading FOR VALUES IN ('north')
PARTITION BY RANGE (at);
CREATE TABLE reading_north_rest PARTITION OF reading_north DEFAULT;
CREATE TABLE reading_rest PARTITION OF reading DEFAULT;
""",
    )
    options = HistoryOptions("reading", track=("value",), ignore=("at",), key="place")
    add_history(migrations, options, server)
    migrate(empty_database, migrations)

    execute(
        empty_database,
        "INSERT INTO reading VALUES ('north', '2026-01-01', 1), ('s', '2026-01-01', 2);"
        "UPDATE reading SET value = value + 1",
    )

    assert_clean(empty_database, 2)
    for partition in ("reading", "reading_north", "reading_north_rest", "reading_rest"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            execute(empty_database, f"TRUNCATE {partition}")


def test_a_row_that_moves_to_another_partition_is_followed(
    server: Server, empty_database: str, tmp_path: Path
) -> None:
    migrations = write_project(
        tmp_path,
        job="""\
CREATE TABLE job (id int NOT NULL, state text NOT NULL) PARTITION BY LIST (state);
CREATE TABLE job_open PARTITION OF job FOR VALUES IN ('open');
CREATE TABLE job_rest PARTITION OF job DEFAULT;
CREATE UNIQUE INDEX job_id ON job (id, state);
""",
    )
    add_history(migrations, HistoryOptions("job", track=("state",), key="id"), server)
    migrate(empty_database, migrations)

    execute(empty_database, "INSERT INTO job VALUES (1, 'open')")
    execute(empty_database, "UPDATE job SET state = 'done'")

    assert_clean(empty_database, 1)


def test_a_project_for_both_profiles(
    server: Server, empty_timescaledb: str, tmp_path: Path
) -> None:
    columns = "id bigint, at timestamptz, celsius float8, PRIMARY KEY (id, at)"
    migrations = write_project(
        tmp_path, place="CREATE TABLE place (id int PRIMARY KEY, name text);\n"
    )
    (migrations / "002_measure.native.sql").write_text(
        f"CREATE TABLE measure ({columns}) PARTITION BY RANGE (at);\n"
        "CREATE TABLE measure_rest PARTITION OF measure DEFAULT;\n"
    )
    (migrations / "002_measure.timescaledb.sql").write_text(
        "CREATE EXTENSION IF NOT EXISTS timescaledb;\n"
        f"CREATE TABLE measure ({columns});\n"
        "SELECT create_hypertable('public.measure', by_range('at'));\n"
    )
    first = add_history(
        migrations,
        HistoryOptions("measure", track=("celsius",), ignore=("at",), key="id"),
        server,
    )
    second = add_history(
        migrations,
        HistoryOptions("place", track=("name",), ref="name", retain="30 days"),
        server,
    )
    migrate(empty_timescaledb, migrations, profile="timescaledb")

    execute(
        empty_timescaledb,
        "INSERT INTO measure VALUES (1, now(), 1), (2, now() - interval '9 days', 2);"
        "UPDATE measure SET celsius = celsius + 0.1;"
        "INSERT INTO place VALUES (1, 'a'); UPDATE place SET name = 'b'",
    )

    assert (first.is_hypertable, second.is_hypertable) == (True, False)
    assert [len(each.migrations) for each in (first, second)] == [2, 2]
    assert_clean(empty_timescaledb, 3)


def test_values_that_are_computed_when_read_cannot_be_tracked(
    server: Server, tmp_path: Path
) -> None:
    migrations = write_project(
        tmp_path,
        box="CREATE TABLE box (id int PRIMARY KEY, a int,"
        " b int GENERATED ALWAYS AS (a * 2) VIRTUAL,"
        " c int GENERATED ALWAYS AS (a * 2) STORED);\n",
    )

    with pytest.raises(HistoryColumnsError, match="`b` is computed when it is read"):
        add_history(migrations, HistoryOptions("box", track=("a,b,c",)), server)
    add_history(migrations, HistoryOptions("box", ("a,c",), ignore=("b",)), server)


def test_the_tables_of_another_schema_bring_their_types_along(
    server: Server, empty_database: str, tmp_path: Path
) -> None:
    migrations = write_project(
        tmp_path,
        shop="CREATE SCHEMA shop; CREATE TYPE shop.code AS ENUM ('a', 'b');\n"
        "CREATE DOMAIN public.price AS numeric CHECK (value >= 0);\n"
        "CREATE TABLE shop.item (code shop.code PRIMARY KEY, price price);\n",
    )
    options = HistoryOptions("shop.item", track=("price",), ref="code")
    add_history(migrations, options, server)
    migrate(empty_database, migrations)

    execute(empty_database, "INSERT INTO shop.item VALUES ('a', 1), ('b', 2)")
    execute(empty_database, "SET search_path = ''; UPDATE shop.item SET price = 1.0")

    assert_clean(empty_database, 2)
    with psycopg.connect(empty_database) as connection:
        changes = connection.execute(
            "SELECT entity_ref, new_values ->> 'price' FROM shop.item_history "
            "WHERE operation = 'UPDATE' ORDER BY seq"
        ).fetchall()
    assert changes == [("a", "1.0"), ("b", "1.0")]
