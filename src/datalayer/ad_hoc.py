"""One named query, run with arguments given as text."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from datalayer.ad_hoc_pages import (
    check_maxima,
    chosen_order,
    own_arguments,
    page_of_rows,
    values_of_page,
)
from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.loader import load_queries
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.codegen.rendering.labels import labelled
from datalayer.errors import ArgumentError, ProblemsFound, QueryNotFound
from datalayer.model import Operation, Variant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from datalayer.model import QuerySource


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a query returned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    #: The number of affected rows, or None where the server counts none.
    affected: int | None
    #: Whether the rows are a page, and the cursor of the next one.
    is_page: bool = False
    next: str | None = None


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

    A parameter that is not given takes its default; without one, what it is optional
    for is left out. The caller commits. Raises `ArgumentError` for an unknown or a
    missing argument before anything is sent, and `InvalidLimit` and `InvalidCursor` as
    the generated function does.
    """
    order = chosen_order(source, arguments)
    values = _complete(source, arguments)
    check_maxima(source, values)
    if source.ordering and source.ordering.page:
        cursor_argument = arguments.get("cursor")
        return _run_page(connection, source, values, cursor_argument, order)
    with psycopg.RawCursor(connection) as cursor:
        if source.operation is Operation.SCRIPT:
            cursor.execute(labelled(source.sql, source.qualified_name).encode())
            return QueryResult((), (), None)
        _execute(cursor, source, values, order)
        affected = cursor.rowcount if cursor.rowcount >= 0 else None
        if cursor.description is None:
            return QueryResult((), (), affected)
        columns = tuple(column.name for column in cursor.description)
        return QueryResult(columns, tuple(cursor.fetchall()), affected)


def _execute(
    cursor: psycopg.RawCursor[tuple[object, ...]],
    source: QuerySource,
    values: Mapping[str, object],
    order: str | None,
) -> None:
    statement = numbered(source, Variant(frozenset(values), order))
    sql = labelled(statement.sql, source.qualified_name)
    # Text of unknown type: the server infers each type as Describe does.
    cursor.execute(sql.encode(), [values[name] for name in statement.order])


def _run_page(
    connection: psycopg.Connection[tuple[object, ...]],
    source: QuerySource,
    values: Mapping[str, str | None],
    position: str | None,
    order: str | None,
) -> QueryResult:
    assert source.ordering is not None  # the caller asked
    given = values_of_page(connection, source, values, cursor=position, order=order)
    with psycopg.RawCursor(connection) as cursor:
        _execute(cursor, source, given, order)
        columns = tuple(column.name for column in cursor.description or ())
        rows = cursor.fetchall()
    limit = int(values[source.ordering.limit] or 0)
    page = page_of_rows(connection, source, columns, rows, limit=limit, order=order)
    return QueryResult(columns, tuple(page.items), None, is_page=True, next=page.next)


def _complete(
    source: QuerySource, arguments: Mapping[str, str | None]
) -> dict[str, str | None]:
    own = own_arguments(source)
    takes = quoted_list([*source.parameters, *own]) or "none"
    unknown = sorted(set(arguments) - {*source.parameters, *own})
    if unknown:
        raise ArgumentError(
            f"`{source.qualified_name}` has no parameter `{unknown[0]}`",
            help=f"its parameters: {takes}",
        )
    values = {
        directive.name: _as_text(directive.default)
        for directive in source.parameter_directives
        if directive.has_default
    } | {name: text for name, text in arguments.items() if name not in own}
    optional = source.optional_parameters
    missing = [n for n in source.parameters if n not in values and n not in optional]
    if missing:
        raise ArgumentError(
            f"`{source.qualified_name}` needs a value for `{missing[0]}`",
            help=f"add `--arg {missing[0]}=…`, or `--null {missing[0]}`",
        )
    _refuse_incomplete(source, values.keys())
    return values


def _refuse_incomplete(source: QuerySource, given: Collection[str]) -> None:
    """Refuse what the generated function refuses with `IncompleteArguments`."""
    for names in source.needed:
        if not any(name in given for name in names):
            raise ArgumentError(
                f"`{source.qualified_name}` has nothing to change",
                help=f"add `--arg` for at least one of {quoted_list(names)}",
            )
    parts = source.optional_parts
    used = {name for part in parts if part.is_in(given) for name in part.all_of}
    for part in parts:
        missing = [name for name in part.all_of if name not in given]
        unused = [n for n in part.all_of if n in given and n not in used]
        if missing and unused:
            raise ArgumentError(
                f"`{source.qualified_name}` needs `{missing[0]}` with `{unused[0]}`",
                help=f"add `--arg {missing[0]}=…`, or leave out `{unused[0]}`",
            )


def _as_text(value: str | int | float | bool | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _nearest(name: str, sources: Sequence[QuerySource]) -> str:
    names = {s.name: s for s in sources} | {s.qualified_name: s for s in sources}
    close = difflib.get_close_matches(name, names, n=3)
    found = sorted({names[each].qualified_name for each in close})
    return ", ".join(f"`{each}`" for each in found)
