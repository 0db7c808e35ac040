"""Each migration of the artifacts domain, on an empty database and on a filled one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from artifacts_data import MIGRATIONS, insert, insert_chain, migrated_to

from datalayer.domains import artifacts
from datalayer.migrate import MigrationReport, Notice, migrate
from datalayer.queries.artifacts.run import maintain_run_partitions
from datalayer.queries.artifacts.tag import list_tag_moves

pytest_plugins = ["artifacts_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]


def upgrade(url: str, version: str) -> MigrationReport:
    return migrate(url, MIGRATIONS, components=["artifacts"], to=version)


def notices(url: str, version: str) -> list[str]:
    told: list[str] = []
    migrate(
        url,
        MIGRATIONS,
        components=["artifacts"],
        to=version,
        report=lambda event: (
            told.append(event.message) if isinstance(event, Notice) else None
        ),
    )
    return told


def column(connection: Connection, query: str, *values: object) -> list[Any]:
    return [row[0] for row in connection.execute(query.encode(), values)]


def test_every_step_runs_on_an_empty_database(any_empty_database: str) -> None:
    for version in ("001", "002", "003", "004", "005"):
        upgrade(any_empty_database, version)

    with psycopg.connect(any_empty_database) as connection:
        tables = column(
            connection,
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') ORDER BY relname",
        )
    assert tables == [
        "artifact",
        "cas_blob",
        "datalayer_migration",
        "patch_chain_member",
        "run",
        "run_artifact",
        "run_default",
        "run_snapshot_index",
        "tag",
        "tag_move",
    ]


def test_ids_are_of_version_7_and_grow_with_time(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "001") as connection:
        before = datetime.now(UTC)
        ids = [insert(connection) for _ in range(50)]
        after = datetime.now(UTC)

    assert ids == sorted(ids)
    assert {artifact_id.version for artifact_id in ids} == {7}
    assert {artifact_id.variant for artifact_id in ids} == {
        UUID(int=0x8000 << 48).variant
    }
    milliseconds = [artifact_id.int >> 80 for artifact_id in ids]
    assert int(before.timestamp() * 1000) - 1 <= milliseconds[0]
    assert milliseconds[-1] <= after.timestamp() * 1000 + 1


def compacted_base(connection: Connection, value: object, **values: object) -> UUID:
    base: UUID = insert(connection, meta={"compacted_from": value, "kept": 1}, **values)
    return base


def state(connection: Connection, base: UUID) -> tuple[object, object]:
    row = connection.execute(
        "SELECT compacted_from_id, meta FROM artifact WHERE artifact_id = %s", (base,)
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda a, b: str(b), id="text"),
        pytest.param(lambda a, b: str(b).upper(), id="upper-case"),
        pytest.param(lambda a, b: str(b).title(), id="mixed-case"),
        pytest.param(lambda a, b: [str(b)], id="array-of-one"),
        pytest.param(lambda a, b: [str(a), str(b).upper()], id="last-of-an-array"),
        pytest.param(lambda a, b: [None, 7, str(b)], id="last-after-other-types"),
    ],
)
def test_what_names_a_patch_moves_into_the_column(
    any_empty_database: str,
    form: Any,  # noqa: ANN401 (a function of two ids)
) -> None:
    with migrated_to(any_empty_database, "001") as connection:
        _, first, second = insert_chain(connection, 2)
        base = compacted_base(connection, form(first, second))
        told = notices(any_empty_database, "002")

        assert state(connection, base) == (second, {"kept": 1})
    assert told == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("not a uuid", id="text"),
        pytest.param("", id="empty-text"),
        pytest.param("01234567-89ab-7def-8123-456789abcde", id="too-short"),
        pytest.param("01234567-89ab-7def-8123-456789abcdeg", id="not-hexadecimal"),
        pytest.param(f"{uuid4()}\n", id="line-end"),
        pytest.param(str(uuid4()), id="unknown-artifact"),
        pytest.param([], id="empty-array"),
        pytest.param([None], id="array-of-null"),
        pytest.param([["x"]], id="nested-array"),
        pytest.param(None, id="json-null"),
        pytest.param(7, id="number"),
        pytest.param(True, id="boolean"),
        pytest.param({"id": "x"}, id="object"),
    ],
)
def test_what_names_none_stays_and_is_reported(
    any_empty_database: str, value: object
) -> None:
    with migrated_to(any_empty_database, "001") as connection:
        _, patch = insert_chain(connection, 1)
        moved = compacted_base(connection, str(patch))
        base = compacted_base(connection, value)
        told = notices(any_empty_database, "002")

        assert state(connection, base) == (None, {"compacted_from": value, "kept": 1})
        assert state(connection, moved) == (patch, {"kept": 1})
    assert [message.partition(" ")[0] for message in told] == ["1"]


def test_only_a_base_can_be_compacted_from_a_patch(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "001") as connection:
        other, patch = insert_chain(connection, 1)
        of_a_base = compacted_base(connection, str(other))
        not_a_base = compacted_base(connection, str(patch), kind="run_manifest")
        told = notices(any_empty_database, "002")

        assert state(connection, of_a_base)[0] is None
        assert state(connection, not_a_base)[0] is None
    assert [message.partition(" ")[0] for message in told] == ["2"]


def test_of_two_bases_for_one_patch_the_older_moves(any_empty_database: str) -> None:
    now = datetime.now(UTC)
    with migrated_to(any_empty_database, "001") as connection:
        _, patch = insert_chain(connection, 1)
        newer = compacted_base(connection, str(patch).upper(), created_at=now)
        older = compacted_base(
            connection, [str(patch)], created_at=now - timedelta(days=1)
        )
        told = notices(any_empty_database, "002")

        assert state(connection, older) == (patch, {"kept": 1})
        assert state(connection, newer)[0] is None
    assert [message.partition(" ")[0] for message in told] == ["1"]


def test_the_column_is_checked_after_the_second_step(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "001") as connection:
        _, patch = insert_chain(connection, 1)
        base = compacted_base(connection, str(patch))
        upgrade(any_empty_database, "002")

        with pytest.raises(psycopg.errors.UniqueViolation, match="compacted_from"):
            insert(connection, compacted_from_id=patch)
        with pytest.raises(psycopg.errors.CheckViolation, match="immutable"):
            connection.execute(
                "UPDATE artifact SET compacted_from_id = NULL WHERE artifact_id = %s",
                (base,),
            )


def add_tag(connection: Connection, name: str, target: UUID, kind: str) -> None:
    insert(
        connection,
        "tag",
        username="ada",
        tag_name=name,
        target_kind=kind,
        target_id=target,
        target_hash="v",
    )


def add_move(
    connection: Connection, name: str, source: UUID | None, target: UUID | None
) -> None:
    insert(
        connection,
        "tag_move",
        username="ada",
        tag_name=name,
        from_kind=source and "patch_set",
        from_id=source,
        to_kind=target and "patch_set",
        to_id=target,
    )


def test_tags_from_before_positions_can_be_undone(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "002") as connection:
        _, first, second, third = insert_chain(connection, 3)
        for source, target in [(None, first), (first, second), (second, third)]:
            add_move(connection, "known", source, target)
        add_tag(connection, "known", third, "patch_set")
        upgrade(any_empty_database, "005")

        steps = [
            artifacts.undo_tag(connection, username="ada", tag_name="known")
            for _ in range(2)
        ]
        again = artifacts.redo_tag(connection, username="ada", tag_name="known")

    assert [step.target_id for step in steps] == [second, first]
    assert again.target_id == second
    assert again.target_hash == "v2"


def test_tags_without_a_fitting_reflog_get_an_entry(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "002") as connection:
        base, first, second = insert_chain(connection, 2)
        add_tag(connection, "never logged", base, "dag_version")
        add_tag(connection, "logged elsewhere", second, "patch_set")
        add_move(connection, "logged elsewhere", None, first)
        add_move(connection, "gone", None, first)
        add_move(connection, "gone", first, None)
        add_tag(connection, "came back", second, "patch_set")
        add_move(connection, "came back", first, None)
        upgrade(any_empty_database, "005")

        for name in ("never logged", "logged elsewhere", "came back"):
            with pytest.raises(artifacts.errors.NothingToUndo):
                artifacts.undo_tag(connection, username="ada", tag_name=name)
        gone = list_tag_moves(connection, username="ada", tag_name="gone")
        added = list_tag_moves(connection, username="ada", tag_name="never logged")

    assert [move.action for move in gone] == ["delete", "create"]
    assert [(move.action, move.to_id) for move in added] == [("create", base)]


def test_runs_from_before_keep_what_they_name(any_empty_database: str) -> None:
    with migrated_to(any_empty_database, "003") as connection:
        base, patch = insert_chain(connection, 1)
        insert(connection, "run", base_kind="dag_version", base_ref=str(base).upper())
        insert(
            connection,
            "run",
            base_kind="tag",
            base_ref="ada/main",
            tags_snapshot={"ada/main": {"target": [str(patch), str(uuid4()), "x", 1]}},
        )
        insert(connection, "run", base_kind="dag_version", base_ref="nothing")
        upgrade(any_empty_database, "004")

        kept = column(connection, "SELECT artifact_id FROM run_artifact ORDER BY 1")
    assert kept == sorted([base, patch])


def test_partitions_take_over_what_waits_in_the_default_one(
    session: Connection,
) -> None:
    base, patch = insert_chain(session, 1)
    snapshot = insert(session, kind="run_snapshot", plan_hash="p")
    run = insert(session, "run", base_kind="patch_set", base_ref=str(patch))
    submitted_at = column(session, "SELECT submitted_at FROM run")[0]
    insert(
        session,
        "run_snapshot_index",
        run_id=run,
        run_submitted_at=submitted_at,
        snapshot_id=snapshot,
    )

    created = maintain_run_partitions(session, months_ahead=2)
    again = maintain_run_partitions(session, months_ahead=2)

    assert len(created) == 3
    assert again == []
    assert column(session, "SELECT tableoid::regclass::text FROM run") == [
        created[0].partition_name
    ]
    assert column(session, "SELECT snapshot_id FROM run_snapshot_index") == [snapshot]
    assert column(session, "SELECT artifact_id FROM run_artifact") == [patch]
    assert base != patch


def test_partitions_begin_and_end_with_the_month_of_utc(session: Connection) -> None:
    session.execute("SET timezone = 'Pacific/Auckland'")
    created = maintain_run_partitions(session, months_ahead=1)
    session.execute("SET timezone = 'UTC'")
    bounds = column(
        session,
        "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = %s",
        created[1].partition_name,
    )

    assert bounds[0].count("-01 00:00:00+00") == 2
