"""The table of functions, tried on values that functions like to stumble over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import psycopg
import pytest
from builtin_samples import SAMPLES

from datalayer.codegen.catalog import Catalog, Function
from datalayer.codegen.inference import builtins
from datalayer.codegen.inference.builtins import decisive_arguments, set_columns
from datalayer.server import Server, scratch_database

_MOST_CALLS = 40
# They act on the server, or need a large object, a sequence or a lock.
_NOT_TRIED = ("lo_", "pg_", "setval", "nextval", "currval", "lastval", "repeat")
# Rows, triggers and what only the server itself can call.
_INTERNAL = (2249, 2278, 2279, 2281, 2275, 3838)


@pytest.fixture(scope="module")
def connection(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as opened,
    ):
        opened.execute("SET client_min_messages = error")
        yield opened


def _functions(connection: psycopg.Connection[Any]) -> list[Function]:
    rows = connection.execute(
        "SELECT oid::int8 FROM pg_proc WHERE prokind = 'f' AND oid < 16384"
        " AND pronamespace = 'pg_catalog'::regnamespace"
        " AND NOT prorettype = ANY (%s::oid[]) ORDER BY oid",
        [list(_INTERNAL)],
    ).fetchall()
    catalog = Catalog(connection)
    found = [catalog.function(row[0]) for row in rows]
    return [function for function in found if function is not None]


def _calls(function: Function, decisive: tuple[int, ...]) -> Iterator[str]:
    """Yield calls whose decisive arguments are not NULL."""
    choices: list[list[str]] = []
    for position, type_ in enumerate(function.arguments):
        samples = [
            sample if "::" in sample or type_ == "record" else f"{sample}::{type_}"
            for sample in SAMPLES[type_]
        ]
        if position not in decisive:
            samples.append(f"NULL::{samples[0].rpartition('::')[2]}")
        choices.append(samples)
    # The combinations that differ in every place come first.
    width = max((len(samples) for samples in choices), default=1)
    diagonal = [tuple(s[i % len(s)] for s in choices) for i in range(width)]
    for arguments in islice((*diagonal, *product(*choices)), _MOST_CALLS):
        yield f'pg_catalog."{function.name}"({", ".join(arguments)})'


def _is_null(connection: psycopg.Connection[Any], call: str) -> bool:
    # Text tells NULL from a row of NULLs, for which IS NULL is true as well.
    result = connection.pgconn.exec_(f"SELECT {call}".encode())
    return result.ntuples == 1 and result.get_value(0, 0) is None


def test_trusted_functions_give_a_value_for_values(
    connection: psycopg.Connection[Any],
) -> None:
    wrong: list[str] = []
    tried = 0
    for function in _functions(connection):
        decisive = decisive_arguments(function, len(function.arguments))
        if decisive is None or function.name.startswith(_NOT_TRIED):
            continue
        if not set(function.arguments) <= SAMPLES.keys():
            continue
        tried += 1
        wrong += [c for c in _calls(function, decisive) if _is_null(connection, c)]

    assert wrong == []
    assert tried > 1400


def test_every_key_of_the_tables_is_a_function(
    connection: psycopg.Connection[Any],
) -> None:
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


def test_functions_with_samples_of_null_really_give_null(
    connection: psycopg.Connection[Any],
) -> None:
    shown = {
        function.name
        for function in _functions(connection)
        if {function.name, function.signature} & builtins._NULLABLE
        and set(function.arguments) <= SAMPLES.keys()
        and not function.returns_set
        and any(
            _is_null(connection, call)
            for call in _calls(function, tuple(range(len(function.arguments))))
        )
    }

    expected = {
        "array_length",
        "bool",
        "area",
        "jsonb_object_field",
        "lower",
        "scale",
    }
    assert expected <= shown


def test_functions_that_are_not_in_the_catalogue_of_postgresql_are_not_trusted() -> (
    None
):
    mine = Function(99999, "lower", ("text",), False, True, False, False)

    assert decisive_arguments(mine, 1) is None
    assert set_columns(mine) == ()
