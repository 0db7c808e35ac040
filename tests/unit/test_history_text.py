"""The text of a history: values of each kind, names, options and declarations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.history.declaration import (
    Declaration,
)
from datalayer.history.function_text import function_body, function_text
from datalayer.history.migration_text import HistoryPlan, migration_text
from datalayer.history.model import TrackedColumn, TrackedTable, ValueKind
from datalayer.history.naming import (
    NAME_LIMIT,
    history_names,
    quote_name,
    unquote_name,
)
from datalayer.history.values import kind_of_type, settings_of_type

ID = TrackedColumn("id", "bigint", is_not_null=True)


def table(*columns: TrackedColumn, name: str = "item") -> TrackedTable:
    return TrackedTable(
        "public", name, (ID, *columns), ("id",), unique_columns=frozenset({"id"})
    )


def text_of(column: TrackedColumn, *, digest: bool = False) -> str:
    """Return the function for a table with one tracked column."""
    digested = (column.name,) if digest else ()
    declaration = Declaration("id", track=(column.name,), digest=digested)
    return function_text(table(column), declaration)


# Kinds of values

KINDS = {
    "bigint": ("int8", "b", {}, ValueKind.IDENTITY),
    "citext": ("citext", "b", {"is_builtin": False}, ValueKind.WRITTEN),
    "composite": ("spot", "c", {"is_builtin": False}, ValueKind.OBJECT),
    "enum": ("mood", "e", {"is_builtin": False}, ValueKind.IDENTITY),
    "float": ("float8", "b", {}, ValueKind.WRITTEN),
    "hstore": (
        "hstore",
        "b",
        {"is_builtin": False, "casts_to_json": True},
        ValueKind.OBJECT,
    ),
    "json": ("json", "b", {}, ValueKind.JSON_TEXT),
    "jsonb": ("jsonb", "b", {}, ValueKind.DOCUMENT),
    "numeric": ("numeric", "b", {}, ValueKind.WRITTEN),
    "padded": ("bpchar", "b", {}, ValueKind.WRITTEN),
    "range": ("tstzrange", "r", {}, ValueKind.WRITTEN),
    "someone's text": ("text", "b", {"is_builtin": False}, ValueKind.WRITTEN),
    "text": ("text", "b", {}, ValueKind.IDENTITY),
    "text where case is nothing": (
        "text",
        "b",
        {"is_deterministic": False},
        ValueKind.WRITTEN,
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_a_type(name: str) -> None:
    type_name, category, facts, kind = KINDS[name]
    known = {"is_builtin": True, "is_deterministic": True, "casts_to_json": False}

    assert kind_of_type(type_name, category=category, **(known | facts)) is kind


CHANGES = {
    ValueKind.IDENTITY: (
        "IF old.x IS DISTINCT FROM new.x THEN",
        "jsonb_build_object('x', new.x)",
        "_jsonb_digest_summary(to_jsonb(new.x))",
    ),
    ValueKind.DOCUMENT: (
        "IF ROW(old.x)::record *<> ROW(new.x)::record THEN",
        "_jsonb_history_value(new.x)",
        "_jsonb_digest_summary(new.x)",
    ),
    ValueKind.JSON_TEXT: (
        "IF old.x::jsonb::text IS DISTINCT FROM new.x::jsonb::text THEN",
        "_jsonb_history_value(new.x::jsonb)",
        "_jsonb_digest_summary(new.x::jsonb)",
    ),
    ValueKind.OBJECT: (
        "IF to_jsonb(old.x)::text IS DISTINCT FROM to_jsonb(new.x)::text THEN",
        "_jsonb_history_value(to_jsonb(new.x))",
        "_jsonb_digest_summary(to_jsonb(new.x))",
    ),
    ValueKind.WRITTEN: (
        "IF to_jsonb(old.x)::text IS DISTINCT FROM to_jsonb(new.x)::text THEN",
        "jsonb_build_object('x', new.x)",
        "_jsonb_digest_summary(to_jsonb(new.x))",
    ),
}


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.value)
def test_how_a_change_is_seen_and_recorded(kind: ValueKind) -> None:
    test, value, digest = CHANGES[kind]
    column = TrackedColumn("x", "?", kind)

    assert test in text_of(column)
    assert value in text_of(column)
    assert digest in text_of(column, digest=True)


def test_a_composite_is_not_taken_for_null_because_a_part_is() -> None:
    text = text_of(TrackedColumn("x", "spot", ValueKind.OBJECT))

    assert "IF new.x IS DISTINCT FROM NULL THEN" in text


@pytest.mark.parametrize(
    ("name", "in_text", "settings"),
    [
        ("timestamptz", False, {"timezone"}),
        ("timestamptz", True, {"timezone", "datestyle"}),
        ("date", False, set()),
        ("date", True, {"datestyle"}),
        ("interval", False, {"intervalstyle"}),
        ("float4", False, {"extra_float_digits"}),
        ("bytea", False, {"bytea_output"}),
        ("int4", True, set()),
    ],
)
def test_settings_of_a_type(name: str, in_text: bool, settings: set[str]) -> None:
    found = settings_of_type(name, category="b", is_builtin=True, in_text=in_text)

    assert found == settings


def test_only_settings_that_are_needed_are_set() -> None:
    assert "SET timezone" not in text_of(TrackedColumn("x", "bigint"))
    at = TrackedColumn("x", "date", json_settings=frozenset({"timezone"}))
    assert "SET timezone = 'UTC'" in text_of(at)


def test_more_columns_than_a_function_takes_arguments() -> None:
    columns = [TrackedColumn(f"c{number}", "bigint") for number in range(120)]
    names = tuple(column.name for column in columns)

    body = function_body(table(*columns), Declaration("id", track=names))

    assert body.count(") || jsonb_build_object(") == 2


# Names


@pytest.mark.parametrize("name", ["x" * 63, "ü" * 31, "a" * 36, 'q"' * 20])
def test_long_names_fit_and_stay_distinct(name: str) -> None:
    names = history_names(name)
    all_names = [
        names.history,
        names.function,
        names.trigger,
        names.refuse_key_change,
        names.refuse_truncate,
        names.append_only,
        names.default_partition,
        names.primary_key,
        names.operation_check,
        names.index("changed_fields"),
        names.history + "_y2026m11d21t230000",
    ]

    assert max(len(each.encode()) for each in all_names) <= NAME_LIMIT
    assert len(set(all_names)) == len(all_names)
    assert history_names(name) == names
    assert history_names(name[:-1] + "z") != names


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("item", "item"),
        ("Item", '"Item"'),
        ("select", '"select"'),
        ("then", '"then"'),
        ("time", "time"),
        ("a b", '"a b"'),
        ('say "hi"', '"say ""hi"""'),
        ("naïve", '"naïve"'),
        ("1st", '"1st"'),
        ("", '""'),
    ],
)
def test_quoting(name: str, quoted: str) -> None:
    assert quote_name(name) == quoted
    assert unquote_name(quoted) == name


