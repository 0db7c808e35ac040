"""The lines `-- datalayer: key=value …` of a migration: at the top, and amid it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.errors import LocatedError, MigrationHeaderError
from datalayer.lexer import Token, TokenKind, tokens
from datalayer.migrate.problems import problem_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LINE = re.compile(r"--\s*datalayer:")
_PAIR = re.compile(r'(?P<key>[^\s="]+)=(?P<value>(?:[^\s"]|"[^"]*")*)|(?P<odd>\S+)')
_DURATION = re.compile(r"0|[1-9][0-9]*(ms|s|min)")
_COMPONENT = re.compile(r"[A-Za-z0-9_-]+(,[A-Za-z0-9_-]+)*")
_ALLOWED = re.compile(r"[a-z0-9-]+:.*\S", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Header:
    """What a migration asks of the runner."""

    transaction: bool = True
    #: Where a line between statements turns the transaction off for those after it.
    off_from: int | None = None
    #: As PostgreSQL writes it (`5s`), or None for the runner's own.
    lock_timeout: str | None = None
    #: The same for what runs outside a transaction, where its line says so.
    outside_lock_timeout: str | None = None
    #: Components that must be up to date before this one.
    requires: tuple[str, ...] = ()
    #: `rule:reason` pairs for the lint.
    allow: tuple[str, ...] = ()


def read_header(path: str, text: str) -> tuple[Header, tuple[LocatedError, ...]]:
    """Return the header of a migration with all that is wrong in it."""
    header = Header()
    problems: list[LocatedError] = []
    is_top = True
    for token in tokens(text):
        is_top = is_top and not token.significant
        if token.kind is not TokenKind.LINE_COMMENT or not _LINE.match(token.text):
            continue
        if is_top:
            header, found = _read_line(path, text, token, header)
        else:
            header, found = _read_late(path, text, token, header)
        problems.extend(found)
    return header, tuple(problems)


def _read_line(
    path: str, text: str, token: Token, header: Header
) -> tuple[Header, list[LocatedError]]:
    """Return the header with the pairs of one more line, and what is wrong in it."""
    problems = []
    for pair, offset in _pairs(token):
        found = _apply(header, pair)
        if isinstance(found, Header):
            header = found
        else:
            length = len(pair[0])
            problems.append(
                problem_at(MigrationHeaderError, path, text, offset, length, *found)
            )
    return header, problems


def _read_late(
    path: str, text: str, token: Token, header: Header
) -> tuple[Header, list[LocatedError]]:
    """Read a line after the first statement, which may turn the transaction off."""
    line, problems = _read_line(path, text, token, Header())
    if problems:
        return header, problems
    keys = {pair["key"] for pair, _ in _pairs(token)}
    wrong = _wrong_late(header, line, keys)
    if wrong:
        length = len(token.text)
        return header, [
            problem_at(MigrationHeaderError, path, text, token.start, length, *wrong)
        ]
    header = replace(
        header, off_from=token.start, outside_lock_timeout=line.lock_timeout
    )
    return header, []


def _wrong_late(header: Header, line: Header, keys: set[str]) -> tuple[str, str] | None:
    """Return what is wrong with a line after the first statement, and the remedy."""
    if "transaction" not in keys or keys - {"transaction", "lock_timeout"}:
        return _LATE
    if line.transaction:
        return _ON_AGAIN
    if not header.transaction or header.off_from is not None:
        return _OFF_TWICE
    return None


def _pairs(token: Token) -> Iterator[tuple[re.Match[str], int]]:
    start = token.text.index(":") + 1
    for pair in _PAIR.finditer(token.text, start):
        yield pair, token.start + pair.start()


def _apply(header: Header, pair: re.Match[str]) -> Header | tuple[str, str]:
    """Return the header with one more pair, or a message and its remedy."""
    if pair["odd"]:
        return f"`{pair['odd']}` is not `key=value`", _KEYS_HELP
    if pair["key"] not in _KEYS:
        return f"unknown key `{pair['key']}`", _KEYS_HELP
    pattern, remedy, build = _KEYS[pair["key"]]
    value = pair["value"].replace('"', "")
    if not pattern.fullmatch(value):
        return f"`{pair['key']}` cannot be `{value}`", remedy
    return build(header, value)


#: For each key the values it takes, what to say about others, and what it does.
_KEYS: dict[str, tuple[re.Pattern[str], str, Callable[[Header, str], Header]]] = {
    "allow": (
        _ALLOWED,
        'write the rule and the reason: `allow=rule:"why it is right here"`',
        lambda header, value: replace(header, allow=(*header.allow, value)),
    ),
    "lock_timeout": (
        _DURATION,
        "write a whole number with `ms`, `s` or `min`, or 0 for no limit",
        lambda header, value: replace(header, lock_timeout=value),
    ),
    "requires": (
        _COMPONENT,
        "name a component, or several with commas between them",
        lambda header, value: replace(
            header, requires=(*header.requires, *value.split(","))
        ),
    ),
    "transaction": (
        re.compile(r"on|off"),
        "write `transaction=off`, or leave it out",
        lambda header, value: replace(header, transaction=value == "on"),
    ),
}
_KEYS_HELP = f"the keys are {', '.join(f'`{key}`' for key in sorted(_KEYS))}"


_LATE = (
    "a header after the first statement",
    "move the line to the top of the file; between statements may stand "
    "`transaction=off`, alone or with `lock_timeout`",
)
_ON_AGAIN = (
    "`transaction=on` after the first statement",
    "give these statements a file of their own: a file has one transaction, at its "
    "beginning",
)
_OFF_TWICE = (
    "a second `transaction=off`",
    "remove the line: the first one holds to the end of the file",
)
