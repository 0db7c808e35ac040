"""One named query, run with arguments given as text."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.loader import load_queries
from datalayer.errors import ArgumentError, ProblemsFound, QueryNotFound
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datalayer.model import QuerySource


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a query returned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    #: The number of affected rows, or None where the server counts none.
    affected: int | None


def list_queries(folder: Path, *, root: Path) -> tuple[QuerySource, ...]:
    """Return the queries of a folder by name; raise `ProblemsFound` if any is wrong."""
    loaded = load_queries(folder, root=root)
    if loaded.problems:
        raise ProblemsFound(loaded.problems)
    return tuple(sorted(loaded.sources, key=lambda source: source.qualified_name))


def find_query(sources: Sequence[QuerySource], name: str) -> QuerySource:
    """Return the query of a qualified name, or of a bare one that is unique."""
    matches = [s for s in sources if name in (s.qualified_name, s.name)]
    exact = [s for s in matches if s.qualified_name == name]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    if matches:
        names = ", ".join(f"`{s.qualified_name}`" for s in matches)
        raise QueryNotFound(f"several queries are called `{name}`: {names}")
    near = _nearest(name, sources)
    raise QueryNotFound(
        f"no query is called `{name}`",
        help=f"did you mean {near}?" if near else "`datalayer query` lists them all",
    )


def run_query(
    connection: psycopg.Connection[tuple[object, ...]],
    source: QuerySource,
    arguments: Mapping[str, str | None],
) -> QueryResult:
    """Run a query; PostgreSQL reads each argument as it reads a literal in quotes.

    A parameter that is not given takes its default. The caller commits. Raises
    `ArgumentError` for an unknown or a missing argument before anything is sent.
    """
    values = _complete(source, arguments)
    label = f"/* {source.qualified_name} */\n"
    with psycopg.RawCursor(connection) as cursor:
        if source.operation is Operation.SCRIPT:
            cursor.execute((label + source.sql).encode())
            return QueryResult((), (), None)
        statement = numbered(source)
        # Text of unknown type: the server infers each type as Describe does.
        cursor.execute(
            (label + statement.sql).encode(), [values[name] for name in statement.order]
        )
        affected = cursor.rowcount if cursor.rowcount >= 0 else None
        if cursor.description is None:
            return QueryResult((), (), affected)
        columns = tuple(column.name for column in cursor.description)
        return QueryResult(columns, tuple(cursor.fetchall()), affected)


def _complete(
    source: QuerySource, arguments: Mapping[str, str | None]
) -> dict[str, str | None]:
    takes = ", ".join(f"`{name}`" for name in source.parameters) or "none"
    unknown = sorted(set(arguments) - set(source.parameters))
    if unknown:
        raise ArgumentError(
            f"`{source.qualified_name}` has no parameter `{unknown[0]}`",
            help=f"its parameters: {takes}",
        )
    values = {
        directive.name: _as_text(directive.default)
        for directive in source.parameter_directives
        if directive.has_default
    } | dict(arguments)
    missing = [name for name in source.parameters if name not in values]
    if missing:
        raise ArgumentError(
            f"`{source.qualified_name}` needs a value for `{missing[0]}`",
            help=f"add `--arg {missing[0]}=…`, or `--null {missing[0]}`",
        )
    return values


def _as_text(value: str | int | float | bool | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _nearest(name: str, sources: Sequence[QuerySource]) -> str:
    names = {s.name: s for s in sources} | {s.qualified_name: s for s in sources}
    close = difflib.get_close_matches(name, names, n=3)
    found = sorted({names[each].qualified_name for each in close})
    return ", ".join(f"`{each}`" for each in found)
