"""The pieces of a statement that `-- @optional` lets go."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.clauses import (
    CONDITION_CLAUSES,
    after_last_comma,
    clause_start,
    end_inside_assignment,
    end_inside_condition,
    end_of_join,
    ends_assignment,
    ends_condition,
    has_or,
    is_in_parentheses,
    join_start,
    last_term,
    without_names,
)
from datalayer.codegen.reading.optional_marks import (
    FOR,
    FORM,
    MARK,
    is_mark,
    mistaken_marks,
)
from datalayer.codegen.reading.set_items import (
    needed_names,
    separators,
    set_clauses,
    set_items,
)
from datalayer.errors import DirectiveError
from datalayer.lexer import TokenKind
from datalayer.model import Operation, OptionalPart, PartKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.errors import LocatedError
    from datalayer.lexer import Token
    from datalayer.location import Location
    from datalayer.model import Placeholder


_WITHOUT_OPTIONS = {Operation.MANY_PARAMETERS, Operation.SCRIPT}


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
    operation: Operation,
) -> OptionalParts:
    """Find the piece before each `-- @optional` comment of a statement."""
    parts: list[OptionalPart] = []
    marks: list[tuple[int, int]] = []
    problems = list(mistaken_marks(source, tokens))
    tokens = without_names(tokens, {each.end for each in placeholders})
    for index, token in enumerate(tokens):
        if not is_mark(token):
            continue
        reader = _Reader(source, tokens, index, placeholders, declared, operation)
        try:
            part = reader.read()
            _refuse_nesting(reader, part, parts)
            parts.append(part)
        except DirectiveError as problem:
            problems.append(problem)
        marks.append((reader.end_before, token.end))
    problems += _needed_elsewhere(source, parts, placeholders)
    problems += _needed_by_joins(source, parts, placeholders)
    lists = [set_items(tokens, start, parts) for start in set_clauses(parts, tokens)]
    commas = [part for each in lists for part in separators(each)]
    return OptionalParts(
        parts=tuple(sorted([*parts, *commas], key=lambda part: part.start)),
        marks=tuple(marks),
        needed=tuple(
            needed_names(each) for each in lists if all(item.part for item in each)
        ),
        problems=tuple(problems),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """One mark among the tokens of its statement."""

    source: SourceText
    tokens: Sequence[Token]
    index: int
    placeholders: Sequence[Placeholder]
    declared: Sequence[str]
    operation: Operation

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
        if self.operation in _WITHOUT_OPTIONS:
            self.fail(
                f"`@optional` in a query that ends in `{self.operation}`",
                "remove it: what is sent is the same each time",
            )
        line_start = self.source.text.rfind("\n", 0, self.mark.start) + 1
        if not self.source.text[line_start : self.mark.start].strip():
            self.fail(
                "`@optional` stands on a line of its own",
                "move it to the end of the line on which the condition ends",
            )
        rest = match["rest"]
        if not rest.strip():
            return self._condition_or_assignment()
        names = FOR.fullmatch(rest)
        if names is None:
            self.fail(f"`{rest.strip()}` after `@optional`", FORM)
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
        if is_in_parentheses(tokens):
            self.fail(
                "a condition in parentheses cannot be left out alone",
                "put the comment behind the parentheses, or leave them out where AND"
                " joins what is in them",
            )
        return self.fail(
            "`@optional` is not behind a condition or an assignment",
            "move it behind one that WHERE, HAVING, ON or SET lists; what a join is"
            " for is said by `-- @optional for name`",
        )

    def _condition(self, tokens: list[Token], clause: int) -> OptionalPart:
        after = self.after
        of_join = tokens[clause].is_word("on")
        if after is not None and not ends_condition(after, of_join=of_join):
            self._not_the_end("condition", after)
        first, leads = last_term(tokens, clause)
        self._refuse_more("condition", end_inside_condition(tokens[first:]))
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
        if after is not None and not comma and not ends_assignment(after):
            self._not_the_end("assignment", after)
        items = tokens[:-1] if comma else tokens
        first = after_last_comma(items, clause)
        self._refuse_more("assignment", end_inside_assignment(items[first:]))
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
        after = self.after
        if after is not None and (
            after.is_word("and", "on") or not ends_condition(after, of_join=True)
        ):
            self._not_the_end("join", after)
        self._refuse_more("join", end_of_join(tokens[first:]))
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

    def _refuse_more(self, what: str, beyond: Token | None) -> None:
        if beyond is not None:
            self.fail(
                f"the {what} ends before `{beyond.text}`, and `@optional` behind it",
                f"move the comment to the end of the {what}",
            )

    def _not_the_end(self, what: str, after: Token) -> NoReturn:
        self.fail(
            f"the {what} goes on behind `@optional`, with `{after.text}`",
            "move the comment to its end",
        )


def _needed_by_joins(
    source: SourceText,
    parts: Sequence[OptionalPart],
    placeholders: Sequence[Placeholder],
) -> Iterator[LocatedError]:
    """Refuse joins that are there for one parameter and need another."""
    optional = {name for part in parts for name in (*part.all_of, *part.any_of)}
    joins = [part for part in parts if part.kind is PartKind.JOIN]
    for each in placeholders:
        part = next((p for p in joins if p.start <= each.start < p.end), None)
        if part is None or each.name not in optional or part.any_of == (each.name,):
            continue
        yield source.error(
            DirectiveError,
            f"the join needs `{each.name}`, and is there for others as well",
            start=each.start,
            end=each.end,
            help=f"move what `{each.name}` is compared with into a condition of WHERE",
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
