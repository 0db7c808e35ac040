"""Where the clauses of a statement, and what they list, begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.lexer import Token

#: The clauses that list conditions.
CONDITION_CLAUSES = ("having", "on", "where")
_JOIN_WORDS = ("cross", "full", "inner", "left", "natural", "outer", "right")


def clause_start(tokens: Sequence[Token]) -> int | None:
    """Return where the clause begins in which the tokens end."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        depth += closing(token)
        if depth < 0:
            return None
        if depth == 0 and token.is_word(*CONDITION_CLAUSES, "set"):
            return index
        if depth == 0 and _ends_clause(tokens, index):
            return None
    return None


def _ends_clause(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.is_word("from"):
        return index == 0 or not tokens[index - 1].is_word("distinct")
    return token.is_word("by", "limit", "select", "values")


def closing(token: Token) -> int:
    """Return 1 for what closes a nested piece, and -1 for what opens one."""
    if token.text in {")", "]"} or token.is_word("end"):
        return 1
    return -1 if token.text in {"(", "["} or token.is_word("case") else 0


def last_term(tokens: Sequence[Token], clause: int) -> tuple[int, bool]:
    """Return where the last condition begins, and whether AND leads to it."""
    first, leads, depth, between = clause + 1, False, 0, 0
    for index in range(clause + 1, len(tokens)):
        token = tokens[index]
        depth -= closing(token)
        if depth != 0:
            continue
        if token.is_word("between"):
            between += 1
        elif token.is_word("and") and between:
            between -= 1
        elif token.is_word("and"):
            first, leads = index + 1, True
    return first, leads


def has_or(tokens: Sequence[Token]) -> bool:
    """Tell whether tokens are alternatives."""
    depth = 0
    for token in tokens:
        depth -= closing(token)
        if depth == 0 and token.is_word("or"):
            return True
    return False


def after_last_comma(tokens: Sequence[Token], clause: int) -> int:
    """Return where the last item of a list begins."""
    first, depth = clause + 1, 0
    for index in range(clause + 1, len(tokens)):
        depth -= closing(tokens[index])
        if depth == 0 and tokens[index].text == ",":
            first = index + 1
    return first


def join_start(tokens: Sequence[Token]) -> int | None:
    """Return where the last join of the FROM clause begins in which the tokens end."""
    depth = 0
    for index in range(len(tokens) - 1, 0, -1):
        token = tokens[index]
        depth += closing(token)
        if depth < 0 or (
            depth == 0 and (_ends_clause(tokens, index) or token.is_word("where"))
        ):
            return None
        if depth == 0 and token.is_word("join"):
            while tokens[index - 1].is_word(*_JOIN_WORDS):
                index -= 1
            return index
    return None
