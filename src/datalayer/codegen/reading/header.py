"""The comment lines at the head of a query: name, row class, sentence, directives."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.directive_lines import DIRECTIVE, FORMS
from datalayer.codegen.reading.directives import Directives, read_directives
from datalayer.codegen.reading.scanner import PARAMETER_NAME
from datalayer.codegen.reading.sections import NAME_LINE
from datalayer.errors import (
    DirectiveError,
    ParameterNameError,
    QueryHeaderError,
    RecordClassError,
)
from datalayer.lexer import TokenKind
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalayer.codegen.reading.sections import Section
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token

QUERY_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CLASS_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_SPECIFICATION = re.compile(
    r"(?P<name>[^\s(^$!<*#]*)\s*(?:\((?P<parameters>[^()]*)\))?\s*(?P<operation>.*)"
)
_RECORD_CLASS = re.compile(r"--\s*record_class\s*:\s*(?P<name>.*?)\s*$")
_NEARLY_RECORD_CLASS = re.compile(r"--\s*record[-_ ]?class\s*:", re.IGNORECASE)
_KNOWN_DIRECTIVE = re.compile(rf"--\s*@({'|'.join(FORMS)})\b", re.IGNORECASE)
_OPERATIONS = {str(operation): operation for operation in Operation}
#: `*!` does with RETURNING, which the analyser knows.
_RETURNS_ROWS = {
    Operation.MANY,
    Operation.MANY_PARAMETERS,
    Operation.ONE,
    Operation.RETURNING,
}


@dataclass(frozen=True, slots=True)
class DeclaredParameter:
    """One name of the list in the header, and its offset in the file."""

    name: str
    start: int


@dataclass(frozen=True, slots=True)
class NameLine:
    """What `-- name: get_x(a, b)^` says."""

    name: str
    operation: Operation
    #: None when there is no list in parentheses.
    parameters: tuple[DeclaredParameter, ...] | None
    #: The offset of the name in the file.
    start: int


@dataclass(frozen=True, slots=True)
class Header:
    """The head of one query."""

    line: NameLine
    record_class: str | None
    documentation: str
    directives: Directives
    #: How many tokens of the section belong to the header.
    length: int
    problems: tuple[LocatedError, ...]


def read_header(source: SourceText, section: Section) -> Header:
    """Read the comment lines directly below the name, up to the first other line.

    Raises `QueryHeaderError` or `ParameterNameError` when the name line is wrong:
    nothing can be said about such a query.
    """
    line = read_name_line(source, section.header)
    comments, length = header_comments(section.tokens)
    problems = list(_parameter_problems(source, line))
    record_class = None
    sentences: list[str] = []
    directive_lines: list[Token] = []
    for index, comment in enumerate(comments):
        if _NEARLY_RECORD_CLASS.match(comment.text):
            problem = _record_class_problem(source, comment, line, index)
            if problem is not None:
                problems.append(problem)
            elif match := _RECORD_CLASS.match(comment.text):
                record_class = match["name"]
        elif DIRECTIVE.match(comment.text):
            directive_lines.append(comment)
        else:
            sentences.append(comment.text[2:].removeprefix(" ").rstrip())
    directives = read_directives(
        source,
        directive_lines,
        operation=line.operation,
        declared=[parameter.name for parameter in line.parameters or ()],
    )
    problems += _late_comments(source, section.tokens[length:])
    return Header(
        line=line,
        record_class=record_class,
        documentation="\n".join(sentences).strip(),
        directives=directives,
        length=length,
        problems=(*problems, *directives.problems),
    )


def header_comments(tokens: Sequence[Token]) -> tuple[list[Token], int]:
    """Return the comments of the lines that follow without an empty line.

    With them, how many tokens of the section belong to the header.
    """
    comments: list[Token] = []
    length = 0
    for space, comment in zip(tokens[::2], tokens[1::2], strict=False):
        if space.kind is not TokenKind.WHITE_SPACE or space.text.count("\n") != 1:
            break
        if comment.kind is not TokenKind.LINE_COMMENT:
            break
        comments.append(comment)
        length += 2
    return comments, length


def read_name_line(source: SourceText, comment: Token) -> NameLine:
    """Read `-- name: get_x(a, b)^`."""
    head = NAME_LINE.match(comment.text)
    assert head is not None  # this is what made it a header
    match = _SPECIFICATION.match(comment.text.rstrip(), head.end())
    assert match is not None  # every part may be empty
    return NameLine(
        name=_query_name(source, comment, match),
        operation=_operation(source, comment, match),
        parameters=read_parameters(source, comment, match),
        start=comment.start + match.start("name"),
    )


def _query_name(source: SourceText, comment: Token, match: re.Match[str]) -> str:
    written = match["name"]
    name = written.replace("-", "_")
    start, end = (comment.start + offset for offset in match.span("name"))
    if not written:
        raise source.error(
            QueryHeaderError,
            "a header without a name",
            start=start,
            help="write `-- name: get_x(a, b)^`",
        )
    if not QUERY_NAME.fullmatch(name):
        proposal = snake_case(name)
        raise source.error(
            QueryHeaderError,
            f"`{written}` is not a name in lower case, digits and `_`",
            start=start,
            end=end,
            help=f"write `{proposal}`" if proposal else "rename it",
        )
    if keyword.iskeyword(name):
        raise source.error(
            QueryHeaderError,
            f"`{name}` is a keyword of Python",
            start=start,
            end=end,
            help="rename it, for example to a verb and a noun",
        )
    return name


def snake_case(name: str) -> str | None:
    """Return a name in lower case with `_` between words, if that makes one."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9_]+", "_", name)
    proposal = words.lower().strip("_")
    valid = QUERY_NAME.fullmatch(proposal) and not keyword.iskeyword(proposal)
    return proposal if valid else None


