"""Where the clauses of a statement, and what they list, begin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.lexer import TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.lexer import Token

#: The clauses that list conditions, and the branches of a MERGE.
CONDITION_CLAUSES = ("having", "on", "when", "where")
JOIN_WORDS = ("cross", "full", "inner", "left", "natural", "outer", "right")
#: What cannot be in a condition, but behind it; all are reserved.
ENDS_CONDITION = (
    *("cross", "except", "fetch", "for", "full", "group", "having", "inner"),
    *("intersect", "join", "left", "limit", "natural", "offset", "on", "order"),
    *("returning", "right", "then", "union", "when", "where", "window"),
)
_ENDS_ASSIGNMENT = ("from", "returning", "when", "where")
#: Behind these SET is a column.
_BEFORE_OPERAND = (
    *("and", "between", "by", "having", "ilike", "in", "like", "not", "on", "or"),
    *("select", "then", "when", "where"),
)


def without_names(tokens: Sequence[Token], ends: set[int]) -> list[Token]:
    """Return tokens among which names are no keywords: `:from`, `t.end`, `AS set`.

    `ends` are the offsets at which placeholders end.
    """
    found: list[Token] = []
    before = None
    for token in tokens:
        is_name = token.kind is TokenKind.WORD and (
            token.end in ends
            or (before is not None and (before.text == "." or before.is_word("as")))
        )
        kind = TokenKind.QUOTED_IDENTIFIER if is_name else token.kind
        found.append(replace(token, kind=kind))
        before = found[-1] if token.significant else before
    return found


def clause_start(tokens: Sequence[Token]) -> int | None:
    """Return where the clause begins in which the tokens end."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        depth += closing(tokens[index])
        if depth < 0:
            return None
        if depth == 0 and _begins_clause(tokens, index):
            return index
        if depth == 0 and _ends_clause(tokens, index):
            return None
    return None


def _begins_clause(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    before = tokens[index - 1] if index else None
    if token.is_word("set"):
        return begins_set(before)
    if token.is_word("on"):
        return before is None or not before.is_word("distinct")
    if token.is_word("when"):
        # The other one is that of CASE.
        rest = [each.text.lower() for each in tokens[index + 1 : index + 3]]
        return rest[:1] == ["matched"] or rest == ["not", "matched"]
    return token.is_word("having", "where")


def begins_set(before: Token | None) -> bool:
    """Tell by the token before it whether SET is a clause, and no column."""
    if before is None or before.is_word(*_BEFORE_OPERAND):
        return False
    is_name = before.kind in {TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER}
    return is_name or before.text in {")", "*"}


def _ends_clause(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if token.is_word("from"):
        return index == 0 or not tokens[index - 1].is_word("distinct")
    if token.is_word("by"):
        # NOT MATCHED BY SOURCE is the other.
        return index == 0 or not tokens[index - 1].is_word("matched")
    return token.is_word("limit", "select", "values")


def is_in_parentheses(tokens: Sequence[Token]) -> bool:
    """Tell whether tokens end in parentheses inside of a condition."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        depth += closing(tokens[index])
        if depth < 0 and tokens[index].text == "(":
            above = tokens[:index]
            clause = clause_start(above)
            if clause is None:
                return is_in_parentheses(above)
            return tokens[clause].is_word(*CONDITION_CLAUSES)
        if depth < 0 or (depth == 0 and _ends_clause(tokens, index)):
            return False
    return False


def closing(token: Token) -> int:
    """Return 1 for what closes a nested piece, and -1 for what opens one."""
    if token.text in {")", "]"} or token.is_word("end"):
        return 1
    return -1 if token.text in {"(", "["} or token.is_word("case") else 0


def ends_condition(token: Token, *, of_join: bool) -> bool:
    """Tell whether a condition can end before a token."""
    if token.text == ",":
        return of_join
    return token.text in {")", ";"} or token.is_word("and", *ENDS_CONDITION)


def ends_assignment(token: Token) -> bool:
    """Tell whether an assignment can end before a token."""
    return token.text in {")", ";", ","} or token.is_word(*_ENDS_ASSIGNMENT)


def end_inside_condition(tokens: Sequence[Token]) -> Token | None:
    """Return the token behind which the tokens are no condition any more."""
    outer = _outer(tokens)
    for index in outer:
        token = tokens[index]
        follower = tokens[index + 1].text if index + 1 < len(tokens) else ""
        # `left(name, 1)` is a function.
        is_function = token.is_word("left", "right") and follower == "("
        if token.text == "," or (token.is_word(*ENDS_CONDITION) and not is_function):
            return token
    return None


def end_of_join(tokens: Sequence[Token]) -> Token | None:
    """Return the token behind which the tokens are no join any more."""
    join = next(i for i in range(len(tokens)) if tokens[i].is_word("join"))
    rest = [
        replace(token, kind=TokenKind.QUOTED_IDENTIFIER)
        if token.is_word("on")
        else token
        for token in tokens[join + 1 :]
    ]
    return end_inside_condition(rest)


def end_inside_assignment(tokens: Sequence[Token]) -> Token | None:
    """Return the token behind which the tokens are no assignment any more."""
    return next(
        (tokens[index] for index in _outer(tokens) if ends_set(tokens, index)), None
    )


def ends_set(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a SET that has begun ends before a token."""
    if tokens[index].is_word("from") and index:
        return not tokens[index - 1].is_word("distinct")
    return tokens[index].is_word(*_ENDS_ASSIGNMENT)


def _outer(tokens: Sequence[Token]) -> list[int]:
    """Return the indexes of the tokens that nothing encloses."""
    found, depth = [], 0
    for index, token in enumerate(tokens):
        depth -= closing(token)
        if depth == 0:
            found.append(index)
    return found


def last_term(tokens: Sequence[Token], clause: int) -> tuple[int, bool]:
    """Return where the last condition begins, and whether AND leads to it."""
    first, leads, between = clause + 1, False, 0
    rest = tokens[clause + 1 :]
    for index in _outer(rest):
        token = rest[index]
        if token.is_word("between"):
            between += 1
        elif token.is_word("and") and between:
            between -= 1
        elif token.is_word("and"):
            first, leads = clause + index + 2, True
    return first, leads


def has_or(tokens: Sequence[Token]) -> bool:
    """Tell whether tokens are alternatives."""
    return any(tokens[index].is_word("or") for index in _outer(tokens))


def after_last_comma(tokens: Sequence[Token], clause: int) -> int:
    """Return where the last item of a list begins."""
    rest = tokens[clause + 1 :]
    commas = [index for index in _outer(rest) if rest[index].text == ","]
    return clause + 1 + (commas[-1] + 1 if commas else 0)


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
            while tokens[index - 1].is_word(*JOIN_WORDS):
                index -= 1
            return index
    return None