def test_a_name_cannot_end_the_body_of_the_function() -> None:
    text = text_of(TrackedColumn("a$function$b", "bigint"))

    assert "AS $function1$" in text
    assert text.count("$function1$") == 2


def test_a_name_cannot_end_a_comment() -> None:
    odd = table(TrackedColumn("x", "bigint"), name="a\nDROP TABLE b")
    plan = HistoryPlan(odd, Declaration("id", track=("x",)), ("add",))

    header = migration_text(plan, "native").split("SELECT set_config")[0]

    assert [
        line for line in header.splitlines() if line and not line.startswith("--")
    ] == []


# Forms


def plan() -> HistoryPlan:
    columns = (TrackedColumn("status", "text"), TrackedColumn("x", "bigint"))
    return HistoryPlan(
        table(*columns), Declaration("id", track=("status", "x")), ("add",)
    )


def test_without_ref_nothing_is_about_it() -> None:
    native = migration_text(plan(), "native")
    timescaledb = migration_text(plan(), "timescaledb")

    assert "idx_item_history_entity_ref" not in native
    assert "segmentby" not in timescaledb
    assert "VALUES ('DELETE', old.id);" in native


def test_without_retention_nothing_is_dropped() -> None:
    assert "'1 day', NULL);" in migration_text(plan(), "native")
    assert "retention" not in migration_text(plan(), "timescaledb")


def test_changes_of_status_are_indexed_where_there_is_one() -> None:
    without = replace(plan(), declaration=Declaration("id", track=("x",)))

    assert "idx_item_history_status_changes" in migration_text(plan(), "native")
    assert "status_changes" not in migration_text(without, "native")


def test_hypertables_have_no_trigger_that_fires_always() -> None:
    plain = migration_text(plan(), "timescaledb")
    hyper = migration_text(replace(plan(), is_hypertable=True), "timescaledb")

    assert plain.count("ENABLE ALWAYS") == 3
    assert hyper.count("ENABLE ALWAYS") == 0
    assert migration_text(plan(), "native").count("ENABLE ALWAYS") == 5


def test_the_rest_of_the_primary_key_may_not_change_either() -> None:
    wide = replace(plan(), table=replace(plan().table, primary_key=("id", "x")))

    assert "WHEN (old.id <> new.id OR old.x <> new.x)" in migration_text(wide, "native")


def test_schemas_are_put_in_front_of_the_path() -> None:
    elsewhere = replace(
        plan(), table=replace(plan().table, schema="100% Shop", is_in_path=False)
    )

    text = migration_text(elsewhere, "native")

    assert """format('"100%% Shop", %I, pg_temp', current_schema())""" in text