def _operation(source: SourceText, comment: Token, match: re.Match[str]) -> Operation:
    text = match["operation"]
    if text in _OPERATIONS:
        return _OPERATIONS[text]
    start, end = (comment.start + offset for offset in match.span("operation"))
    if text.startswith("(") and match["parameters"] is None:
        message, help = "the list of parameters is not closed", "write `(a, b)`"
    else:
        message = f"`{text}` is not an operation"
        help = "end the line with `^`, `$`, `!`, `<!`, `*!`, `#` or the parameters"
    raise source.error(QueryHeaderError, message, start=start, end=end, help=help)


def read_parameters(
    source: SourceText, comment: Token, match: re.Match[str]
) -> tuple[DeclaredParameter, ...] | None:
    """Read what stands in the parentheses of a header: its group `parameters`."""
    text = match["parameters"]
    if text is None:
        return None
    if not text.strip():
        return ()
    found: list[DeclaredParameter] = []
    start = comment.start + match.start("parameters")
    for piece in text.split(","):
        name = piece.strip()
        offset = start + len(piece) - len(piece.lstrip())
        if not PARAMETER_NAME.fullmatch(name):
            _bad_parameter(source, name, offset)
        found.append(DeclaredParameter(name, offset))
        start += len(piece) + 1
    return tuple(found)


def _bad_parameter(source: SourceText, name: str, start: int) -> NoReturn:
    proposal = re.sub(r"\W+", "_", name.removeprefix(":"), flags=re.ASCII)
    if not name:
        message, help = "a parameter without a name", "remove the comma"
    elif PARAMETER_NAME.fullmatch(proposal) and name.isascii():
        message = f"`{name}` is not the name of a parameter"
        help = f"write `{proposal}`"
    else:
        message = f"`{name}` is not the name of a parameter"
        help = "use ASCII letters, digits and `_`, and begin with a letter"
    raise source.error(
        ParameterNameError,
        message,
        start=start,
        end=start + max(1, len(name)),
        help=help,
    )


def repeated_parameters(
    source: SourceText, parameters: Iterable[DeclaredParameter]
) -> Iterator[LocatedError]:
    """Yield a problem for each parameter that a header has twice."""
    seen: dict[str, str] = {}
    for parameter in parameters:
        name = parameter.name
        earlier = seen.get(name.lower())
        if earlier is None:
            seen[name.lower()] = name
            continue
        yield source.error(
            ParameterNameError,
            f"`{name}` is declared twice"
            if earlier == name
            else f"`{earlier}` and `{name}` differ only in letter case",
            start=parameter.start,
            end=parameter.start + len(name),
            help="remove one of the two" if earlier == name else "rename one of them",
        )


def _parameter_problems(source: SourceText, line: NameLine) -> Iterator[LocatedError]:
    yield from repeated_parameters(source, line.parameters or ())
    if line.parameters and line.operation is Operation.SCRIPT:
        first = line.parameters[0]
        yield source.error(
            QueryHeaderError,
            "a script takes no parameters",
            start=first.start,
            end=first.start + len(first.name),
            help="make each statement that needs one a query of its own",
        )


def _record_class_problem(
    source: SourceText, comment: Token, line: NameLine, index: int
) -> RecordClassError | None:
    match = _RECORD_CLASS.match(comment.text)
    start, end = comment.start, comment.end
    if match is None:
        message = "this is not a row class, but looks like one"
        help = "write `-- record_class: ClassName`"
    elif index != 0:
        message = "`record_class` is not directly below the name"
        help = "move it up: aiosql reads it in the second line only"
    elif not _is_class_name(match["name"]):
        start, end = (comment.start + offset for offset in match.span("name"))
        message = f"`{match['name']}` is not the name of a class"
        help = "write a word such as `PatchChainMember`"
    elif line.operation not in _RETURNS_ROWS:
        message = f"a query that ends in `{line.operation}` returns no rows"
        help = "remove the line"
    else:
        return None
    return source.error(RecordClassError, message, start=start, end=end, help=help)


def _is_class_name(text: str) -> bool:
    return _CLASS_NAME.fullmatch(text) is not None and not keyword.iskeyword(text)


def _late_comments(
    source: SourceText, tokens: Sequence[Token]
) -> Iterator[LocatedError]:
    """Yield the header lines that stand below the header, where nobody reads them."""
    for token in tokens:
        if token.kind is not TokenKind.LINE_COMMENT:
            continue
        kind: type[LocatedError]
        if _RECORD_CLASS.match(token.text):
            kind, word = RecordClassError, "record_class"
        elif match := _KNOWN_DIRECTIVE.match(token.text):
            kind, word = DirectiveError, f"@{match[1]}"
        else:
            continue
        yield source.error(
            kind,
            f"`{word}` below the header",
            start=token.start,
            end=token.end,
            help="move it up: the header ends at the first line that is no comment",
        )
