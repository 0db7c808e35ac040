"""What a project says its types are in Python, and what it may not say."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg.types import TypeInfo
from psycopg.types.hstore import register_hstore
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from datalayer.codegen.type_settings import check_settings
from datalayer.errors import ConfigurationError
from datalayer.server import Server, scratch_database

CASES = Path(__file__).resolve().parents[1] / "golden" / "modules"
_HSTORE = {"": "", "a": None, 'k"\\,=>': "{NULL}", "é\n": " x "}


def _module(case: str, name: str) -> Iterator[ModuleType]:
    """Return a generated module of a golden case, imported for a while."""
    sys.path.insert(0, str(CASES / case))
    try:
        yield importlib.import_module(f"expected.{name}")
    finally:
        sys.path.remove(str(CASES / case))
        for each in [n for n in sys.modules if n.partition(".")[0] == "expected"]:
            del sys.modules[each]


@pytest.fixture
def measures() -> Iterator[ModuleType]:
    yield from _module("own_types", "measures")


@pytest.fixture
def spans() -> Iterator[ModuleType]:
    yield from _module("own_types", "spans")


@pytest.fixture
def items() -> Iterator[ModuleType]:
    yield from _module("extension_types", "items")


def _database(server: Server, case: str) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute((CASES / case / "schema.sql").read_bytes())
        yield connection


@pytest.fixture
def own(server: Server) -> Iterator[psycopg.Connection[Any]]:
    yield from _database(server, "own_types")


@pytest.fixture
def extended(server: Server) -> Iterator[psycopg.Connection[Any]]:
    yield from _database(server, "extension_types")


def test_classes_of_the_project_come_back(
    own: psycopg.Connection[Any], measures: ModuleType
) -> None:
    shapes = [PurePosixPath("a:b/c"), PurePosixPath('"{}"'), PurePosixPath("NULL")]

    measures.create_measure(
        own,
        id=2**40,
        ratio=Fraction(-1, 3),
        note="a note",
        ratios=[Fraction(1, 2), Fraction(5)],
        shapes=shapes,
    )

    assert measures.list_measures(own) == [
        measures.Measure(
            id=2**40,
            ratio=Fraction(-1, 3),
            note="a note",
            ratios=[Fraction(1, 2), Fraction(5)],
            shapes=shapes,
        )
    ]


def test_their_defaults_and_nulls_come_back(
    own: psycopg.Connection[Any], measures: ModuleType
) -> None:
    measures.create_measure(own, id=1, ratios=None, shapes=None)

    assert measures.list_measures(own) == [
        measures.Measure(1, Fraction(1, 2), "none", None, None)
    ]
    assert measures.get_ratio(own) == Fraction(1, 2)


def test_a_type_of_postgresql_that_is_text_may_be_a_class(
    own: psycopg.Connection[Any], measures: ModuleType
) -> None:
    location = PurePosixPath("16/B374D848")

    assert measures.get_location(own, location=location) == location


def test_ranges_of_the_database_come_back(
    own: psycopg.Connection[Any], spans: ModuleType
) -> None:
    week: Any = sys.modules["expected.enums"].__dict__["Week"]
    span = spans.Span(
        floats=Range(0.5, 1.5),
        several=Multirange([Range(0.0, 1.0), Range(2.5, None, "()")]),
        names=Multirange([Range('a "b", [c]', "d\\e"), Range("x", "y,{}", "[]")]),
        days=Range(week.MON, week.WED, "[]"),
        list=[Range(1.0, 2.0), Range(empty=True), Range(None, None, "()")],
        positive=Range(1.0, None),
    )
    lowest = spans.Span(
        Range(float("-inf"), 1e-300), Multirange(), None, None, [], None
    )
    names = spans.Span.__slots__

    for each in (span, lowest):
        spans.create_span(own, **{name: getattr(each, name) for name in names})

    assert spans.list_spans(own) == [span, lowest]
    assert spans.list_spans_with(own, number=1) == [span]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("public.no_such_type", "names `public.no_such_type`, which the database"),
        ("pg_catalog.int4", "which is `int` already"),
        ("extensions.hstore", r"which is `dict\[str, str \| None\]` already"),
        ("public._citext", "which is an array"),
        ("public.item", "which is a composite type"),
        ("pg_catalog.int4range", "which is a range"),
        ("pg_catalog.trigger", "which is a pseudo-type"),
    ],
    ids=["missing", "known", "hstore", "array", "composite", "range", "pseudo"],
)
def test_a_setting_that_could_do_nothing_is_refused(
    extended: psycopg.Connection[Any], setting: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        check_settings(extended, {setting: "str"})

    assert raised.value.help


def test_a_setting_of_text_is_accepted(extended: psycopg.Connection[Any]) -> None:
    check_settings(extended, {"public.citext": "app.types.Name"})


@pytest.mark.parametrize("registered", [False, True], ids=["plain", "registered"])
def test_types_of_extensions_come_back(
    extended: psycopg.Connection[Any], items: ModuleType, *, registered: bool
) -> None:
    if registered:
        for name in ("extensions.hstore", "citext"):
            info = TypeInfo.fetch(extended, name)
            assert info
            info.register(extended)
            if name.endswith("hstore"):
                register_hstore(info, extended)
    item = items.Item(
        id=1,
        areas=["(1,1),(0,0)", "(3,3),(2,2)"],
        attributes=_HSTORE,
        former=[_HSTORE, {}],
        isbn="978-0-393-04002-9",
        names=["a", 'B,"{}\\'],
        path="Top.A",
        paths=["Top", ""],
        place="(1, 2)",
    )

    items.create_item(extended, **{n: getattr(item, n) for n in items.Item.__slots__})

    assert items.list_items(extended) == [item]
    assert items.list_paths_below(extended, path="Top")[0].path == "Top.A"
    assert items.get_attribute(extended, attributes={"a": "b"}, name="a") == "b"
