"""Named SQL files, loaded by aiosql."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from aiosql import SQLLoadException, SQLParseException
from aiosql.adapters.pyformat import PyFormatAdapter
from aiosql.queries import Queries
from aiosql.query_loader import QueryLoader
from aiosql.types import SQLOperationType

from datalayer.codegen.memo import Memo
from datalayer.codegen.reading.fragment_findings import fragment_findings, used_names
from datalayer.codegen.reading.fragment_scope import fragment_clashes, serves
from datalayer.codegen.reading.fragments import read_fragments
from datalayer.codegen.reading.query_files import FileQueries, read_query_file
from datalayer.codegen.reading.query_folder import find_query_files, read_source
from datalayer.codegen.reading.rendition import render_for_aiosql, shown_name
from datalayer.codegen.reading.sections import split_sections
from datalayer.errors import AiosqlDisagreement, DuplicateQueryError, LocatedError
from datalayer.location import excerpt
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from aiosql.types import QueryDatum

    from datalayer.codegen.reading.fragment_scope import FileFragments
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import Finding
    from datalayer.model import Fragment, QuerySource

_OPERATIONS = {
    Operation.AFFECTED: SQLOperationType.INSERT_UPDATE_DELETE,
    Operation.MANY: SQLOperationType.SELECT,
    Operation.MANY_PARAMETERS: SQLOperationType.INSERT_UPDATE_DELETE_MANY,
    Operation.ONE: SQLOperationType.SELECT_ONE,
    Operation.RETURNING: SQLOperationType.INSERT_RETURNING,
    Operation.SCRIPT: SQLOperationType.SCRIPT,
    Operation.VALUE: SQLOperationType.SELECT_VALUE,
}


#: The fragments of a file by name, and those of all files by module.
_FileFragments: TypeAlias = "tuple[tuple[str, Fragment | None], ...]"
_Fragments: TypeAlias = "tuple[tuple[tuple[str, ...], _FileFragments], ...]"


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The queries of a folder and the problems of its files, both by place."""

    sources: tuple[QuerySource, ...]
    problems: tuple[LocatedError, ...]
    #: What deserves a look before any query is analysed.
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _ReadFragments:
    """What other files can use of a file, and what it uses of them."""

    fragments: _FileFragments
    uses: frozenset[str]
    problems: tuple[LocatedError, ...]


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """What was read of each file, for a process that reads them again."""

    fragments: Memo[_ReadFragments] = field(default_factory=Memo)
    queries: Memo[FileQueries] = field(default_factory=Memo)


def load_queries(
    folder: Path, *, root: Path, memory: ReadFiles | None = None
) -> LoadResult:
    """Load every `*.sql` file below a folder; paths are told relative to `root`.

    Never raises for what the files contain: a query that is wrong is left out, and its
    problems are returned. `memory` saves reading what it has.
    """
    memory = ReadFiles() if memory is None else memory
    found = find_query_files(folder, root=root)
    sources: list[QuerySource] = []
    problems = list(found.problems)
    texts: dict[tuple[str, ...], SourceText] = {}
    fragments: dict[tuple[str, ...], FileFragments] = {}
    uses: dict[tuple[str, ...], frozenset[str]] = {}
    for query_file in found.files:
        module = query_file.module
        try:
            texts[module] = text = read_source(query_file)
        except LocatedError as problem:
            problems.append(problem)
            continue
        read = memory.fragments.make(module, _read_fragments, text)
        fragments[module], uses[module] = dict(read.fragments), read.uses
        problems += read.problems
    problems += fragment_clashes(fragments)
    everywhere = tuple(
        (at, tuple(each.items())) for at, each in fragments.items() if each
    )
    for module, text in texts.items():
        usable = _usable(module, uses[module], everywhere)
        queries = memory.queries.make(module, _read, text, module, usable)
        sources += queries.queries
        problems += queries.problems
    problems += _name_clashes(sources)
    return LoadResult(
        tuple(sorted(sources, key=lambda source: source.location)),
        tuple(sorted(problems, key=lambda problem: problem.location)),
        # A file that cannot be read may use any of them.
        tuple(
            fragment_findings(fragments, uses) if len(uses) == len(found.files) else ()
        ),
    )


