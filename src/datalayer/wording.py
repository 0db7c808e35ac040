"""PostgreSQL's messages in our words, and the places of what they name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.lexer import Token, TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The kinds of tokens that can be a name.
NAMES = frozenset({TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER})
# Names that PostgreSQL leaves without quotes.
_UNQUOTED = (
    (re.compile(r'^column ([^"\s`]+) (?=does not exist)'), r"column `\1` "),
    (
        re.compile(r"^(function|procedure|aggregate) ([^`]+\)) (?=does not|is not)"),
        r"\1 `\2` ",
    ),
    (re.compile(r"^(operator (?:does not exist|is not unique)): (.+)$"), r"\1: `\2`"),
    (re.compile(r"^(invalid input value for enum) ([^`:]+):"), r"\1 `\2`:"),
)


def in_our_quotes(message: str) -> str:
    """Return a message on one line, with its names in backquotes."""
    # A value of several lines would break the first line of what is shown.
    text = " ".join(re.sub(r'"([^"`]*)"', r"`\1`", message).split("\n"))
    for pattern, replacement in _UNQUOTED:
        text = pattern.sub(replacement, text)
    return text


def sentence(hint: str | None) -> str | None:
    """Return PostgreSQL's sentences in our form: `perhaps so; or so`."""
    if not hint:
        return None
    text = in_our_quotes(hint).rstrip(".")
    parts = re.split(r"\.\s+", text)
    # Only a word is made lower; `SQL` and `CREATE` stay.
    return "; ".join(
        part[0].lower() + part[1:] if part[1:2].islower() else part for part in parts
    )


def named_token(tokens: Sequence[Token], message: str) -> Token | None:
    """Return where the first name of a message stands, when PostgreSQL does not tell.

    What is there twice is wrong the second time; a name before a dot is only used, and
    a table is named after its columns: `ADD COLUMN author int REFERENCES author`.
    """
    quoted = re.search(r'"([^"]+)"', message)
    if quoted is None:
        return None
    name = quoted[1].rpartition(".")[2]
    found = [
        token
        for token, following in zip(tokens, [*tokens[1:], None], strict=True)
        if token.kind in NAMES
        and token.text.strip('"') == name
        and (following is None or following.text != ".")
    ]
    if "more than once" in message:
        found = found[1:]
    elif "USING" in message or message.startswith("relation"):
        found = found[-1:]
    return found[0] if found else None
