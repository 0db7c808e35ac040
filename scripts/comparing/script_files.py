"""Scripts for psql, as statements that any client can send."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from datalayer.lexer import significant_tokens, split_statements

_DATA = re.compile(
    r"^(?P<copy>copy\b[^;]*?\bfrom\s+stdin\b[^;]*);[^\n]*\n(?P<rows>.*?)^\\\.[ ]*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_SET = re.compile(r"\\set (\w+) (.*)")
_VARIABLE = re.compile(r":'(\w+)'")
_BARE_VARIABLE = re.compile(r":(\w+)")
#: What psql takes for the end of a statement, and does with its result.
_END = re.compile(r"\s\\g\w*(\s.*)?$")
#: What does more than that.
_OTHER_COMMAND = re.compile(r"\\(crosstab|watch|;|bind|parse|start|send|sync|end)")


@dataclass(frozen=True, slots=True)
class ScriptStatement:
    """One statement, with the rows that follow a `COPY … FROM STDIN`."""

    text: str
    #: Its first word, upper case.
    kind: str
    rows: str | None = None


def read_script(
    text: str, variables: Mapping[str, str] | None = None
) -> Iterator[ScriptStatement]:
    """Yield the statements of a script; psql's own commands are left out."""
    data: list[str] = []

    def keep(match: re.Match[str]) -> str:
        data.append(match["rows"])
        return f"{match['copy']};"

    plain = _without_commands(_DATA.sub(keep, text), dict(variables or {}))
    remaining = iter(data)
    for statement in split_statements(plain):
        sql = plain[statement.start : statement.end].strip()
        if not sql or _OTHER_COMMAND.search(sql):
            continue
        kind = _kind(sql)
        if kind == "COPY" and re.search(r"\bstdout\b", sql, re.IGNORECASE):
            continue
        if kind == "COPY" and re.search(r"\bstdin\b", sql, re.IGNORECASE):
            yield ScriptStatement(sql, kind, next(remaining, ""))
        else:
            yield ScriptStatement(sql, kind)


def _kind(sql: str) -> str:
    words = (token.text.upper() for token in significant_tokens(sql))
    return next((word for word in words if word != "("), "")


def _without_commands(text: str, variables: dict[str, str]) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("\\"):
            _set_variable(line, variables)
            lines.append("")
        else:
            line = _END.sub(";", line)
            lines.append(_VARIABLE.sub(lambda m: _quoted(m, variables), line))
    return "\n".join(lines)


def _set_variable(line: str, variables: dict[str, str]) -> None:
    match = _SET.match(line)
    if match is not None:
        value = _BARE_VARIABLE.sub(lambda m: variables.get(m[1], ""), match[2])
        variables[match[1]] = value.replace("'", "").replace(" ", "")


def _quoted(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name = match[1]
    return f"'{variables[name]}'" if name in variables else match[0]
