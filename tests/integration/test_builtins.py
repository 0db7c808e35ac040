"""The facts about functions, tried on values that functions like to stumble over.

Each run tries another share of them; `DATALAYER_ALL_FUNCTIONS=1` makes it all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from datalayer.codegen.function_catalog import Function
from datalayer.codegen.inference import builtins
from datalayer.codegen.inference.builtins import decisive_arguments, set_columns
from datalayer.codegen.inference.facts import attacked_functions
from datalayer.server import Server, scratch_database
from function_facts.calls import (
    Connection,
    Target,
    attack,
    list_targets,
    open_attacked,
)
from function_facts.report import Report, attack_server

_MOST_CALLS = 25
#: Of so many functions one is tried.
_SHARE = 1 if os.environ.get("DATALAYER_ALL_FUNCTIONS") else 8
_NAMES = """
SELECT
    proname::text,
    proname || '(' || array_to_string(ARRAY(
        SELECT typname
        FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(type, position)
        INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.type
        ORDER BY position
    ), ',') || ')'
FROM pg_catalog.pg_proc
WHERE pg_proc.oid < 16384
"""


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[Connection]:
    with scratch_database(server.url()) as url, open_attacked(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def targets(connection: Connection) -> dict[str, Target]:
    return {each.function.signature: each for each in list_targets(connection)}


@pytest.fixture(scope="module")
def report(connection: Connection) -> Report:
    found = Report()
    share = slice(random.randrange(_SHARE), None, _SHARE)
    attack_server(connection, found, _MOST_CALLS, timeout="100ms", share=share)
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
    assert sum(mark == "!" for mark in report.marks.values()) > 1500 // _SHARE


def test_every_strict_function_of_the_server_was_attacked(report: Report) -> None:
    new = sorted(report.marks.keys() - attacked_functions().keys())

    assert new == [], "run `scripts/facts` with a server of each version"


def test_every_key_of_the_tables_is_a_function(connection: Connection) -> None:
    known = {key for row in connection.execute(_NAMES).fetchall() for key in row}
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
    connection: Connection, targets: dict[str, Target], signature: str
) -> None:
    found = attack(connection, targets[signature], range(9), _MOST_CALLS)

    assert found.null is not None


def test_function_that_no_attack_knows_is_not_trusted() -> None:
    new = Function(1, "brand_new", ("text",), True, True, False, False)

    assert decisive_arguments(new, 1) is None


def test_functions_that_are_not_in_the_catalogue_of_postgresql_are_not_trusted() -> (
    None
):
    mine = Function(99999, "lower", ("text",), False, True, False, False)

    assert decisive_arguments(mine, 1) is None
    assert set_columns(mine) == ()
