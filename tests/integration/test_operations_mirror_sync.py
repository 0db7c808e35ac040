# Derived by scripts/async_to_sync.py from test_operations_mirror_aio.py; do not edit.
"""Snapshots, and a log of events that loses none because of another."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection, IsolationLevel, Rollback, errors

from datalayer.domains.operations import (
    AppendReport,
    append_events,
    get_snapshot,
    list_events,
    save_snapshot,
)
from datalayer.queries.operations.mirror import Event
from datalayer.runtime import JsonInput, JsonValue

pytestmark = pytest.mark.postgres

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def connect(url: str) -> Connection[Any]:
    return Connection.connect(url, autocommit=True)


def load(connection: Connection[Any]) -> list[tuple[int, str, JsonValue]]:
    rows = connection.execute(
        "SELECT id, event_type, payload FROM assistly_events ORDER BY id"
    )
    return rows.fetchall()


def append_at(
    connection: Connection[Any], moment: datetime, event_type: str = "a"
) -> int:
    rows = connection.execute(
        "INSERT INTO assistly_events (event_type, payload, created_at)"
        " VALUES (%s, '{}', %s) RETURNING id",
        (event_type, moment),
    )
    [(event_id,)] = rows.fetchall()
    return int(event_id)


def roll_back() -> None:
    raise Rollback


# Snapshots


def test_the_last_snapshot_of_each_kind_is_kept(database_url: str) -> None:
    with connect(database_url) as connection:
        none = get_snapshot(connection, kind="queue")
        first = save_snapshot(connection, kind="queue", payload={"a": 1})
        save_snapshot(connection, kind="logs", payload=["x"])
        second = save_snapshot(connection, kind="queue", payload={"b": 2})
        found = get_snapshot(connection, kind="queue")
        logs = get_snapshot(connection, kind="logs")
        state = get_snapshot(connection, kind="state")

    assert none is None
    assert found == second
    assert (second.kind, second.payload) == ("queue", {"b": 2})
    assert second.updated_at > first.updated_at
    assert logs is not None
    assert logs.payload == ["x"]
    assert state is None


def test_a_snapshot_of_json_null_is_there(database_url: str) -> None:
    with connect(database_url) as connection:
        save_snapshot(connection, kind="state", payload=None)
        found = get_snapshot(connection, kind="state")

    assert found is not None
    assert found.payload is None


def test_a_snapshot_of_an_unknown_kind_is_refused(database_url: str) -> None:
    with connect(database_url) as connection:
        with pytest.raises(errors.CheckViolation):
            save_snapshot(connection, kind="other", payload={})


# Appending


def test_events_are_stored_in_the_order_given(database_url: str) -> None:
    events: list[tuple[str, JsonInput]] = [
        ("b", {"z": 1}),
        ("a", None),
        ("b", [1, "two"]),
        ("a", "text"),
        ("c", 1.5),
        ("a\n'\"\\", {"ä": "\U0001f600"}),
    ]
    with connect(database_url) as connection:
        report = append_events(connection, events=events)
        stored = load(connection)

    assert report.rejected == ()
    assert [event_id for event_id, _, _ in stored] == list(report.ids)
    assert [(kind, payload) for _, kind, payload in stored] == events


def test_appending_nothing_stores_nothing(database_url: str) -> None:
    with connect(database_url) as connection:
        report = append_events(connection, events=[])
        stored = load(connection)

    assert report == AppendReport(ids=(), rejected=())
    assert stored == []


def nested(depth: int) -> JsonInput:
    value: JsonInput = 1
    for _ in range(depth):
        value = [value]
    return value


def holding_itself() -> JsonInput:
    value: list[JsonInput] = []
    value.append(value)
    return value


#: What is wrong with an event, and what of it the reason has to say.
BAD: dict[str, tuple[object, str]] = {
    "no type": ((None, {}), "NoneType"),
    "a number as type": ((1, {}), "int"),
    "an empty type": (("", {}), "empty"),
    "a NUL in the type": (("a\0b", {}), "NUL"),
    "half a character in the type": (("a\ud800", {}), "surrogate"),
    "no event": (None, "None"),
    "too few": (("a",), "unpack"),
    "too many": (("a", {}, {}), "unpack"),
    "an object": (("a", object()), "object"),
    "a set": (("a", {"inner": {1, 2}}), "set"),
    "not a number": (("a", {"inner": [float("nan")]}), "float"),
    "infinity": (("a", float("inf")), "float"),
    "half a character": (("a", {"inner": "\udfff"}), "surrogate"),
    "half a character in a name": (("a", {"\ud800": 1}), "surrogate"),
    "too many digits for Python": (("a", 10**5000), "digits"),
    "too deep": (("a", nested(100_000)), "nested"),
    "itself": (("a", holding_itself()), "ircular"),
    # Only the server can tell.
    "NUL": (("a", {"inner": "a\0b"}), "\\u0000"),
    "NUL in a name": (("a", {"a\0b": 1}), "\\u0000"),
}


def test_bad_events_are_reported_and_the_others_are_stored(
    database_url: str,
) -> None:
    events: list[Any] = [("a", 0)]
    for number, (event, _) in enumerate(BAD.values(), 1):
        events += [event, ("b", number)]
    with connect(database_url) as connection:
        report = append_events(connection, events=events)
        stored = load(connection)

    assert [rejected.position for rejected in report.rejected] == [
        2 * number + 1 for number in range(len(BAD))
    ]
    for (name, (_, said)), rejected in zip(BAD.items(), report.rejected, strict=True):
        assert said in rejected.reason, name
    assert [event_id for event_id, _, _ in stored] == list(report.ids)
    assert [payload for _, _, payload in stored] == list(range(len(BAD) + 1))


def test_bad_events_among_thousands_are_all_found(database_url: str) -> None:
    """Alone, side by side, at both ends, and of both kinds."""
    by_server = {0, 1, 2, 998, 999, 1000, 1500, 2499}
    by_python = {3, 700, 2498}
    events: list[tuple[str, JsonInput]] = [
        ("a", "\0" if n in by_server else float("nan") if n in by_python else n)
        for n in range(2500)
    ]
    with connect(database_url) as connection:
        report = append_events(connection, events=events)
        stored = load(connection)

    bad = by_server | by_python
    assert [each.position for each in report.rejected] == sorted(bad)
    assert [payload for _, _, payload in stored] == [
        n for n in range(2500) if n not in bad
    ]
    assert [event_id for event_id, _, _ in stored] == list(report.ids)


def test_only_bad_events_store_nothing(database_url: str) -> None:
    with connect(database_url) as connection:
        report = append_events(connection, events=[("a", "\0"), ("", 1)])
        stored = load(connection)

    assert report.ids == ()
    assert [each.position for each in report.rejected] == [0, 1]
    assert stored == []


def test_what_a_constraint_refuses_is_reported_too(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "ALTER TABLE assistly_events"
            " ADD CONSTRAINT known CHECK (event_type IN ('a', 'b'))"
        )
        report = append_events(connection, events=[("a", 1), ("c", 2), ("b", 3)])
        stored = load(connection)

    assert [each.position for each in report.rejected] == [1]
    assert '"known"' in report.rejected[0].reason
    assert [payload for _, _, payload in stored] == [1, 3]


@pytest.fixture
def any_digits() -> Iterator[None]:
    """Let Python write integers of any length."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("any_digits")
