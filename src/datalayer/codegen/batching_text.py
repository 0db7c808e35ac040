"""The statements that store many rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.numbering import numbered
from datalayer.lexer import significant_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.lexer import Token
    from datalayer.model import QuerySource

_OPENING, _CLOSING = ("(", "["), (")", "]")


def copy_text(table: str, columns: Sequence[str], *, binary: bool) -> str:
    """Return the COPY of a table; the names are quoted where they must be."""
    options = " (FORMAT binary)" if binary else ""
    listed = ",\n".join(f"    {column}" for column in columns)
    return f"COPY {table} (\n{listed}\n) FROM STDIN{options}"


def unnest_text(source: QuerySource, arrays: Sequence[str]) -> str | None:
    """Return an INSERT of VALUES as one of the elements of arrays, by their order.

    None when a parameter stands anywhere else.
    """
    values = _values(source.sql)
    if values is None:
        return None
    word, opening, closing = values
    order = numbered(source).order
    text, position = "", opening.end
    for placeholder in source.placeholders:
        if not opening.end <= placeholder.start < closing.start:
            return None
        text += source.sql[position : placeholder.start]
        text += f"item.p{order.index(placeholder.name) + 1}"
        position = placeholder.end
    text += source.sql[position : closing.start]
    given = ", ".join(f"${number}::{each}" for number, each in enumerate(arrays, 1))
    names = ", ".join(f"p{number}" for number in range(1, len(arrays) + 1))
    rest = source.sql[closing.end :].strip()
    lines = [
        f"{source.sql[: word.start]}SELECT {text.strip()}",
        f"FROM unnest({given})",
        f"    WITH ORDINALITY AS item ({names}, number)",
        "ORDER BY item.number",
        *([rest] if rest else []),
    ]
    return "\n".join(lines)


def _values(sql: str) -> tuple[Token, Token, Token] | None:
    """Return VALUES and the brackets of the only row behind it."""
    tokens = list(significant_tokens(sql))
    depth = 0
    for index, token in enumerate(tokens[:-1]):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0 and token.is_word("values") and tokens[index + 1].text == "(":
            closing = _closing(tokens[index + 1 :])
            return (token, tokens[index + 1], closing) if closing else None
    return None


def _closing(tokens: Sequence[Token]) -> Token | None:
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth == 0:
            return token
    return None
