"""The laws of statistics: whatever is stored, they are what Python counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from datalayer.domains import conversations
from datalayer.domains.arguments import unset_if_none
from datalayer.runtime import UNSET, Unset

if TYPE_CHECKING:
    from psycopg import Connection

    Law = Callable[[Connection[Any], "Situation"], None]

HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_ZERO = timedelta(0)

#: A zone, and a moment near which its clocks change, if they do.
_ZONES = (
    ("UTC", datetime(2026, 1, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
)
_SUMS = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "tool_call_count",
)
_COUNTS = st.integers(0, 3) | st.just(2**31 - 1)


@dataclass(frozen=True)
class Row:
    """A request, with the columns that statistics are made of."""

    timestamp: datetime
    train_id: str
    model: str | None
    request_type: str | None
    #: In the order of `_SUMS`.
    counts: tuple[int, int, int, int, int]
    duration_ms: int | None
    response_status: int | None
    error: str | None
    conversation: int | None
    is_subtask: bool

    @property
    def hour(self) -> datetime:
        return self.timestamp.replace(minute=0, second=0, microsecond=0)

    @property
    def is_failed(self) -> bool:
        return self.error is not None or (self.response_status or 0) >= 400


@dataclass(frozen=True)
class Situation:
    """What is stored, and what is asked about it."""

    zone: str
    rows: list[Row]
    since: datetime
    until: datetime
    row_limit: int

    def within(self) -> list[Row]:
        """The requests of train t from `since` on and before `until`."""
        return [
            row
            for row in self.rows
            if row.train_id == "t" and self.since <= row.timestamp < self.until
        ]


#: Four hours, in which the clocks of Berlin are put back: pages of one hour each, which
#: nobody finds by adding an hour to what the clocks say.
CLOCKS_PUT_BACK = Situation(
    "Europe/Berlin",
    [],
    since=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    until=datetime(2026, 10, 25, 3, 30, tzinfo=UTC),
    row_limit=1,
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Requests on the edges of hours and of what is asked about, or nearly."""
    zone, moment = draw(st.sampled_from(_ZONES))
    halves = st.integers(-6, 6).map(lambda place: moment + place * HOUR / 2)
    since = draw(halves)
    until = since + draw(st.integers(0, 8)) * HOUR / 2
    nearly = st.sampled_from([_ZERO, _ZERO, _MICROSECOND, -_MICROSECOND])
    rows = st.builds(
        Row,
        timestamp=st.tuples(halves | st.sampled_from([since, until]), nearly).map(
            sum_of
        ),
        train_id=st.sampled_from(["t", "t", "t", "u"]),
        model=st.sampled_from(["m", "n", None]),
        request_type=st.sampled_from(["messages", "quota", None]),
        counts=st.tuples(*[_COUNTS] * 5),
        duration_ms=st.none() | _COUNTS,
        response_status=st.sampled_from([None, 200, 399, 400, 529]),
        error=st.sampled_from([None, None, "broken"]),
        conversation=st.none() | st.integers(1, 3),
        is_subtask=st.booleans(),
    )
    stored = draw(st.lists(rows, max_size=12))
    return Situation(zone, stored, since, until, draw(st.integers(1, 4)))


def sum_of(parts: tuple[datetime, timedelta]) -> datetime:
    return parts[0] + parts[1]


