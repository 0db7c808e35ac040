"""What a page tells of two values of a field."""

from __future__ import annotations

from datetime import timedelta

import pytest

from datalayer.dashboard.differences import (
    MOST_DIFFERENCES,
    compare_field,
    recorded_value,
)
from datalayer.dashboard.formatting import age, compact, duration, number, percent, size
from datalayer.runtime.json import JsonValue


def _told(old: JsonValue, new: JsonValue) -> list[tuple[str, str, str]]:
    return [
        (each.path, each.old.text, each.new.text)
        for each in compare_field("field", old, new).differences
    ]


def test_plain_values_are_told_whole() -> None:
    assert _told("running", "failed") == [("", "running", "failed")]


def test_only_the_keys_that_differ_are_told() -> None:
    old: JsonValue = {"same": 1, "inner": {"left": 2, "same": []}, "gone": None}
    new: JsonValue = {"same": 1, "inner": {"left": 1, "same": []}, "new": "x"}

    assert _told(old, new) == [
        ("inner.left", "2", "1"),
        ("gone", "null", "absent"),
        ("new", "absent", "x"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, 1.0), (1, True), (0, False), ("1", 1), ([], {}), (None, False)],
    ids=repr,
)
def test_values_that_python_takes_for_equal_differ(
    old: JsonValue, new: JsonValue
) -> None:
    assert [path for path, _, _ in _told({"a": old}, {"a": new})] == ["a"]


def test_null_of_sql_and_of_json_are_told_apart() -> None:
    assert _told(None, {"$json": None}) == [("", "NULL", "null")]
    assert recorded_value(None).kind == "null"
    assert recorded_value({"$json": None}).kind == "json"


def test_what_differs_in_spelling_alone_is_told_whole() -> None:
    # As 1.0 and 1.00 do in PostgreSQL, and no longer in Python.
    assert _told({"a": 1.0}, {"a": 1.0}) == [("", '{"a": 1.0}', '{"a": 1.0}')]


def test_digests_are_short() -> None:
    digest: JsonValue = {
        "digest": "md5:0123456789abcdef",
        "size": 1234,
        "type": "array",
    }

    assert recorded_value(digest).text == "array, 1.2\xa0kB, md5 01234567…"


def test_many_differences_are_cut() -> None:
    new: JsonValue = {f"key{number}": number for number in range(100)}

    change = compare_field("field", {"x": 1}, new)

    assert len(change.differences) == MOST_DIFFERENCES
    assert change.hidden == 101 - MOST_DIFFERENCES


def test_deep_values_are_told_whole() -> None:
    old: JsonValue = 1
    new: JsonValue = 2
    for _ in range(200):
        old, new = {"a": old}, {"a": new}

    ((path, _, _),) = _told(old, new)
    assert path == ".".join("a" * 8)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0423, "42 ms"),
        (1.25, "1.2 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (252, "4 min 12 s"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
        (-5, "\N{MINUS SIGN}5.0 s"),
    ],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s ago"), (59, "59 s ago"), (3599, "59 min ago"), (90_000, "1 d ago")],
)
def test_ages_have_one_unit(seconds: float, text: str) -> None:
    assert age(timedelta(seconds=seconds)).replace("\xa0", " ") == text


def test_numbers_are_readable() -> None:
    assert number(1234567) == "1,234,567"
    assert [compact(value) for value in (0.5, 999, 12_300, 2_000_000, 1.5e9)] == [
        "0.5", "999", "12.3k", "2M", "1.5G",
    ]  # fmt: skip
    shares = [percent(part, 5).replace("\xa0", " ") for part in (0, 1.666, 5)]
    assert shares == ["0 %", "33.3 %", "100 %"]
    assert percent(1, 100_000) == "<\u202f0.1\xa0%"
    assert percent(0, 0) == "\N{EN DASH}"
    assert [size(count).replace("\xa0", " ") for count in (999, 1200, 5_000_000)] == [
        "999 B", "1.2 kB", "5.0 MB",
    ]  # fmt: skip
