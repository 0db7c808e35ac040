"""The laws of token usage: whatever is stored, the sums are those of the model."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import conversations_usage_model as model
from conversations_usage_model import Request, Scope, Used
from hypothesis import strategies as st

from datalayer.domains import conversations

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    Law = Callable[[Connection[Any], "Question", list[Request]], None]

MICROSECOND = timedelta(microseconds=1)
HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZERO = timedelta(0)

#: A zone, and a day of UTC on which its clocks change, if they do.
_ZONES = (
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    # Half an hour, and clocks that change by half an hour.
    ("Asia/Kolkata", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),
)
#: How far from an end: not at all, just before, or by as much as clocks change.
_NEARLY = st.sampled_from(
    [*[ZERO] * 4, -MICROSECOND, MICROSECOND, HALF_HOUR, HOUR, -HALF_HOUR, -HOUR]
)
_TOKENS = st.one_of(st.integers(0, 9), st.just(2**31 - 1))
_WIDTHS = st.sampled_from([HALF_HOUR, 7 * HOUR, DAY, DAY, HOUR + MICROSECOND])
_DURATIONS = st.sampled_from([5 * HOUR, DAY, DAY, 2 * DAY + HOUR, MICROSECOND])


@dataclass(frozen=True)
class Question:
    """What is stored, and what is asked about it."""

    zone: str
    requests: list[Request]
    scope: Scope
    since: datetime
    until: datetime
    width: timedelta
    duration: timedelta
    days: int


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Spans whose ends fall on each other, and requests at those ends, or nearly."""
    zone, changed_on = draw(st.sampled_from(_ZONES))
    moments = st.integers(-8, 28).map(lambda place: changed_on + place * HALF_HOUR)
    since, width, duration = draw(moments), draw(_WIDTHS), draw(_DURATIONS)
    # On the edge of a bucket, in the middle of one, or before the beginning.
    halves = draw(st.sampled_from([0, 2, 5, 5, 6, 6, -1]))
    until = since + halves * width / 2
    ends = [
        since,
        until,
        since + width,
        since + 2 * width,
        changed_on,
        changed_on + DAY,
    ]
    ends += [end - duration for end in ends[:3]]
    scope = st.sampled_from([("a", None), (None, "t"), ("a", "t"), ("b", "t")])
    return Question(
        zone=zone,
        requests=draw(st.lists(_requests(ends), max_size=12)),
        scope=Scope(*draw(scope), draw(st.sampled_from([None, None, "m"]))),
        since=since,
        until=until,
        width=width,
        duration=duration,
        days=draw(st.integers(1, 5)),
    )


def _requests(ends: list[datetime]) -> st.SearchStrategy[Request]:
    moments = st.tuples(st.sampled_from(ends), _NEARLY)
    return st.builds(
        Request,
        timestamp=moments.map(lambda moment: moment[0] + moment[1]),
        train_id=st.sampled_from(["t", "t", "t", "u"]),
        account_id=st.sampled_from(["a", "a", "a", "a", "b", None]),
        model=st.sampled_from(["m", "m", "m", "n", None]),
        tokens=st.tuples(_TOKENS, _TOKENS, _TOKENS, _TOKENS),
    )


def check(
    connection: Connection[Any], question: Question, laws: tuple[Law, ...]
) -> None:
    """Ask about what is stored, in a transaction that leaves nothing behind."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('TimeZone', %s, TRUE)", (question.zone,))
        _store(connection, question.requests)
        found = [each for each in question.requests if question.scope.holds(each)]
        for law in laws:
            law(connection, question, found)


def _store(connection: Connection[Any], requests: list[Request]) -> None:
    rows = [
        (each.timestamp, each.train_id, each.account_id, each.model, *each.tokens)
        for each in requests
    ]
    connection.execute(
        "INSERT INTO api_requests (request_id, timestamp, train_id, account_id, model,"
        " input_tokens, output_tokens, cache_creation_input_tokens,"
        " cache_read_input_tokens, path, headers)"
        " SELECT gen_random_uuid(), given.*, '/', '{}' FROM unnest(%s::timestamptz[],"
        " %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::int[],"
        " %s::int[]) AS given",
        [list(column) for column in zip(*rows, strict=True)] or [[]] * 8,
    )


def _who(question: Question) -> dict[str, Any]:
    scope = question.scope
    return {
        "account_id": scope.account_id,
        "train_id": scope.train_id,
        "model": scope.model,
    }


def _sums(row: Any) -> Used:  # noqa: ANN401 (any of the rows, which share the sums)
    return Used(*(getattr(row, name) for name in Used.__match_args__))


def check_window(
    connection: Connection[Any], question: Question, requests: list[Request]
) -> None:
    for until in (question.since, question.until, question.since + question.width):
        row = conversations.get_usage(
            connection, **_who(question), duration=question.duration, until=until
        )
        expected = model.window(requests, question.duration, until)
        assert _sums(row) == expected, "law: the window"
        assert len(astuple(row)) == len(astuple(expected)), "law: all sums are checked"


def check_days(
    connection: Connection[Any], question: Question, requests: list[Request]
) -> None:
    rows = conversations.list_daily_usage(
        connection, **_who(question), days=question.days, until=question.until
    )
    found = [(row.used_on, _sums(row)) for row in rows]
    expected = model.daily(requests, question.days, question.until)
    assert found == expected, "law: the days"


def check_buckets(
    connection: Connection[Any], question: Question, requests: list[Request]
) -> None:
    rows = conversations.list_usage(
        connection,
        **_who(question),
        since=question.since,
        until=question.until,
        width=question.width,
    )
    found = [
        (row.started_at.astimezone(UTC), row.ended_at.astimezone(UTC), _sums(row))
        for row in rows
    ]
    expected = model.buckets(requests, question.since, question.until, question.width)
    assert found == expected, "law: the buckets"


def check_samples(
    connection: Connection[Any], question: Question, requests: list[Request]
) -> None:
    rows = conversations.list_sliding_usage(
        connection,
        **_who(question),
        since=question.since,
        until=question.until,
        step=question.width,
        duration=question.duration,
    )
    found = [(row.sampled_at.astimezone(UTC), _sums(row)) for row in rows]
    expected = model.sliding(
        requests, question.since, question.until, question.width, question.duration
    )
    assert found == expected, "law: the samples"


LAWS: tuple[Law, ...] = (check_window, check_days, check_buckets, check_samples)
