"""The order of the stages: load, analyse, render."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalayer.codegen.analyser import analyse, open_session
from datalayer.codegen.memo import Memo
from datalayer.codegen.reading.loader import ReadFiles, load_queries
from datalayer.codegen.rendering.renderer import render_modules
from datalayer.codegen.rendering.unknown_types import unknown_type_problems
from datalayer.codegen.type_settings import check_settings
from datalayer.errors import ProblemsFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from psycopg import Connection

    from datalayer.codegen.analyser import AnalysisResult, Session
    from datalayer.codegen.rendering.renderer import RenderedFile
    from datalayer.model import Finding, QueryShape, QuerySource


@dataclass(frozen=True, slots=True)
class Generated:
    """The text of every module by its path, and the queries it was made from."""

    modules: Mapping[str, str]
    shapes: tuple[QueryShape, ...]
    #: What deserves a look about fragments.
    fragment_findings: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what deserves a look: fragments, then queries, in their order."""
        of_queries = (each for shape in self.shapes for each in shape.findings)
        return (*self.fragment_findings, *of_queries)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was read and rendered, for a process that does it again."""

    read: ReadFiles = field(default_factory=ReadFiles)
    rendered: Memo[RenderedFile] = field(default_factory=Memo)


def generate_modules(
    connection: Connection[Any],
    *,
    queries: Path,
    root: Path,
    package: str,
    types: Mapping[str, str] | None = None,
    new_types: bool = False,
) -> Generated:
    """Turn a folder of query files into modules; write nothing.

    The connection is to a migrated database, in autocommit mode. Paths in messages
    are relative to `root`, `types` are `[tool.datalayer.types]`, and `new_types` gives
    domains types of their own. Raises
    `ProblemsFound` with all the problems, `ConfigurationError` for a wrong setting.
    """
    return assemble_modules(
        lambda sources: analyse(open_checked_session(connection, types), sources),
        queries=queries,
        root=root,
        package=package,
        new_types=new_types,
    )


def open_checked_session(
    connection: Connection[Any], types: Mapping[str, str] | None
) -> Session:
    """Begin to analyse in a migrated database that settings fit."""
    check_settings(connection, types or {})
    return open_session(connection, types)


def assemble_modules(
    find_shapes: Callable[[Sequence[QuerySource]], AnalysisResult],
    *,
    queries: Path,
    root: Path,
    package: str,
    new_types: bool = False,
    memory: Memory | None = None,
) -> Generated:
    """Turn a folder of query files into modules, whoever finds their shapes.

    `memory` is of the same project, and saves making what it has.
    """
    memory = Memory() if memory is None else memory
    loaded = load_queries(queries, root=root, memory=memory.read)
    analysed = find_shapes(loaded.sources)
    unknown = unknown_type_problems(analysed.shapes)
    problems = (*loaded.problems, *analysed.problems, *unknown)
    if problems:
        findings = [each for shape in analysed.shapes for each in shape.findings]
        raise ProblemsFound(problems, findings=[*loaded.findings, *findings])
    modules = render_modules(
        analysed.shapes, package, new_types=new_types, memory=memory.rendered
    )
    return Generated(modules, analysed.shapes, loaded.findings)
