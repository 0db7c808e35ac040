"""The facts about functions, tried on values that functions like to stumble over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datalayer.codegen.catalog import Catalog, Function
from datalayer.codegen.inference import builtins
from datalayer.codegen.inference.builtins import decisive_arguments, set_columns
from datalayer.codegen.inference.facts import attacked_functions
from datalayer.server import Server, scratch_database
from function_facts.calls import Connection, attack, list_targets, open_attacked
from function_facts.report import Report, attack_server, strict_functions

_MOST_CALLS = 25


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    # Endless series of rows are cut short; a call that is cut short says nothing.
    with (
        scratch_database(server.url()) as url,
        open_attacked(url, timeout="100ms") as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def report(connection: Connection) -> Report:
    found = Report()
    attack_server(connection, found, _MOST_CALLS)
    return found


def test_trusted_functions_give_a_value_for_values(report: Report) -> None:
    facts = attacked_functions()

    wrong = [
        signature
        for signature, mark in report.marks.items()
        if mark == "?" and facts[signature] == "!"
    ]
    assert wrong == []
    assert report.wrong == []
    assert sum(mark == "!" for mark in report.marks.values()) > 1500


def test_every_strict_function_of_the_server_was_attacked(
    connection: Connection,
) -> None:
    facts = attacked_functions()

    new = [
        function.signature
        for function in strict_functions(connection)
        if function.signature not in facts
    ]
    assert new == [], "run `scripts/facts` with a server of each version"


def test_every_key_of_the_tables_is_a_function(connection: Connection) -> None:
    rows = connection.execute("SELECT oid::int8 FROM pg_proc WHERE oid < 16384")
    catalog = Catalog(connection)
    functions = [catalog.function(row[0]) for row in rows.fetchall()]
    known = {f.name for f in functions if f} | {f.signature for f in functions if f}
    keys = [
        *builtins._NULLABLE,
        *builtins._ALWAYS_FOUND,
        *builtins._DECISIVE,
        *builtins._ALL_NULL,
        *builtins._SETS,
        *builtins.NEVER_NULL_AGGREGATES,
        *builtins.ROW_AGGREGATES,
        *builtins.VALUE_AGGREGATES,
        *builtins.NEVER_NULL_WINDOWS,
        *builtins.FRAME_WINDOWS,
    ]

    assert sorted(key for key in keys if key not in known) == []


@pytest.mark.parametrize(
    "signature",
    ["array_length(anyarray,int4)", "area(path)", "lower(anyrange)", "scale(numeric)"],
)
def test_attack_finds_the_null_of_a_function(
    connection: Connection, signature: str
) -> None:
    targets = [
        target
        for target in list_targets(connection)
        if target.function.signature == signature
    ]

    found = [attack(connection, each, range(9), _MOST_CALLS) for each in targets]
    assert [bool(each.null) for each in found] == [True]


def test_function_that_no_attack_knows_is_not_trusted() -> None:
    new = Function(1, "brand_new", ("text",), True, True, False, False)

    assert decisive_arguments(new, 1) is None


def test_functions_that_are_not_in_the_catalogue_of_postgresql_are_not_trusted() -> (
    None
):
    mine = Function(99999, "lower", ("text",), False, True, False, False)

    assert decisive_arguments(mine, 1) is None
    assert set_columns(mine) == ()