def _read_fragments(text: SourceText) -> _ReadFragments:
    sections = split_sections(text)
    found, problems = read_fragments(text, sections)
    return _ReadFragments(
        tuple(found.items()), used_names(text, sections), tuple(problems)
    )


def _usable(
    module: tuple[str, ...], names: frozenset[str], everywhere: _Fragments
) -> _Fragments:
    """Return the fragments that a file uses, or all to advise on an unknown name."""
    used = tuple(
        (at, tuple(each for each in fragments if each[0] in names))
        for at, fragments in everywhere
        if serves(at, module)
    )
    known = {name for _, fragments in used for name, _ in fragments}
    return used if names <= known else everywhere


def _read(
    text: SourceText, module: tuple[str, ...], fragments: _Fragments
) -> FileQueries:
    by_module = {at: dict(each) for at, each in fragments}
    read = read_query_file(text, module, by_module)
    disagreements = tuple(aiosql_disagreements(read.queries))
    return FileQueries(read.queries, (*read.problems, *disagreements))


def aiosql_disagreements(
    sources: Sequence[QuerySource],
) -> Iterator[AiosqlDisagreement]:
    """Let aiosql load the queries of one file; yield what it reads otherwise."""
    whole = _fault(sources)
    if whole is None:
        return
    single = [(source, _fault([source])) for source in sources]
    at_fault = [(source, fault) for source, fault in single if fault]
    for source, fault in at_fault or [(sources[0], whole)]:
        yield AiosqlDisagreement(
            f"`{source.name}`: {fault}",
            location=source.location,
            excerpt=excerpt(source.file_text, source.location),
            help="write the query more plainly, and report it",
        )


def _fault(sources: Sequence[QuerySource]) -> str | None:
    """Return how aiosql reads queries of one file otherwise than the scanner."""
    classes = {name: name for source in sources if (name := source.record_class)}
    loader = QueryLoader(_adapter(), record_classes=classes, attribute="__")
    folders = list(sources[0].module[:-1]) if sources else []
    try:
        data = loader.load_query_data_from_sql(render_for_aiosql(sources), folders)
    except (SQLLoadException, SQLParseException, ValueError) as error:
        return f"aiosql cannot load it: {error}"
    expected = [_reading(source) for source in sources]
    actual = [_aiosql_reading(datum) for datum in data]
    return None if actual == expected else f"aiosql reads {actual}, not {expected}"


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


def _name_clashes(sources: Sequence[QuerySource]) -> Iterator[DuplicateQueryError]:
    """Find names that two queries have, or that aiosql needs for something else."""
    owners: dict[str, QuerySource] = {}
    for source in sorted(sources, key=lambda each: each.location):
        name = source.qualified_name
        owner = owners.setdefault(name, source)
        if owner is not source:
            yield _clash(source, f"`{name}` is also at {owner.location}")
    folders = {
        ".".join(source.module[:depth])
        for source in sources
        for depth in range(1, len(source.module))
    }
    own = Queries(_adapter())
    for name, source in owners.items():
        if name in folders:
            yield _clash(source, f"`{name}` is also a folder, which aiosql may lose")
        elif hasattr(own, source.name):
            yield _clash(source, f"`{source.name}` is an attribute of aiosql's own")
        else:
            yield from _cursor_clash(source, owners)


def _cursor_clash(
    source: QuerySource, owners: Mapping[str, QuerySource]
) -> Iterator[DuplicateQueryError]:
    owner = owners.get(source.qualified_name.removesuffix("_cursor"), source)
    if owner is not source and owner.operation is Operation.MANY:
        yield _clash(
            source,
            f"aiosql gives the name `{source.name}` to the cursor of `{owner.name}`,"
            f" at {owner.location}",
        )


def _clash(source: QuerySource, message: str) -> DuplicateQueryError:
    line = source.file_text.split("\n")[source.location.line - 1]
    start = re.search(r":\s*", line)
    column = start.end() + 1 if start else 1
    location = replace(source.location, column=column)
    return DuplicateQueryError(
        message,
        location=location,
        excerpt=excerpt(source.file_text, location, len(source.name)),
        help="rename it",
    )
