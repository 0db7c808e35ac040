"""Generated functions that read and echo values of many types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from datalayer.codegen.pipeline import generate_modules
from datalayer.codegen.rendering.writer import write_modules
from datalayer.config import Config
from datalayer.proving.annotations import mismatches
from datalayer.proving.functions import Function, Functions, load_functions
from datalayer.proving.session import Session

#: An array as nested lists of literals.
Nested = list["str | Nested | None"]

_QUERIES = """
-- name: read_{name}(literal)$
-- Return a value that PostgreSQL reads.
SELECT cast(:literal::text AS {type}) AS value;

-- name: echo_{name}(value)$
-- @param value null
-- @param value[] null
-- Return the value itself.
SELECT :value::{type} AS value;
"""
_RESULT = """
-- name: get_{name}()$
-- Return a value of the type.
{sql};
"""


@dataclass(frozen=True, slots=True)
class Echo:
    """The functions of one type."""

    read: Functions
    echo: Functions


def query_file(types: Mapping[str, str]) -> str:
    """Return queries for types, by the names of the queries, and for their arrays."""
    texts = []
    for name, type_ in types.items():
        scalar = _QUERIES.format(name=name, type=type_)
        texts.append(scalar.replace("-- @param value[] null\n", ""))
        texts.append(_QUERIES.format(name=f"{name}_list", type=f"{type_}[]"))
    return "".join(texts)


def result_file(results: Mapping[str, str]) -> str:
    """Return queries that take nothing."""
    return "".join(
        _RESULT.format(name=name, sql=sql.rstrip(";")) for name, sql in results.items()
    )


def load_file(
    url: str,
    folder: Path,
    text: str,
    *,
    package: str,
    types: Mapping[str, str] | None = None,
) -> dict[str, Functions]:
    """Return the generated functions of a query file, by the names of its queries."""
    queries, output = folder / "queries", folder / package
    queries.mkdir(parents=True)
    (queries / "types.sql").write_text(text)
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        generated = generate_modules(
            connection, queries=queries, root=folder, package=package, types=types
        )
    write_modules(output, generated.modules)
    config = Config(folder, queries, folder, output, package)
    return {
        shape.source.name: load_functions(config, shape) for shape in generated.shapes
    }


def array_literal(items: Nested, delimiter: str = ",") -> str:
    """Return an array as PostgreSQL reads it."""
    return "{" + delimiter.join(_element(item, delimiter) for item in items) + "}"


def _element(item: str | Nested | None, delimiter: str) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return array_literal(item, delimiter)
    return '"' + re.sub(r'(["\\])', r"\\\1", item) + '"'


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Take back what is done, and go on after an error."""
    session.send("BEGIN")
    try:
        yield
    finally:
        session.send("ROLLBACK")


def call_both(session: Session, functions: Functions, **arguments: object) -> Any:  # noqa: ANN401 - of any type
    """Return what both functions return, which must be the same."""
    with undone(session):
        sync = functions.sync.call(session.connection, **arguments)
        aio = session.run(functions.aio.call(session.twin, **arguments))
    assert repr(sync) == repr(aio)
    return sync


def untrue(function: Function, value: Any) -> list[str]:  # noqa: ANN401 - of any type
    """Return what an annotation says wrongly of a value; rows of arrays singly."""
    # As documented, an array of two dimensions comes as a list of lists.
    values = value if _is_nested(value) else [value]
    return [
        f"{value!r:.60} is declared {each.declared}, found {each.found}"
        for row in values
        for each in mismatches(row, function.result)
    ]


def _is_nested(value: object) -> bool:
    # A list of JSON may have lists among its elements.
    return isinstance(value, list) and all(isinstance(each, list) for each in value)


def arrays_of(literals: Iterable[str]) -> list[Nested]:
    """Return arrays: empty, of NULL alone, of all, and of two dimensions."""
    every: Nested = [*literals]
    pair: Nested = [every[0], every[-1]]
    return [[], [None], [*every, None], [pair, [None, *pair[:1]]]]
