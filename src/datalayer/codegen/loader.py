"""Named SQL files, loaded by aiosql."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiosql import SQLLoadException, SQLParseException
from aiosql.adapters.pyformat import PyFormatAdapter
from aiosql.queries import Queries
from aiosql.query_loader import QueryLoader
from aiosql.types import SQLOperationType

from datalayer.codegen.query_files import read_query_file
from datalayer.codegen.query_folder import find_query_files, read_source
from datalayer.codegen.rendition import render_for_aiosql, shown_name
from datalayer.errors import AiosqlDisagreement, DuplicateQueryError, LocatedError
from datalayer.location import excerpt
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from aiosql.types import QueryDatum

    from datalayer.model import QuerySource

_OPERATIONS = {
    Operation.AFFECTED: SQLOperationType.INSERT_UPDATE_DELETE,
    Operation.MANY: SQLOperationType.SELECT,
    Operation.MANY_PARAMETERS: SQLOperationType.INSERT_UPDATE_DELETE_MANY,
    Operation.ONE: SQLOperationType.SELECT_ONE,
    Operation.RETURNING: SQLOperationType.INSERT_RETURNING,
    Operation.SCRIPT: SQLOperationType.SCRIPT,
    Operation.VALUE: SQLOperationType.SELECT_VALUE,
}


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The queries of a folder and the problems of its files, both by place."""

    sources: tuple[QuerySource, ...]
    problems: tuple[LocatedError, ...]


def load_queries(folder: Path, *, root: Path) -> LoadResult:
    """Load every `*.sql` file below a folder; paths are told relative to `root`.

    Never raises for what the files contain: a query that is wrong is left out, and its
    problems are returned.
    """
    found = find_query_files(folder, root=root)
    sources: list[QuerySource] = []
    problems = list(found.problems)
    for query_file in found.files:
        try:
            text = read_source(query_file)
        except LocatedError as problem:
            problems.append(problem)
            continue
        queries = read_query_file(text, query_file.module)
        sources += queries.queries
        problems += queries.problems
    problems += _name_clashes(sources)
    for source in sources:
        problems += _disagreements(source)
    return LoadResult(
        tuple(sorted(sources, key=lambda source: source.location)),
        tuple(sorted(problems, key=lambda problem: problem.location)),
    )


def _disagreements(source: QuerySource) -> Iterator[AiosqlDisagreement]:
    """Let aiosql load a query; yield what it reads otherwise than the scanner."""
    name = source.record_class
    loader = QueryLoader(
        _adapter(), record_classes={name: name} if name else None, attribute="__"
    )
    try:
        data = loader.load_query_data_from_sql(
            render_for_aiosql(source), list(source.module[:-1]), source.location.path
        )
    except (SQLLoadException, SQLParseException, ValueError) as error:
        yield _disagreement(source, f"aiosql cannot load `{source.name}`: {error}")
        return
    expected = _reading(source)
    actual = [_aiosql_reading(datum) for datum in data]
    if actual != [expected]:
        yield _disagreement(
            source, f"aiosql reads `{source.name}` otherwise: {actual} for {expected}"
        )


def _adapter() -> PyFormatAdapter:
    return PyFormatAdapter()  # type: ignore[no-untyped-call]  # aiosql has no types here


def _reading(source: QuerySource) -> dict[str, object]:
    """Return what aiosql should say about a query."""
    used = {shown_name(placeholder.name) for placeholder in source.placeholders}
    return {
        "name": source.qualified_name,
        "operation": _OPERATIONS[source.operation],
        "declared": [shown_name(parameter) for parameter in source.parameters],
        "used": sorted(used),
        "record_class": source.record_class,
        "line": source.location.line,
    }


def _aiosql_reading(datum: QueryDatum) -> dict[str, object]:
    used = [] if datum.signature is None else list(datum.signature.parameters)
    return {
        "name": datum.query_name,
        "operation": datum.operation_type,
        "declared": datum.parameters or [],
        "used": sorted(used[1:]),  # the first is `self`
        "record_class": datum.record_class,
        "line": datum.floc[1],
    }


def _disagreement(source: QuerySource, message: str) -> AiosqlDisagreement:
    return AiosqlDisagreement(
        message,
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help="write the query more plainly, and report it: the loader should know",
    )


def _name_clashes(sources: Sequence[QuerySource]) -> Iterator[DuplicateQueryError]:
    """Find names that two queries have, or that aiosql needs for something else."""
    owners: dict[str, QuerySource] = {}
    for source in sorted(sources, key=lambda each: each.location):
        owner = owners.setdefault(source.qualified_name, source)
        if owner is not source:
            yield _duplicate(
                source, f"`{source.qualified_name}` is also at {owner.location}"
            )
    folders = {
        ".".join(source.module[:depth])
        for source in sources
        for depth in range(1, len(source.module))
    }
    own = Queries(_adapter())
    for source in owners.values():
        fault = _clash(source, owners, folders, own)
        if fault is not None:
            yield _duplicate(source, fault)


def _clash(
    source: QuerySource,
    owners: dict[str, QuerySource],
    folders: set[str],
    own: Queries,
) -> str | None:
    name = source.qualified_name
    if name in folders:
        return f"`{name}` is also a folder, which aiosql would replace by the query"
    if hasattr(own, source.name):
        return f"`{source.name}` is an attribute of aiosql's own"
    cursor_of = owners.get(name.removesuffix("_cursor"))
    if cursor_of is None or cursor_of is source:
        return None
    if cursor_of.operation is not Operation.MANY:
        return None
    return (
        f"aiosql gives the name `{source.name}` to the cursor of `{cursor_of.name}`,"
        f" at {cursor_of.location}"
    )


def _duplicate(source: QuerySource, message: str) -> DuplicateQueryError:
    return DuplicateQueryError(
        message,
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help="rename one of the two",
    )
