"""Texts as Python literals."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.layout import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRAILING_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)
_MIXED_INDENT = re.compile(r"^(?: +\t|\t+ )[ \t]*", re.MULTILINE)
_QUOTES = '"""'


def text_block(text: str) -> str:
    """Return a triple-quoted literal that shows a text line by line as it is."""
    # A quote at the end would join those of the literal.
    end = '\\"' if text.endswith('"') else ""
    inner = text[: len(text) - bool(end)]
    escaped = _escape(inner).replace(_QUOTES, '""\\"') + end
    # Python keeps trailing space, editors do not; ruff dislikes a tab after a space.
    visible = _TRAILING_SPACE.sub(_spell_space, escaped)
    visible = _MIXED_INDENT.sub(lambda match: match[0].replace("\t", "\\t"), visible)
    return f"{_QUOTES}\\\n{visible}{_QUOTES}"


def string(text: str) -> str:
    """Return a literal in double quotes."""
    escaped = _escape(text).replace("\n", "\\n").replace("\t", "\\t")
    if '"' in escaped and "'" not in escaped:
        return f"'{escaped}'"
    return '"' + escaped.replace('"', '\\"') + '"'


def docstring(lines: Iterable[str], *, indent: int = 0) -> str:
    """Return a docstring of lines, the long ones wrapped."""
    margin = " " * indent
    rows = [row for line in lines for row in _wrapped(line, WIDTH - indent)]
    if len(rows) == 1:
        return f"{margin}{_QUOTES}{rows[0]}{_QUOTES}"
    rows = [_QUOTES + rows[0], *rows[1:], _QUOTES]
    return "\n".join(f"{margin}{row}".rstrip() for row in rows)


def _wrapped(line: str, width: int) -> list[str]:
    words = " ".join(line.split())
    # A quote beside the quotes of the literal would join them.
    before = '\\"' if words.startswith('"') else ""
    after = '\\"' if words.endswith('"') and len(words) > 1 else ""
    inner = words[bool(before) : len(words) - bool(after)]
    text = before + _escape(inner).replace(_QUOTES, '""\\"') + after
    room = width - 2 * len(_QUOTES)
    if len(text) <= room:
        return [text]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _escape(text: str) -> str:
    return "".join(map(_spell, text))


def _spell(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape").decode()


def _spell_space(match: re.Match[str]) -> str:
    last = "\\x20" if match[0].endswith(" ") else "\\t"
    return match[0][:-1] + last
