"""The queries of history, in both profiles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import psycopg
import pytest
from automation_history import record, record_birth, record_move

from datalayer.queries.automation import execution_history as history
from datalayer.queries.automation import worker_history

pytest_plugins = ["automation_fixtures"]
pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[Any]
T = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def search(session: Connection, **filters: Any) -> list[int]:  # noqa: ANN401
    rows = history.search_execution_history(session, **filters)
    return [row.seq for row in rows]


def test_each_filter_of_a_search_filters(session: Connection) -> None:
    a = record_birth(session, T)
    b = record_move(session, T + MINUTE, "requested", "running")
    c = record_birth(session, T + 2 * MINUTE, entity_id=2, ref="core.other")
    d = record(session, "execution", T + 3 * MINUTE, "DELETE", entity_id=2)

    filters: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [d, c, b, a]),
        ({"entity_id": 1}, [b, a]),
        ({"entity_ref": "core.other"}, [c]),
        ({"operation": "INSERT"}, [c, a]),
        ({"changed_field": "status"}, [b]),
        ({"changed_field": "result"}, []),
        ({"since": T + MINUTE}, [d, c, b]),
        ({"until": T + MINUTE}, [b, a]),
        ({"since": T + MINUTE, "until": T + MINUTE}, [b]),
        ({"before_seq": c}, [b, a]),
        ({"entity_id": 2, "operation": "DELETE"}, [d]),
    ]

    for given, expected in filters:
        assert search(session, **given) == expected, given
        if "before_seq" not in given:
            counted = history.count_execution_history(session, **given)
            assert counted == len(expected), given


def test_a_page_has_one_to_a_thousand_changes(session: Connection) -> None:
    session.execute(
        "INSERT INTO execution_history (operation, entity_id, entity_ref)"
        " SELECT 'DELETE', 1, 'a' FROM generate_series(1, 1002)"
    )

    assert len(search(session)) == 100
    for row_limit, found in [(-5, 1), (0, 1), (7, 7), (1000, 1000), (5000, 1000)]:
        assert len(search(session, row_limit=row_limit)) == found
        listed = history.list_execution_history(
            session, execution_id=1, row_limit=row_limit
        )
        assert len(listed) == found
    assert history.count_execution_history(session) == 1002


def test_pages_follow_each_other_by_seq(session: Connection) -> None:
    seqs = [record_birth(session, T - n * MINUTE) for n in range(5)]
    record_birth(session, T, entity_id=2)

    first = history.list_execution_history(session, execution_id=1, row_limit=2)
    second = history.list_execution_history(
        session, execution_id=1, before_seq=first[-1].seq, row_limit=9
    )

    assert [row.seq for row in first + second] == seqs[::-1]
    assert first[0].new_values == {"status": "requested", "executor": None}
    assert int(first[0].txid) > 0


def test_the_latest_change_is_the_last_one_made(session: Connection) -> None:
    record_birth(session, T)
    late = record_move(session, T - MINUTE, "requested", "running")

    found = history.get_latest_execution_change(session, execution_id=1)

    assert found is not None
    assert (found.seq, found.changed_fields) == (late, ["status"])
    assert history.get_latest_execution_change(session, execution_id=2) is None
    assert worker_history.get_latest_worker_change(session, worker_id=1) is None


def test_status_changes_are_moves_only(session: Connection) -> None:
    record_birth(session, T)
    a = record_move(session, T + MINUTE, "requested", "running")
    record(session, "execution", T, "UPDATE", old={"executor": 1}, new={"executor": 2})
    b = record_move(session, T + 2 * MINUTE, "running", "failed", ref="x")
    w = record_move(session, T, "active", "busy", table="worker", ref="w")

    found = history.list_execution_status_changes(session)
    assert [(row.seq, row.old_status, row.new_status) for row in found] == [
        (b, "running", "failed"),
        (a, "requested", "running"),
    ]
    changes = history.list_execution_status_changes
    assert [row.seq for row in changes(session, entity_ref="x")] == [b]
    assert [row.seq for row in changes(session, until=T + MINUTE)] == [a]
    assert [row.seq for row in changes(session, since=T + 2 * MINUTE)] == [b]
    assert [row.seq for row in changes(session, before_seq=b)] == [a]
    moved = worker_history.list_worker_status_changes(session)
    assert [(row.seq, row.new_status) for row in moved] == [(w, "busy")]


def periods(session: Connection) -> list[tuple[Any, ...]]:
    return [
        (row.status, row.since, row.until, row.duration)
        for row in history.list_execution_timeline(session, execution_id=1)
    ]


def test_a_timeline_has_the_last_period_open(session: Connection) -> None:
    record_birth(session, T)
    record(
        session,
        "execution",
        T + MINUTE,
        "UPDATE",
        old={"executor": 1},
        new={"executor": 2},
    )
    record_move(session, T + 2 * MINUTE, "requested", "running")

    assert periods(session) == [
        ("requested", T, T + 2 * MINUTE, 2 * MINUTE),
        ("running", T + 2 * MINUTE, None, None),
    ]


def test_a_timeline_ends_with_the_row_and_begins_again(session: Connection) -> None:
    record_birth(session, T)
    record(session, "execution", T + MINUTE, "DELETE")
    record_birth(session, T + 3 * MINUTE, "running")

    assert periods(session) == [
        ("requested", T, T + MINUTE, MINUTE),
        ("running", T + 3 * MINUTE, None, None),
    ]


def test_a_timeline_without_its_beginning_says_so(session: Connection) -> None:
    record_move(session, T, "scheduled", "running")

    assert periods(session) == [
        ("scheduled", None, T, None),
        ("running", T, None, None),
    ]


def test_no_period_is_shorter_than_nothing(session: Connection) -> None:
    record_birth(session, T)
    record_move(session, T - MINUTE, "requested", "running")
    record_move(session, T, "running", "failed")

    assert periods(session) == [
        ("requested", T, T, 0 * MINUTE),
        ("running", T, T, 0 * MINUTE),
        ("failed", T, None, None),
    ]


def test_a_timeline_comes_in_pages(session: Connection) -> None:
    record_move(session, T, "active", "busy", table="worker")
    record_move(session, T + MINUTE, "busy", "active", table="worker")

    read = worker_history.list_worker_timeline
    first = read(session, worker_id=1, row_limit=1)
    rest = read(session, worker_id=1, after_seq=first[-1].seq)

    assert [row.status for row in first + rest] == ["active", "busy", "active"]
    assert read(session, worker_id=2) == []


# States through the real triggers.


def test_a_state_is_the_row_as_the_triggers_saw_it(session: Connection) -> None:
    one = session.execute(
        "INSERT INTO worker (name, worker_type, worker_role, meta)"
        " VALUES ('w', 'local', 'action', 'null') RETURNING id, now()"
    ).fetchone()
    two = session.execute(
        "UPDATE worker SET name = 'v', meta = NULL, capabilities = '[1.0]'"
        " RETURNING id, now()"
    ).fetchone()
    assert one is not None
    assert two is not None

    def state(moment: datetime) -> Any:  # noqa: ANN401
        return worker_history.get_worker_state(session, worker_id=one[0], moment=moment)

    first, second = state(one[1]), state(two[1])
    assert (first.known_fields["meta"], first.entity_ref) == ({"$json": None}, "w")
    assert (second.known_fields["meta"], second.entity_ref) == (None, "v")
    assert repr(second.known_fields["capabilities"]) == "[1.0]"
    assert state(two[1] - timedelta(microseconds=1)) == first
    assert state(one[1] - timedelta(microseconds=1)) is None
    session.execute("DELETE FROM worker")
    assert state(datetime.now(UTC) + MINUTE) is None
    assert state(two[1]) == second


@pytest.mark.parametrize(
    ("table", "module"), [("execution", history), ("worker", worker_history)]
)
def test_a_state_has_every_field_that_is_tracked(
    session: Connection,
    table: str,
    module: ModuleType,
) -> None:
    declared = session.execute(
        "SELECT (declaration -> 'track') || (declaration -> 'initial') FROM ("
        " SELECT substr(comment, strpos(comment, '{'))::jsonb AS declaration"
        " FROM obj_description(%s::regproc, 'pg_proc') AS comment) AS declared",
        (f"record_{table}_history",),
    ).fetchone()
    assert declared is not None
    columns = {
        "execution": "action_ref) VALUES ('a'",
        "worker": "name, worker_type, worker_role) VALUES ('w', 'local', 'action'",
    }
    session.execute(f"INSERT INTO {table} ({columns[table]})".encode())
    row = session.execute(f"SELECT entity_id FROM {table}_history".encode()).fetchone()
    assert row is not None

    state = getattr(module, f"get_{table}_state")(
        session,
        moment=datetime.now(UTC) + MINUTE,
        **{f"{table}_id": row[0]},
    )

    assert sorted(state.known_fields) == sorted(declared[0])
    assert state.is_complete


def test_a_state_holds_what_had_begun_when_it_was_changed(native_url: str) -> None:
    with (
        psycopg.connect(native_url, autocommit=True) as one,
        psycopg.connect(native_url, autocommit=True) as two,
    ):
        made = one.execute(
            "INSERT INTO execution (action_ref) VALUES ('a') RETURNING id, now()"
        ).fetchone()
        assert made is not None
        with one.transaction():
            early = one.execute("SELECT now()").fetchone()
            late = two.execute(
                "UPDATE execution SET executor = 1 RETURNING now()"
            ).fetchone()
            one.execute("UPDATE execution SET executor = 2")
        assert early is not None
        assert late is not None

        def executor(moment: datetime) -> Any:  # noqa: ANN401
            found = history.get_execution_state(
                one, execution_id=made[0], moment=moment
            )
            assert found is not None
            assert isinstance(found.known_fields, dict)
            return found.known_fields["executor"]

        assert made[1] < early[0] < late[0]
        assert executor(early[0]) is None, "not 2: what it changed came later"
        assert executor(late[0]) == 2
