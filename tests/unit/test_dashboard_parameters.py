"""What an address asks for, and what it cannot ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from datalayer.dashboard.parameters import (
    BadParameter,
    read_before,
    read_id,
    read_overview_request,
    read_search,
)

NOW = datetime(2026, 11, 21, 10, 37, tzinfo=UTC)


def test_without_parameters_the_last_hours_are_meant() -> None:
    period = read_overview_request({}, default_hours=6).period(NOW)

    assert (period.since, period.until) == (NOW - timedelta(hours=6), NOW)


def test_times_are_those_of_utc() -> None:
    query = {"since": "2026-11-20T08:00", "until": "2026-11-20T12:00+02:00"}

    period = read_overview_request(query).period(NOW)

    assert period.since == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert period.until == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_until_alone_ends_the_last_hours() -> None:
    period = read_overview_request({"until": "2026-11-20"}).period(NOW)

    assert period.since == datetime(2026, 11, 19, tzinfo=UTC)


def test_hours_that_are_begun_count_whole() -> None:
    period = read_overview_request({"hours": "2"}).period(NOW)

    assert period.first_hour == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert period.end_of_last_hour == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert period.hours == 3


@pytest.mark.parametrize(
    "query",
    [
        {"hours": "0"},
        {"hours": "8761"},
        {"hours": "-1"},
        {"hours": "1e3"},
        {"hours": "²"},
        {"hours": "9" * 400},
        {"since": "yesterday"},
        {"since": "0001-01-01"},
        {"since": "9999-12-31"},
        {"until": "now()"},
        {"since": "2026-11-20", "hours": "3"},
        {"action_ref": "a\0b"},
        {"action_ref": "a" * 501},
    ],
    ids=lambda query: str(query)[:40],
)
def test_what_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadParameter, match=r"^`"):
        read_overview_request(query)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-11-22"},
        {"since": "2026-11-20", "until": "2026-11-20"},
        {"since": "2024-01-01"},
    ],
)
def test_ranges_that_are_empty_or_too_long_are_refused(query: dict[str, str]) -> None:
    request = read_overview_request(query)

    with pytest.raises(BadParameter):
        request.period(NOW)


def test_links_keep_what_they_do_not_change() -> None:
    request = read_overview_request(
        {"since": "2026-11-20", "until": "2026-11-21", "action_ref": "a&b <c>"}
    )

    assert request.link(action_ref=None) == (
        "/?since=2026-11-20T00%3A00&until=2026-11-21T00%3A00"
    )
    assert request.link(hours=6) == "/?hours=6&action_ref=a%26b+%3Cc%3E"


def test_numbers_of_entities_are_those_of_bigint() -> None:
    assert read_id(str(2**63 - 1)) == 2**63 - 1
    assert [
        read_id(text) for text in (str(2**63), "-1", "x", "", "\u0661", "1" * 30)
    ] == [None] * 6


def test_pages_of_history_are_numbered() -> None:
    assert read_before({}) is None
    assert read_before({"before": "7"}) == 7
    with pytest.raises(BadParameter):
        read_before({"before": "x"})


def test_searches_are_trimmed() -> None:
    assert read_search({"q": "  mail.send "}) == "mail.send"
