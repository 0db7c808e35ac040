"""The pieces of a statement that `-- @optional` lets go."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.clauses import (
    CONDITION_CLAUSES,
    after_last_comma,
    clause_start,
    closing,
    has_or,
    join_start,
    last_term,
)
from datalayer.errors import DirectiveError
from datalayer.lexer import TokenKind
from datalayer.model import OptionalPart, PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token
    from datalayer.location import Location
    from datalayer.model import Placeholder

MARK = re.compile(r"--\s*@optional\b(?P<rest>.*)$")
_FOR = re.compile(r"\s+for\s+(?P<names>\w+(?:\s*,\s*\w+)*)\s*")
_FORM = "write `-- @optional`, or `-- @optional for name` behind a join"
#: What may follow a condition that ends.
_AFTER_CONDITION = (
    *("and", "cross", "except", "fetch", "for", "full", "group", "having", "inner"),
    *("intersect", "join", "left", "limit", "natural", "offset", "on", "order"),
    *("returning", "right", "then", "union", "when", "where", "window"),
)
_AFTER_ASSIGNMENT = ("from", "returning", "when", "where")


@dataclass(frozen=True, slots=True)
class OptionalParts:
    """What can be left out, in the order of the statement, and what is wrong.

    The offsets are those of the tokens that were read.
    """

    parts: tuple[OptionalPart, ...]
    marks: tuple[tuple[int, int], ...]
    needed: tuple[tuple[str, ...], ...]
    problems: tuple[LocatedError, ...]


def read_optional_parts(
    source: SourceText,
    tokens: Sequence[Token],
    placeholders: Sequence[Placeholder],
    declared: Sequence[str],
) -> OptionalParts:
    """Find the piece before each `-- @optional` comment of a statement."""
    parts: list[OptionalPart] = []
    marks: list[tuple[int, int]] = []
    problems: list[LocatedError] = []
    tokens = _without_names(tokens, placeholders)
    for index, token in enumerate(tokens):
        if token.kind is TokenKind.LINE_COMMENT and MARK.match(token.text):
            reader = _Reader(source, tokens, index, placeholders, declared)
            try:
                part = reader.read()
                _refuse_nesting(reader, part, parts)
                parts.append(part)
            except DirectiveError as problem:
                problems.append(problem)
            marks.append((reader.end_before, token.end))
    problems += _needed_elsewhere(source, parts, placeholders)
    lists = [
        _assignments(tokens, start, parts) for start in _set_clauses(parts, tokens)
    ]
    separators = [part for each in lists for part in _separators(each)]
    return OptionalParts(
        parts=tuple(sorted([*parts, *separators], key=lambda part: part.start)),
        marks=tuple(marks),
        needed=tuple(
            _needed(each) for each in lists if all(item.part for item in each)
        ),
        problems=tuple(problems),
    )


def _without_names(
    tokens: Sequence[Token], placeholders: Sequence[Placeholder]
) -> list[Token]:
    """Return tokens in which `:from` is no FROM."""
    ends = {placeholder.end for placeholder in placeholders}
    return [
        replace(token, kind=TokenKind.PARAMETER) if token.end in ends else token
        for token in tokens
    ]


@dataclass(frozen=True, slots=True)
class _Reader:
    """One mark among the tokens of its statement."""

    source: SourceText
    tokens: Sequence[Token]
    index: int
    placeholders: Sequence[Placeholder]
    declared: Sequence[str]

    @property
    def mark(self) -> Token:
        return self.tokens[self.index]

    @property
    def before(self) -> list[Token]:
        """Return the significant tokens before the mark, but for the last semicolon."""
        found = [token for token in self.tokens[: self.index] if token.significant]
        return found[:-1] if found and found[-1].text == ";" else found

    @property
    def after(self) -> Token | None:
        """Return the significant token behind the mark."""
        rest = self.tokens[self.index :]
        return next((token for token in rest if token.significant), None)

    @property
    def end_before(self) -> int:
        """Return the end of what stands before the mark, white space left out."""
        return self._end_above(self.mark)

    def read(self) -> OptionalPart:
        match = MARK.match(self.mark.text)
        assert match is not None  # this is what made it a mark
        if not self.before:
            self.fail("`@optional` stands behind nothing", "move it behind a condition")
        rest = match["rest"]
        if not rest.strip():
            return self._condition_or_assignment()
        names = _FOR.fullmatch(rest)
        if names is None:
            self.fail(f"`{rest.strip()}` after `@optional`", _FORM)
        return self._join([name.strip() for name in names["names"].split(",")])

    def fail(self, message: str, help: str) -> NoReturn:
        raise self.source.error(
            DirectiveError,
            message,
            start=self.mark.start,
            end=self.mark.end,
            help=help,
        )

    def _condition_or_assignment(self) -> OptionalPart:
        tokens = self.before
        clause = clause_start(tokens)
        if clause is not None and tokens[clause].is_word(*CONDITION_CLAUSES):
            return self._condition(tokens, clause)
        if clause is not None and tokens[clause].is_word("set"):
            return self._assignment(tokens, clause)
        return self.fail(
            "`@optional` is not behind a condition or an assignment",
            "move it behind one that WHERE, HAVING, ON or SET lists; what a join is"
            " for is said by `-- @optional for name`",
        )

    def _condition(self, tokens: list[Token], clause: int) -> OptionalPart:
        after = self.after
        ends = after is None or after.text in {")", ";"}
        if after is not None and not ends and not after.is_word(*_AFTER_CONDITION):
            self._not_the_end("condition", after)
        first, leads = last_term(tokens, clause)
        if has_or(tokens[first:]):
            self.fail(
                "a condition that OR joins cannot be left out alone",
                "put the whole alternative in parentheses, and the comment behind them",
            )
        start = self._end_above(tokens[first - 1] if leads else tokens[first])
        space = self.source.text[start : tokens[first].start]
        return OptionalPart(
            PartKind.CONDITION,
            self.location,
            start,
            tokens[-1].end,
            all_of=self._inside(tokens[first].start, tokens[-1].end, "condition"),
            otherwise="" if leads else f"{space}TRUE",
        )

    def _assignment(self, tokens: list[Token], clause: int) -> OptionalPart:
        comma = tokens[-1].text == ","
        after = self.after
        ends = comma or after is None or after.text in {")", ";", ","}
        if after is not None and not ends and not after.is_word(*_AFTER_ASSIGNMENT):
            self._not_the_end("assignment", after)
        items = tokens[:-1] if comma else tokens
        first = after_last_comma(items, clause)
        return OptionalPart(
            PartKind.ASSIGNMENT,
            self.location,
            self._end_above(items[first]),
            items[-1].end,
            all_of=self._inside(items[first].start, items[-1].end, "assignment"),
        )

    def _join(self, names: list[str]) -> OptionalPart:
        unknown = next((name for name in names if name not in self.declared), None)
        if unknown is not None:
            near = difflib.get_close_matches(unknown, self.declared, n=1)
            self.fail(
                f"no parameter is named `{unknown}`",
                f"did you mean `{near[0]}`?" if near else "name one of the header",
            )
        tokens = self.before
        first = join_start(tokens)
        if first is None:
            self.fail(
                "`@optional for` is not behind a join",
                "move it behind the ON or USING of a join; a condition needs no `for`",
            )
        return OptionalPart(
            PartKind.JOIN,
            self.location,
            self._end_above(tokens[first]),
            tokens[-1].end,
            any_of=tuple(names),
        )

    def _end_above(self, token: Token) -> int:
        """Return the end of what stands before a token, white space left out."""
        return max(
            each.end
            for each in self.tokens
            if each.end <= token.start and each.kind is not TokenKind.WHITE_SPACE
        )

    @property
    def location(self) -> Location:
        return self.source.location(self.mark.start)

    def _inside(self, start: int, end: int, what: str) -> tuple[str, ...]:
        """Return the parameters of a piece of text."""
        names = tuple(
            dict.fromkeys(
                each.name for each in self.placeholders if start <= each.start < end
            )
        )
        if not names:
            self.fail(
                f"the {what} has no parameter that could be left out",
                "remove the comment, or write a parameter into it",
            )
        return names

    def _not_the_end(self, what: str, after: Token) -> NoReturn:
        self.fail(
            f"the {what} goes on behind `@optional`, with `{after.text}`",
            "move the comment to its end",
        )


def _refuse_nesting(
    reader: _Reader, part: OptionalPart, earlier: Sequence[OptionalPart]
) -> None:
    other = next((each for each in earlier if each.end > part.start), None)
    if other is not None:
        reader.fail(
            f"what line {other.location.line} lets go is part of this",
            "remove one of the two comments",
        )


@dataclass(frozen=True, slots=True)
class _Assignment:
    """One item of a SET, with the comma before it."""

    part: OptionalPart | None
    comma: Token | None


def _set_clauses(parts: Sequence[OptionalPart], tokens: Sequence[Token]) -> list[int]:
    """Return where, among the significant tokens, a SET with a part begins."""
    significant = [token for token in tokens if token.significant]
    found = {
        clause_start([token for token in significant if token.end <= part.end])
        for part in parts
        if part.kind is PartKind.ASSIGNMENT
    }
    return sorted(index for index in found if index is not None)


def _assignments(
    tokens: Sequence[Token], clause: int, parts: Sequence[OptionalPart]
) -> list[_Assignment]:
    """Return the items of the SET that begins at a significant token."""
    rest = [token for token in tokens if token.significant][clause:]
    items = [_Assignment(_part_at(rest[1], parts), None)]
    depth = 0
    for token, following in pairwise(rest[1:]):
        depth -= closing(token)
        if depth < 0 or token.text == ";":
            break
        if depth == 0 and token.is_word(*_AFTER_ASSIGNMENT):
            break
        if depth == 0 and token.text == ",":
            items.append(_Assignment(_part_at(following, parts), token))
    return items


def _part_at(token: Token, parts: Sequence[OptionalPart]) -> OptionalPart | None:
    return next((p for p in parts if p.start <= token.start < p.end), None)


def _separators(items: Sequence[_Assignment]) -> Iterator[OptionalPart]:
    """Yield the commas that are there only between what is there."""
    first = next((i for i, item in enumerate(items) if not item.part), len(items))
    for index, item in enumerate(items):
        own = item.part.all_of if item.part else ()
        # A comma behind something that is always there needs nothing else.
        others = [each.part for each in items[:index] if each.part]
        any_of = () if index > first else tuple(n for p in others for n in p.all_of)
        if item.comma is not None and (own or any_of):
            location = next(p.location for p in (item.part, *others) if p)
            start, end = item.comma.start, item.comma.end
            yield OptionalPart(
                PartKind.SEPARATOR, location, start, end, all_of=own, any_of=any_of
            )


def _needed(items: Sequence[_Assignment]) -> tuple[str, ...]:
    return tuple(name for item in items if item.part for name in item.part.all_of)


def _needed_elsewhere(
    source: SourceText,
    parts: Sequence[OptionalPart],
    placeholders: Sequence[Placeholder],
) -> list[LocatedError]:
    """Refuse parameters that the statement needs whatever is left out."""
    optional = {name for part in parts for name in (*part.all_of, *part.any_of)}
    return [
        source.error(
            DirectiveError,
            f"`{each.name}` is also needed here, so that it cannot be left out",
            start=each.start,
            end=each.end,
            help="mark this condition with `-- @optional` as well",
        )
        for each in placeholders
        if each.name in optional
        and not any(part.start <= each.start < part.end for part in parts)
    ]
