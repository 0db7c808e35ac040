"""The queries of one file, as their author wrote them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.reading.fragment_scope import scope_of
from datalayer.codegen.reading.fragment_uses import BrokenFragment, put_fragments
from datalayer.codegen.reading.fragments import read_fragments
from datalayer.codegen.reading.header import read_header
from datalayer.codegen.reading.optional_parts import read_optional_parts
from datalayer.codegen.reading.ordering import read_ordering
from datalayer.codegen.reading.scanner import scan_placeholders
from datalayer.codegen.reading.sections import split_sections
from datalayer.errors import (
    EmptyQueryError,
    LocatedError,
    QueryHeaderError,
    QuerySyntaxError,
    SeveralStatementsError,
    UndeclaredParameter,
    UnusedParameter,
)
from datalayer.lexer import TokenKind, split_statements
from datalayer.model import (
    Operation,
    OptionalPart,
    Ordering,
    Placeholder,
    QuerySource,
    Stretch,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.reading.fragment_scope import FileFragments
    from datalayer.codegen.reading.header import Header
    from datalayer.codegen.reading.scanner import Scan
    from datalayer.codegen.reading.sections import Section
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.lexer import Token

_EMPTY_LINES = re.compile(r"(?:[ \t\f\v]*\n)*")
_WHITE_SPACE = " \t\n\f\v"


@dataclass(frozen=True, slots=True)
class FileQueries:
    """The queries of a file that are in order, and what is wrong with the others."""

    queries: tuple[QuerySource, ...]
    problems: tuple[LocatedError, ...]


def read_query_file(
    source: SourceText,
    module: tuple[str, ...],
    files: Mapping[tuple[str, ...], FileFragments] | None = None,
) -> FileQueries:
    """Read all the queries of a file; `module` is its path without `.sql`.

    `files` are the fragments of all files by their modules; without them the file has
    its own.
    """
    sections = split_sections(source)
    queries: list[QuerySource] = []
    problems = list(sections.problems)
    if files is None:
        fragments, found = read_fragments(source, sections)
        files = {module: fragments}
        problems += found
    scope = scope_of(module, files)
    for section in sections.sections:
        try:
            header = read_header(source, section)
            problems += header.problems
            text, whole = put_fragments(
                source, section, header.line, header.length, scope
            )
            body = _read_body(text, whole, header)
        except LocatedError as problem:
            problems.append(problem)
            continue
        except BrokenFragment:
            continue
        problems += body.problems
        if not header.problems and not body.problems:
            queries.append(_query(text, module, whole, header, body))
    return FileQueries(tuple(queries), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Body:
    """What stands below a header; the offsets are those of the file."""

    start: int
    end: int
    placeholders: tuple[Placeholder, ...]
    optional_parts: tuple[OptionalPart, ...]
    marks: tuple[tuple[int, int], ...]
    needed: tuple[tuple[str, ...], ...]
    ordering: Ordering | None
    problems: tuple[LocatedError, ...]


def _query(
    source: SourceText,
    module: tuple[str, ...],
    section: Section,
    header: Header,
    body: _Body,
) -> QuerySource:
    line, directives = header.line, header.directives
    return QuerySource(
        module=module,
        name=line.name,
        operation=line.operation,
        sql=source.text[body.start : body.end],
        location=source.location(section.header.start),
        sql_location=source.location(body.start),
        parameters=tuple(parameter.name for parameter in line.parameters or ()),
        placeholders=tuple(
            Placeholder(each.name, each.start - body.start, each.end - body.start)
            for each in body.placeholders
        ),
        record_class=header.record_class,
        documentation=header.documentation,
        parameter_directives=directives.parameters,
        column_directives=directives.columns,
        type_directives=directives.types,
        allowances=directives.allowances,
        raises=directives.raises,
        nests=directives.nests,
        optional_parts=tuple(
            replace(each, start=each.start - body.start, end=each.end - body.start)
            for each in body.optional_parts
        ),
        marks=tuple(
            (start - body.start, end - body.start)
            for start, end in body.marks
            if end <= body.end
        ),
        needed=body.needed,
        map_by=directives.map_by,
        streamed=directives.streamed,
        ordering=_moved(body.ordering, body.start),
        stretches=_stretches(source, body),
        file_text=source.file_text,
    )


def _stretches(source: SourceText, body: _Body) -> tuple[Stretch, ...]:
    """Return where the pieces of a statement stand, if it has fragments."""
    if not source.stretches:
        return ()
    inside = (each for each in source.stretches if body.start < each.start < body.end)
    return (
        Stretch(0, source.location(body.start)),
        *(replace(each, start=each.start - body.start) for each in inside),
    )


def _moved(ordering: Ordering | None, start: int) -> Ordering | None:
    return ordering and replace(
        ordering,
        start=ordering.start - start,
        end=ordering.end - start,
        clause=ordering.clause - start,
        main=ordering.main - start,
    )


def _read_body(source: SourceText, section: Section, header: Header) -> _Body:
    tokens = section.tokens[header.length :]
    start, end = _extent(source, section, header, tokens)
    declared = [parameter.name for parameter in header.line.parameters or ()]
    scan = scan_placeholders(source, tokens, declared)
    optional = read_optional_parts(
        source, tokens, scan.placeholders, declared, header.line.operation
    )
    ordering = read_ordering(source, tokens, scan.placeholders, header)
    return _Body(
        start=start,
        end=end,
        placeholders=scan.placeholders,
        optional_parts=optional.parts,
        marks=optional.marks,
        needed=optional.needed,
        ordering=ordering.ordering,
        problems=(
            *scan.problems,
            *_mismatches(source, header, scan, tokens),
            *optional.problems,
            *ordering.problems,
        ),
    )


def _extent(
    source: SourceText, section: Section, header: Header, tokens: Sequence[Token]
) -> tuple[int, int]:
    """Return where the text of the statement begins and ends."""
    above = tokens[0].start if tokens else section.end
    empty = _EMPTY_LINES.match(source.text, above, section.end)
    start = empty.end() if empty else above
    statements = split_statements(source.text[start : section.end])
    name = header.line.name
    if not statements:
        raise source.error(
            EmptyQueryError,
            f"`{name}` has no statement",
            start=header.line.start,
            end=section.header.end,
            help="write one below the header, or remove the header",
        )
    if header.line.operation is Operation.SCRIPT:
        kept = source.text[start : section.end].rstrip(_WHITE_SPACE)
        return start, start + len(kept)
    first, *others = statements
    if others:
        raise _several(source, start + others[0].start, start + others[0].end, name)
    for token in tokens:
        if token.text == ";" and token.start < start + first.start:
            raise source.error(
                QuerySyntaxError,
                "nothing stands before this semicolon",
                start=token.start,
                help="remove it",
            )
    return start, _end(source, tokens, start + first.end)


def _several(
    source: SourceText, start: int, end: int, name: str
) -> SeveralStatementsError:
    return source.error(
        SeveralStatementsError,
        f"`{name}` has more than one statement: another begins here",
        start=start,
        end=end,
        help="give it a header of its own, or end the name with `#` for a script",
    )


def _end(source: SourceText, tokens: Sequence[Token], end: int) -> int:
    """Return where a statement ends that has its last significant token at `end`.

    Comments before the semicolon belong to it; without a semicolon, those of the line.
    """
    rest = [token for token in tokens if token.start >= end]
    semicolon = next((token for token in rest if token.significant), None)
    if semicolon is not None:
        return end + len(source.text[end : semicolon.start].rstrip(_WHITE_SPACE))
    for token in rest:
        if "\n" in token.text and token.kind is TokenKind.WHITE_SPACE:
            break
        if not token.text.isspace():
            end = token.end
    return end


def _mismatches(
    source: SourceText, header: Header, scan: Scan, tokens: Sequence[Token]
) -> Iterator[LocatedError]:
    """Compare the parameters of the header with those of the statement."""
    first_uses: dict[str, Placeholder] = {}
    for placeholder in scan.placeholders:
        first_uses.setdefault(placeholder.name, placeholder)
    line = header.line
    if line.parameters is None and line.operation is not Operation.SCRIPT:
        yield _no_list(source, header, list(first_uses))
        return
    declared = {parameter.name: parameter for parameter in line.parameters or ()}
    unknown = [name for name in first_uses if name not in declared]
    for name in unknown:
        yield _undeclared(source, header, first_uses[name])
    if scan.problems or line.operation is Operation.SCRIPT:
        return  # what looks unused may stand where the problem is
    for name, parameter in declared.items():
        if name not in first_uses and not difflib.get_close_matches(name, unknown):
            yield source.error(
                UnusedParameter,
                f"the statement does not use the parameter `{name}`",
                start=parameter.start,
                end=parameter.start + len(name),
                help=_why_unused(name, tokens),
            )


def _no_list(source: SourceText, header: Header, names: list[str]) -> QueryHeaderError:
    line = header.line
    return source.error(
        QueryHeaderError,
        f"`{line.name}` has no list of parameters",
        start=line.start,
        end=line.start + len(line.name),
        help=f"write `-- name: {line.name}({', '.join(names)}){line.operation}`",
    )


def _undeclared(
    source: SourceText, header: Header, placeholder: Placeholder
) -> UndeclaredParameter:
    line, name = header.line, placeholder.name
    names = [parameter.name for parameter in line.parameters or ()]
    near = difflib.get_close_matches(name, names, n=1)
    if line.operation is Operation.SCRIPT:
        message = "a script takes no parameters"
        help = "make the statement a query of its own"
    else:
        message = f"the header does not declare the parameter `{name}`"
        help = f"write `-- name: {line.name}({', '.join([*names, name])})"
        help = f"did you mean `:{near[0]}`?" if near else f"{help}{line.operation}`"
    return source.error(
        UndeclaredParameter,
        message,
        start=placeholder.start,
        end=placeholder.end,
        help=help,
    )


def _why_unused(name: str, tokens: Sequence[Token]) -> str:
    pattern = re.compile(rf":{name}\b")
    quoted = {
        TokenKind.STRING: "a string",
        TokenKind.DOLLAR_STRING: "a string",
        TokenKind.QUOTED_IDENTIFIER: "a quoted name",
        TokenKind.LINE_COMMENT: "a comment",
        TokenKind.BLOCK_COMMENT: "a comment",
    }
    for token in tokens:
        if token.kind in quoted and pattern.search(token.text):
            return f"`:{name}` in {quoted[token.kind]} is not a parameter"
    return f"write `:{name}` in the statement, or remove it from the header"