def test_what_is_too_much_for_the_server_is_reported(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute("SET max_stack_depth = '100kB'")
        report = append_events(
            connection,
            events=[("a", 1), ("a", 10**140_000), ("a", 2), ("a", nested(900))],
        )
        stored = load(connection)

    assert [each.position for each in report.rejected] == [1, 3]
    assert "overflow" in report.rejected[0].reason
    assert "stack depth" in report.rejected[1].reason
    assert [payload for _, _, payload in stored] == [1, 2]


def test_what_the_encoding_of_the_connection_lacks_is_reported(
    database_url: str,
) -> None:
    with connect(database_url) as connection:
        connection.execute("SET client_encoding = 'latin1'")
        report = append_events(
            connection,
            events=[("a", "\u00e4"), ("a", "\u20ac"), ("\u20ac", 2), ("a", 3)],
        )
        connection.execute("SET client_encoding = 'utf8'")
        stored = load(connection)

    assert [each.position for each in report.rejected] == [1, 2]
    assert "encode" in report.rejected[0].reason
    assert [payload for _, _, payload in stored] == ["\u00e4", 3]


def test_a_fault_of_the_session_is_raised_and_nothing_is_stored(
    database_url: str,
) -> None:
    with (
        connect(database_url) as one,
        connect(database_url) as two,
    ):
        one.set_read_only(True)
        with pytest.raises(errors.ReadOnlySqlTransaction):
            append_events(one, events=[("a", 1), ("a", "\0")])
        stored = load(two)

    assert stored == []


def test_events_are_one_transaction(database_url: str) -> None:
    """Also on a connection that commits nothing by itself."""
    with (
        Connection.connect(database_url) as one,
        connect(database_url) as two,
    ):
        append_events(one, events=[("a", 1), ("a", "\0"), ("a", 2)])
        after = load(two)
        with one.transaction():
            report = append_events(one, events=[("a", 3), ("a", "\0")])
            during = load(two)
            roll_back()
        rolled_back = load(two)

    assert [payload for _, _, payload in after] == [1, 2]
    assert len(report.ids) == 1
    assert after == during == rolled_back


def test_a_bad_event_spoils_no_snapshot(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.set_isolation_level(IsolationLevel.SERIALIZABLE)
        report = append_events(connection, events=[("a", 1), ("a", "\0"), ("a", 2)])

    assert len(report.ids) == 2


# Lists


def test_events_are_listed_by_type_and_time(database_url: str) -> None:
    with connect(database_url) as connection:
        ids = [append_at(connection, MOMENT + n * MINUTE) for n in range(5)]
        append_at(connection, MOMENT, event_type="b")
        everything = list_events(connection, event_type="a")
        part = list_events(
            connection,
            event_type="a",
            since=MOMENT + MINUTE,
            until=MOMENT + 3 * MINUTE,
        )
        early = list_events(connection, event_type="a", until=MOMENT)
        unknown = list_events(connection, event_type="A")

    assert [event.id for event in everything.items] == ids
    assert [event.id for event in part.items] == ids[1:3]
    assert part.items[0] == Event(
        id=ids[1], event_type="a", payload={}, created_at=MOMENT + MINUTE
    )
    assert early.items == []
    assert unknown.items == []


def test_a_page_of_events_follows_the_one_before(database_url: str) -> None:
    """Three of each time, and not in the order of their ids."""
    times = [MOMENT + n % 4 * MINUTE for n in range(12)]
    with connect(database_url) as connection:
        ids = [append_at(connection, time) for time in times]
        pages = [list_events(connection, event_type="a", row_limit=5)]
        while pages[-1].next is not None:
            pages.append(
                list_events(
                    connection, event_type="a", row_limit=5, cursor=pages[-1].next
                )
            )

    found = [event.id for page in pages for event in page.items]
    assert found == [event_id for _, event_id in sorted(zip(times, ids, strict=True))]
    assert [len(page.items) for page in pages] == [5, 5, 2]
