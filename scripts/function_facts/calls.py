"""Calls of functions with every kind of boundary value, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from random import Random
from typing import Any

import psycopg

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.function_catalog import Function
from function_facts.samples import SAMPLES

Connection = psycopg.Connection[Any]

#: What functions are given as objects of a database.
OBJECTS = """
CREATE TYPE sample_enum AS ENUM ('first', 'middle', 'last');
CREATE SEQUENCE sample_sequence;
CREATE TABLE sample_table (id int PRIMARY KEY, label text);
SELECT pg_catalog.nextval('sample_sequence');
"""
# They act on the server or its files, or read whole databases.
_NOT_CALLED = (
    *("binary_upgrade_", "database_to_xml", "lo_", "pg_cancel_backend"),
    *("pg_terminate_backend", "schema_to_xml"),
)
# What only the server itself can call, or give.
_INTERNAL_ARGUMENTS = frozenset({"cstring", "internal"})
_INTERNAL_RESULTS = (269, 325, 2275, 2279, 2280, 2281, 3115, 3310, 3838)
_FUNCTIONS = """
SELECT oid::int8, provariadic <> 0 FROM pg_catalog.pg_proc
WHERE
    prokind = 'f'
    AND oid < 16384
    AND pronamespace = 'pg_catalog'::regnamespace
    AND NOT prorettype = ANY (%s::oid[])
ORDER BY oid
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A function of PostgreSQL that a query can call."""

    function: Function
    variadic: bool


@dataclass(frozen=True, slots=True)
class Attack:
    """What came of calls of one function with arguments that are not NULL."""

    function: Function
    #: How many calls gave something, and the first one that gave NULL.
    answers: int
    null: str | None


def open_attacked(url: str) -> Connection:
    """Connect to a scratch database, and create what functions are called with."""
    opened: Connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
    opened.execute("SET client_min_messages = error")
    opened.execute(OBJECTS)
    return opened


def limit_calls(connection: Connection, timeout: str) -> None:
    """Cut calls short that take longer: endless series of rows, above all."""
    connection.execute("SELECT set_config('statement_timeout', %s, false)", [timeout])


def list_targets(connection: Connection) -> list[Target]:
    """Return the functions that can be called without harm, by their OIDs."""
    rows = connection.execute(_FUNCTIONS, [list(_INTERNAL_RESULTS)]).fetchall()
    catalog = Catalog(connection)
    found = [(catalog.function(oid), variadic) for oid, variadic in rows]
    return [
        Target(function, variadic)
        for function, variadic in found
        if function is not None and _can_be_called(function)
    ]


def _can_be_called(function: Function) -> bool:
    return (
        _INTERNAL_ARGUMENTS.isdisjoint(function.arguments)
        and not function.name.startswith(_NOT_CALLED)
        and all(SAMPLES.get(type_) for type_ in function.arguments)
    )


def attack(
    connection: Connection, target: Target, decisive: Sequence[int], most: int
) -> Attack:
    """Call a function until it gives NULL for decisive arguments that are not."""
    answers = 0
    for call in list_calls(target, decisive, most):
        given = _answer(connection, call)
        if given is None:
            return Attack(target.function, answers, call)
        answers += given
    return Attack(target.function, answers, None)


def list_calls(target: Target, decisive: Sequence[int], most: int) -> Iterator[str]:
    """Yield calls whose decisive arguments are not NULL."""
    function, last = target.function, len(target.function.arguments) - 1
    choices = [
        _literals(
            type_,
            nullable=position not in decisive,
            variadic=target.variadic and position == last,
        )
        for position, type_ in enumerate(function.arguments)
    ]
    for arguments in _combinations(choices, most, function.signature):
        yield f'pg_catalog."{function.name}"({", ".join(arguments)})'


def _answer(connection: Connection, call: str) -> int | None:
    """Return 1 for a value, 0 for an error or no row at all, and None for NULL."""
    # Text tells NULL from a row of NULLs, for which IS NULL is true as well.
    result = connection.pgconn.exec_(f"SELECT {call} LIMIT 1".encode())
    if result.ntuples != 1:
        return 0
    return None if result.get_value(0, 0) is None else 1


def _literals(type_: str, *, nullable: bool, variadic: bool) -> list[str]:
    name = f'"{type_}"' if type_ == "char" else type_
    found = [
        sample if "::" in sample or type_ == "record" else f"{sample}::{name}"
        for sample in SAMPLES[type_]
    ]
    null = f"NULL::{found[0].rpartition('::')[2]}"
    if variadic and type_ == "any":
        return [*found, null, "VARIADIC '{a,b}'::text[]", "VARIADIC '{NULL,b}'::text[]"]
    if variadic:
        return [f"VARIADIC {sample}" for sample in found]
    return [*found, null] if nullable else found


def _combinations(
    choices: list[list[str]], most: int, seed: str
) -> Iterator[tuple[str, ...]]:
    """Yield all combinations, or some of many, the same ones in each run."""
    if prod(len(samples) for samples in choices) <= most:
        yield from product(*choices)
        return
    # Those that differ in every place come first.
    width = max(len(samples) for samples in choices)
    for index in range(width):
        yield tuple(samples[index % len(samples)] for samples in choices)
    random = Random(seed)
    for _ in range(most - width):
        yield tuple(random.choice(samples) for samples in choices)