def check(
    connection: Connection[Any], situation: Situation, laws: Sequence[Law]
) -> None:
    """Ask about what is stored, in a transaction that leaves nothing behind."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('TimeZone', %s, TRUE)", (situation.zone,))
        _store(connection, situation.rows)
        for law in laws:
            law(connection, situation)


def _store(connection: Connection[Any], rows: list[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO api_requests (request_id, timestamp, train_id, model,"
            " request_type, input_tokens, output_tokens, cache_creation_input_tokens,"
            " cache_read_input_tokens, tool_call_count, duration_ms, response_status,"
            " error, conversation_id, is_subtask, path, headers) VALUES"
            " (gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " lpad(%s, 32, '0')::uuid, %s, '/', '{}')",
            [
                (
                    row.timestamp,
                    row.train_id,
                    row.model,
                    row.request_type,
                    *row.counts,
                    row.duration_ms,
                    row.response_status,
                    row.error,
                    None if row.conversation is None else str(row.conversation),
                    row.is_subtask,
                )
                for row in rows
            ],
        )


def summed(rows: Iterable[Row]) -> dict[str, int]:
    """What Python counts, by the names of the columns."""
    found = list(rows)
    sums = {name: sum(row.counts[i] for row in found) for i, name in enumerate(_SUMS)}
    durations = [row.duration_ms for row in found if row.duration_ms is not None]
    return sums | {
        "request_count": len(found),
        "total_tokens": sums["input_tokens"] + sums["output_tokens"],
        "duration_ms_sum": sum(durations),
        "duration_count": len(durations),
    }


def grouped(
    rows: Iterable[Row], key: Callable[[Row], Any]
) -> dict[Any, dict[str, int]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {each: summed(group) for each, group in groups.items()}


def sums_in(row: Any) -> dict[str, int]:  # noqa: ANN401 (any row with these columns)
    return {name: getattr(row, name) for name in summed([])}


def check_view(connection: Connection[Any], situation: Situation) -> None:
    conversations.refresh_hourly_stats(connection)
    names = [name for name in summed([]) if name != "total_tokens"]
    cursor = connection.execute(
        f"SELECT hour, train_id, model, {', '.join(names)} FROM hourly_stats"
    )
    found = {
        (hour.astimezone(UTC), *key): dict(
            zip(names, (value and int(value) for value in values), strict=True)
        )
        for hour, *rest in cursor
        for key, values in [(rest[:2], rest[2:])]
    }
    expected = grouped(situation.rows, lambda row: (row.hour, row.train_id, row.model))
    for key, sums in expected.items():
        del sums["total_tokens"]
        if not sums["duration_count"]:
            sums["duration_ms_sum"] = None  # type: ignore[assignment]  # as SQL sums
        assert found.pop(key, None) == sums, "law: the view is what Python groups"
    assert not found, "law: the view is what Python groups"


def check_hours(connection: Connection[Any], situation: Situation) -> None:
    conversations.refresh_hourly_stats(connection)
    for train_id, model in ((None, None), ("t", None), ("t", "m"), (None, "n")):
        rows = [
            row
            for row in situation.rows
            if train_id in (None, row.train_id) and model in (None, row.model)
        ]
        found: list[tuple[datetime, dict[str, int]]] = []
        after = None
        while page := conversations.list_hourly_statistics(
            connection,
            since=situation.since,
            until=situation.until,
            train_id=unset_if_none(train_id),
            model=unset_if_none(model),
            after=after,
            row_limit=situation.row_limit,
        ):
            assert len(found) < 100, "law: pages end"
            found += [(row.hour.astimezone(UTC), sums_in(row)) for row in page]
            after = page[-1].hour
        assert found == _hours(rows, situation), "law: no hour is missing"


def check_live_hours(connection: Connection[Any], situation: Situation) -> None:
    rows = [row for row in situation.rows if row.train_id == "t"]
    found: list[tuple[datetime, dict[str, int]]] = []
    after = None
    while page := conversations.list_hourly_activity(
        connection,
        train_id="t",
        since=situation.since,
        until=situation.until,
        after=after,
        row_limit=situation.row_limit,
    ):
        assert len(found) < 100, "law: pages end"
        found += [(row.hour.astimezone(UTC), sums_in(row)) for row in page]
        after = page[-1].hour
    assert found == _hours(rows, situation), "law: no live hour is missing"


def _hours(
    rows: Iterable[Row], situation: Situation
) -> list[tuple[datetime, dict[str, int]]]:
    by_hour = grouped(rows, lambda row: row.hour)
    hour = situation.since.replace(minute=0, second=0, microsecond=0)
    found = []
    while hour < situation.until:
        found.append((hour, by_hour.get(hour, summed([]))))
        hour += HOUR
    return found


def check_statistics(connection: Connection[Any], situation: Situation) -> None:
    rows = situation.within()
    row = conversations.get_statistics(
        connection, train_id="t", since=situation.since, until=situation.until
    )
    durations = [row.duration_ms for row in rows if row.duration_ms is not None]
    times = [row.timestamp for row in rows]
    assert sums_in(row) == summed(rows), "law: the statistics"
    assert row.error_count == sum(each.is_failed for each in rows), "law: the errors"
    assert row.duration_ms_max == max(durations, default=None), "law: the longest"
    ends = [row.first_request_at, row.last_request_at]
    assert [end and end.astimezone(UTC) for end in ends] == [
        min(times, default=None),
        max(times, default=None),
    ], "law: the first and the last"


def check_dashboard(connection: Connection[Any], situation: Situation) -> None:
    rows = situation.within()
    row = conversations.get_dashboard_statistics(
        connection, train_id="t", since=situation.since, until=situation.until
    )
    found = {row.conversation for row in rows} - {None}
    assert sums_in(row) == summed(rows), "law: the dashboard"
    assert row.error_count == sum(each.is_failed for each in rows), "law: the dashboard"
    assert row.conversation_count == len(found), "law: the dashboard"
    assert row.model_count == len({row.model for row in rows} - {None}), (
        "law: the dashboard"
    )
    assert row.subtask_request_count == sum(each.is_subtask for each in rows), (
        "law: the dashboard"
    )


def check_models(connection: Connection[Any], situation: Situation) -> None:
    found: list[tuple[str | None, dict[str, int]]] = []
    count: int | Unset = UNSET
    model: str | Unset | None = UNSET
    while page := conversations.list_model_statistics(
        connection,
        train_id="t",
        since=situation.since,
        until=situation.until,
        after_request_count=count,
        after_model=model,
        row_limit=situation.row_limit,
    ):
        assert len(found) < 100, "law: pages end"
        found += [(row.model, sums_in(row)) for row in page]
        count, model = page[-1].request_count, page[-1].model
    assert found == _by_size(grouped(situation.within(), lambda row: row.model)), (
        "law: each model once"
    )


def check_types(connection: Connection[Any], situation: Situation) -> None:
    found: list[tuple[str | None, dict[str, int]]] = []
    count: int | Unset = UNSET
    request_type: str | Unset | None = UNSET
    while page := conversations.list_type_statistics(
        connection,
        train_id="t",
        since=situation.since,
        until=situation.until,
        after_request_count=count,
        after_request_type=request_type,
        row_limit=situation.row_limit,
    ):
        assert len(found) < 100, "law: pages end"
        found += [(row.request_type, sums_in(row)) for row in page]
        count, request_type = page[-1].request_count, page[-1].request_type
    assert found == _by_size(
        grouped(situation.within(), lambda row: row.request_type)
    ), "law: each type once"


def _by_size(
    groups: dict[str | None, dict[str, int]],
) -> list[tuple[str | None, dict[str, int]]]:
    return sorted(
        groups.items(),
        key=lambda item: (
            -item[1]["request_count"],
            item[0] is not None,
            item[0] or "",
        ),
    )


def check_trains(connection: Connection[Any], situation: Situation) -> None:
    newest: dict[str, datetime] = {}
    for row in situation.rows:
        time = newest.get(row.train_id, row.timestamp)
        newest[row.train_id] = max(time, row.timestamp)
    found: list[tuple[str, datetime]] = []
    cursor: str | None = None
    while True:
        page = conversations.list_active_trains(
            connection, since=situation.since, row_limit=1, cursor=cursor
        )
        assert len(found) < 100, "law: pages end"
        found += [
            # When clocks are put back, Python takes no time for an equal one.
            (row.train_id, row.last_request_at.astimezone(UTC))
            for row in page.items
        ]
        cursor = page.next
        if cursor is None:
            break
    active = [item for item in newest.items() if item[1] >= situation.since]
    expected = sorted(sorted(active), key=lambda item: item[1], reverse=True)
    assert found == expected, "law: each active train once"


LAWS: tuple[Law, ...] = (
    check_view,
    check_hours,
    check_live_hours,
    check_statistics,
    check_dashboard,
    check_models,
    check_types,
    check_trains,
)
