"""Statements with the text of fragments where `-- @use` asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

from datalayer.codegen.reading.clauses import (
    ENDS_CONDITION,
    end_inside_condition,
    has_or,
)
from datalayer.codegen.reading.fragment_writing import (
    Edit,
    FragmentWriter,
    indentation_of,
)
from datalayer.codegen.reading.fragments import code_tokens, is_join, is_query
from datalayer.codegen.reading.sections import Section, begins_line, tokens_from
from datalayer.codegen.reading.source_text import SourceText, quoted_list
from datalayer.errors import FragmentUseError, LocatedError, UnknownFragment
from datalayer.lexer import TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.reading.fragment_scope import FragmentScope
    from datalayer.codegen.reading.header import NameLine
    from datalayer.lexer import Token
    from datalayer.model import Fragment

_USE = re.compile(r"--\s*@use\b(?P<rest>.*)$")
# What someone wrote who meant a use.
_NEARLY = re.compile(
    r"(--|/\*)\s*@(?i:use|uses|used|include|fragment)\b|.*--\s*@use\b", re.DOTALL
)
_CALL = re.compile(r"\s+(?P<name>[\w-]+)\s*(?:\((?P<arguments>[^()]*)\))?\s*")
_FORM = "write `-- @use name`, or `-- @use name(:a, :b)`, behind what it stands for"
_BEFORE_CONDITION = ("and", "having", "on", "or", "when", "where")
_BEFORE_LIST = ("all", "by", "distinct", "returning", "select")
_AFTER_LIST = (
    *("as", "asc", "desc", "except", "fetch", "for", "from", "group", "having"),
    *("intersect", "into", "limit", "nulls", "offset", "on", "order", "returning"),
    *("union", "where", "window"),
)


class BrokenFragment(Exception):
    """A query uses a fragment of which it was said already that it is wrong."""


def put_fragments(
    source: SourceText,
    section: Section,
    line: NameLine,
    length: int,
    scope: FragmentScope,
) -> tuple[SourceText, Section]:
    """Return a section, and the text of its file, with fragments instead of their uses.

    The header, of `length` tokens, stays as it is. Raises a `LocatedError` for a use
    that is wrong, and `BrokenFragment` where that was said of the fragment.
    """
    body = section.tokens[length:]
    edits = [
        _Reader(source, body, index, line, scope).read()
        for index, token in enumerate(body)
        if not token.significant
        and (token.kind is not TokenKind.WHITE_SPACE)
        and _NEARLY.match(token.text)
    ]
    if not edits:
        return source, section
    writer = FragmentWriter(source, line.name)
    for edit in edits:
        writer.put(edit)
    writer.copy(section.end)
    end = writer.length
    writer.copy(len(source.text))
    text = "".join(writer.parts)
    expanded = replace(
        source, text=text, stretches=tuple(writer.stretches), original=source.text
    )
    found = tuple(tokens_from(text[:end], section.header.end))
    return expanded, Section(section.header, found, end)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One `-- @use` among the tokens of a statement."""

    source: SourceText
    tokens: Sequence[Token]
    index: int
    line: NameLine
    scope: FragmentScope

    @property
    def comment(self) -> Token:
        return self.tokens[self.index]

    @property
    def after(self) -> Token | None:
        rest = self.tokens[self.index :]
        return next((token for token in rest if token.significant), None)

    def read(self) -> Edit:
        match = _USE.match(self.comment.text)
        if match is None:
            self.fail("this is not a use of a fragment, but looks like one", _FORM)
        call = _CALL.fullmatch(match["rest"])
        if call is None:
            said = match["rest"].strip()
            self.fail(f"`{said}` after `@use`" if said else "`@use` of nothing", _FORM)
        fragment = self._fragment(call)
        self._check_arguments(fragment, call["arguments"] or "")
        before = [token for token in self.tokens[: self.index] if token.significant]
        separator = bool(before) and before[-1].text in {",", ";"}
        end = before.pop().start if separator else self.comment.start
        if is_join(fragment):
            return self._join(fragment, before, end)
        return self._replacing(fragment, before, separator)

    def fail(self, message: str, help: str) -> NoReturn:
        raise self._error(FragmentUseError, message, help)

    def _error(self, kind: type[LocatedError], message: str, help: str) -> LocatedError:
        first_line = self.comment.text.partition("\n")[0]
        start = self.comment.start
        return self.source.error(
            kind, message, start=start, end=start + len(first_line), help=help
        )

    def _fragment(self, call: re.Match[str]) -> Fragment:
        name = call["name"]
        if name not in self.scope.fragments:
            raise self._error(
                UnknownFragment,
                f"no fragment is called `{name}`",
                self.scope.advice(name),
            )
        fragment = self.scope.fragments[name]
        if fragment is None:
            raise BrokenFragment
        return fragment

    def _check_arguments(self, fragment: Fragment, written: str) -> None:
        said = [each.strip() for each in written.split(",") if each.strip()]
        takes = [f":{name}" for name in fragment.parameters]
        if said != takes:
            call = f"{fragment.name}({', '.join(takes)})" if takes else fragment.name
            self.fail(
                f"`{fragment.name}` takes {quoted_list(takes) or 'no parameters'}",
                f"write `-- @use {call}`",
            )
        declared = [parameter.name for parameter in self.line.parameters or ()]
        missing = [name for name in fragment.parameters if name not in declared]
        if missing:
            names = ", ".join([*declared, *missing])
            self.fail(
                f"the header does not declare the parameter `{missing[0]}` of the"
                f" fragment `{fragment.name}`",
                f"write `-- name: {self.line.name}({names}){self.line.operation}`",
            )
        if takes and begins_line(self.source, self.comment):
            self.fail(
                "`@use` with parameters on a line of its own",
                "move it to the end of the line above: aiosql overlooks it here",
            )

    def _join(self, fragment: Fragment, before: list[Token], end: int) -> Edit:
        if begins_line(self.source, self.comment):
            return Edit(fragment, self.comment, end, end)
        lead = "\n" + indentation_of(self.source, self.comment.start)
        start = max((token.end for token in before), default=end)
        return Edit(fragment, self.comment, start, end, lead)

    def _replacing(
        self, fragment: Fragment, before: list[Token], separator: bool
    ) -> Edit:
        last = before[-1] if before else None
        if last is None or not last.is_word("false", "null") or self._is_above(last):
            self._nothing_stands_in(fragment)
        first = last
        if is_query(fragment):
            first = self._subquery(fragment, before)
        elif last.is_word("false"):
            self._condition(fragment, before, separator)
        else:
            self._list(fragment, before, separator)
        if last.is_word("null") and "\n" in fragment.text and first is last:
            return self._lines(fragment, before[-2], last)
        return Edit(fragment, self.comment, first.start, last.end)

    def _lines(self, fragment: Fragment, lead: Token, null: Token) -> Edit:
        """Put a list that takes several lines below the word that leads to it."""
        if "\n" in self.source.text[lead.end : null.start]:
            return Edit(fragment, self.comment, null.start, null.end)
        indentation = indentation_of(self.source, null.start) + " " * 4
        return Edit(fragment, self.comment, lead.end, null.end, f"\n{indentation}")

    def _is_above(self, token: Token) -> bool:
        return "\n" in self.source.text[token.end : self.comment.start]

    def _nothing_stands_in(self, fragment: Fragment) -> NoReturn:
        name = fragment.name
        self.fail(
            f"nothing stands in for `{name}` before the comment",
            f"write `(SELECT NULL -- @use {name}`"
            if is_query(fragment)
            else f"write `FALSE -- @use {name}` where it is a condition, and"
            f" `NULL -- @use {name}` where it is a list",
        )

    def _condition(
        self, fragment: Fragment, before: list[Token], separator: bool
    ) -> None:
        lead = before[-2] if len(before) > 1 else None
        leads = lead is not None and (
            lead.is_word(*_BEFORE_CONDITION) or lead.text == "("
        )
        after = self.after
        ends = after is None or after.text in {")", ";"}
        follows = after is not None and after.is_word(*ENDS_CONDITION, "and", "or")
        if not leads or not (ends or follows):
            self.fail(
                "FALSE is not a condition of its own here",
                "write it behind WHERE, ON, HAVING or AND, or in parentheses",
            )
        if separator and before[-1].text == ",":
            self.fail("a condition and a comma", "remove the comma")
        text = code_tokens(list(tokens(fragment.text)))
        beyond = end_inside_condition(text)
        if beyond is not None:
            self.fail(
                f"`{fragment.name}` is more than a condition: it has `{beyond.text}`",
                "make the condition a fragment, and write the rest in the query",
            )
        if has_or(text):
            self.fail(
                f"`{fragment.name}` joins alternatives by OR",
                f"put the text at {fragment.text_location} in parentheses",
            )

    def _list(self, fragment: Fragment, before: list[Token], separator: bool) -> None:
        lead = before[-2] if len(before) > 1 else None
        leads = lead is not None and (
            lead.is_word(*_BEFORE_LIST) or lead.text in {",", "(", ")"}
        )
        after = self.after
        ends = separator or after is None or after.text in {",", ")", ";"}
        if not leads or not (ends or (after and after.is_word(*_AFTER_LIST))):
            self.fail(
                "NULL is not an item of a list here",
                "write it behind SELECT, RETURNING, BY, a comma or a parenthesis",
            )
        if _in_columns_of_insert(before):
            self.fail(
                "the columns of an INSERT cannot be a fragment",
                "write them out: NULL cannot stand in for them",
            )

    def _subquery(self, fragment: Fragment, before: list[Token]) -> Token:
        texts = [token.text.lower() for token in before[-4:]]
        after = self.after
        encloses = after is not None and after.text == ")"
        if texts[-3:] != ["(", "select", "null"] or not encloses:
            self.fail(
                f"`{fragment.name}` is a whole subquery",
                f"write `(SELECT NULL -- @use {fragment.name}` and `)` below",
            )
        if texts[0] == "exists":
            self.fail(
                "`EXISTS (SELECT NULL)` is true, also for who runs this without"
                " fragments",
                "make the fragment a condition that begins with EXISTS, for which"
                " FALSE stands in",
            )
        return before[-2]


def _in_columns_of_insert(before: Sequence[Token]) -> bool:
    """Tell whether the tokens end in `INTO table (`, or with more of its columns."""
    opened = len(before) - 2
    while opened > 0 and before[opened].text != "(":
        if before[opened].text not in {",", "."} and not _is_name(before[opened]):
            return False
        opened -= 1
    table = opened - 1
    while table > 0 and not before[table].is_word("into"):
        if before[table].text != "." and not _is_name(before[table]):
            return False
        table -= 1
    return table > 0 and opened > 0


def _is_name(token: Token) -> bool:
    return token.kind in {TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER}
