"""What is asked of a history, and how its declaration is written and read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.history.declaration import (
    Declaration,
    UnreadableDeclaration,
    read_comment,
    write_comment,
)
from datalayer.history.errors import (
    HistoryColumnsError,
    HistoryDurationError,
    HistoryKeyError,
)
from datalayer.history.model import TrackedColumn, TrackedTable
from datalayer.history.naming import quote_name, unquote_name
from datalayer.history.options import (
    HistoryOptions,
    check_durations,
    command_lines,
    declare,
)

# Options

COLUMNS = TrackedTable(
    "public",
    "item",
    (
        TrackedColumn("id", "bigint", is_not_null=True),
        TrackedColumn("a", "text"),
        TrackedColumn("b", "text"),
        TrackedColumn("c,d", "text"),
        TrackedColumn("v", "text", is_virtual=True),
    ),
    primary_key=("id",),
    unique_columns=frozenset({"id"}),
)


def options(**changes: object) -> HistoryOptions:
    start = HistoryOptions("item", track=("a",), ignore=("b", "c,d", "v"))
    return replace(start, **changes)  # type: ignore[arg-type]  # of any field


def test_names_are_repeated_or_separated_by_commas() -> None:
    found = declare(options(track=("a, b", "c,d"), ignore=("v",)), COLUMNS)

    assert found.track == ("a", "b", "c,d")


def test_what_is_digested_is_tracked() -> None:
    found = declare(options(digest=("b", "a"), ignore=("c,d", "v")), COLUMNS)

    assert (found.track, found.digest) == (("a", "b"), ("b", "a"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"track": ("x",)}, "`--track` names `x`, which is no column"),
        ({"ref": "x"}, "`--ref` names `x`"),
        ({"track": ("a,a",)}, "`--track` names `a` twice"),
        ({"ignore": ("a,b", "c,d", "v")}, "`a` is in `--track` and in `--ignore`"),
        ({"initial": ("b",)}, "`b` is in `--initial` and in `--ignore`"),
        ({"track": ("id",)}, "`id` is the key"),
        ({"track": ("v",), "ignore": ("a",)}, "`v` is computed when it is read"),
        ({"track": ()}, "nothing of `item` is tracked"),
        ({"ignore": ("c,d",)}, "2 columns of `item` are not declared: `b`, `v`"),
        ({"ignore": ("b", "c,d")}, "1 column of `item` is not declared: `v`"),
    ],
)
def test_columns_that_do_not_fit(changes: dict[str, object], message: str) -> None:
    with pytest.raises(HistoryColumnsError) as caught:
        declare(options(**changes), COLUMNS)

    assert message in caught.value.message


def test_the_command_for_undeclared_columns_is_suggested() -> None:
    with pytest.raises(HistoryColumnsError) as caught:
        declare(options(ignore=("v",)), COLUMNS)

    assert caught.value.help is not None
    assert "--ignore v,b" in caught.value.help
    assert "--ignore c,d" in caught.value.help


@pytest.mark.parametrize(
    ("primary_key", "key", "message"),
    [
        ((), None, "has no primary key"),
        (("id", "a"), None, "has 2 columns: `id`, `a`"),
        ((), "a", "`--key a` can be NULL"),
        ((), "n", "is in no primary key or unique index"),
    ],
)
def test_keys_that_tell_nothing_apart(
    primary_key: tuple[str, ...], key: str | None, message: str
) -> None:
    columns = (*COLUMNS.columns, TrackedColumn("n", "text", is_not_null=True))
    other = replace(COLUMNS, columns=columns, primary_key=primary_key)

    with pytest.raises(HistoryKeyError) as caught:
        declare(options(key=key), other)

    assert message in caught.value.message


@pytest.mark.parametrize(
    "text", ["1 month", "90", "days", "0 days", "1.5 days", "-1 day"]
)
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(HistoryDurationError):
        check_durations(options(retain=text))
    with pytest.raises(HistoryDurationError):
        check_durations(options(step=text))


def test_the_command_asks_the_same_again() -> None:
    asked = options(track=("a",), key="id", grants=("Odd Role",), retain="90 days")

    lines = command_lines(asked, declare(asked, COLUMNS))

    assert lines == (
        "datalayer history add item \\",
        "    --track a \\",
        "    --ignore b \\",
        "    --ignore c,d \\",
        "    --ignore v \\",
        "    --key id \\",
        "    --retain '90 days' \\",
        "    --grant 'Odd Role'",
    )


# Declarations


@pytest.mark.parametrize("name", ["item", "Odd: {Name}", 'say "hi"', "naïve"])
def test_a_declaration_is_read_as_it_was_written(name: str) -> None:
    declared = Declaration(
        "id", None, ("a", 'b"', "c'"), ("a",), (), tuple(f"x{n}" for n in range(40))
    )

    table_name, found = read_comment(write_comment(quote_name(name), declared))

    assert unquote_name(table_name) == name
    assert found == declared


@pytest.mark.parametrize(
    "text",
    [
        "datalayer history of item",
        "datalayer history of item: {",
        "datalayer history of item: {not JSON}",
        'datalayer history of item: {"track": []}',
        'datalayer history of item: {"key": "id", "track": [1]}',
        'datalayer history of item: {"key": "id", "other": []}',
    ],
)
def test_unreadable_declarations(text: str) -> None:
    with pytest.raises(UnreadableDeclaration):
        read_comment(text)
