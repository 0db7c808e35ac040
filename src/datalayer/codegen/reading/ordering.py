"""The ORDER BY of a statement, and what it can be exchanged for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.reading.clauses import closing
from datalayer.codegen.reading.order_lists import (
    AFTER_LIST,
    SET_OPERATIONS,
    check_list,
    normal,
    offset_of,
    read_keys,
)
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.errors import DirectiveError, LocatedError
from datalayer.model import Ordering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.header import Header
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.lexer import Token
    from datalayer.model import OrderDirective, PageDirective, Placeholder, SortKey

_SPACE = " \t\n\f\v"
_OF_PAGES = re.compile(r"cursor(_[0-9]+)?")
#: What a page does not bear behind ORDER BY, and what to do.
_SURPLUS = {
    "fetch": "write `LIMIT :row_limit`: that is the size of a page",
    "for": "remove it, and lock the rows of a page by their keys",
    "offset": "remove it: a cursor tells where a page begins",
}


@dataclass(frozen=True, slots=True)
class FoundOrdering:
    """The ORDER BY that directives speak of, and what is wrong with it."""

    ordering: Ordering | None
    problems: tuple[LocatedError, ...]


def read_ordering(
    source: SourceText,
    tokens: Sequence[Token],
    placeholders: Sequence[Placeholder],
    header: Header,
) -> FoundOrdering:
    """Find the ORDER BY that `@order` and `@page` are about, if there are any.

    The offsets are those of the tokens that were read.
    """
    orders, page = header.directives.orders, header.directives.page
    if not orders and page is None:
        return FoundOrdering(None, ())
    problems = [*_clashes(source, header), *_list_problems(source, orders, page)]
    if problems:
        return FoundOrdering(None, tuple(problems))
    significant = [token for token in tokens if token.significant]
    reader = _Reader(source, significant, placeholders, orders, page)
    try:
        return FoundOrdering(reader.read(), ())
    except LocatedError as problem:
        return FoundOrdering(None, (problem,))


def _clashes(source: SourceText, header: Header) -> Iterator[LocatedError]:
    """Yield the parameters that are named like what a directive adds."""
    for parameter in header.line.parameters or ():
        name = parameter.name.lower()
        if header.directives.orders and name == "order":
            word = "order"
        elif header.directives.page and _OF_PAGES.fullmatch(name):
            word = "page"
        else:
            continue
        yield source.error(
            DirectiveError,
            f"`{parameter.name}` is the name of an argument that `@{word}` adds",
            start=parameter.start,
            end=parameter.start + len(parameter.name),
            help="rename the parameter",
        )


def _list_problems(
    source: SourceText, orders: Sequence[OrderDirective], page: PageDirective | None
) -> Iterator[LocatedError]:
    lists = [(each.sql, each.location) for each in orders]
    if page is not None and page.sql is not None:
        lists.append((page.sql, page.location))
    for sql, location in lists:
        try:
            check_list(source, sql, offset_of(source, location))
        except LocatedError as problem:
            yield problem
    for index, order in enumerate(orders):
        for other in orders[:index]:
            if normal(order.sql) == normal(other.sql):
                yield _error(
                    source,
                    order,
                    f"`{order.name}` is the same order as `{other.name}`",
                    "remove one of the two",
                )


@dataclass(frozen=True, slots=True)
class _Reader:
    source: SourceText
    #: The significant ones.
    tokens: Sequence[Token]
    placeholders: Sequence[Placeholder]
    orders: Sequence[OrderDirective]
    page: PageDirective | None

    def read(self) -> Ordering:
        begin = self._order_by()
        end = next(
            (
                index
                for index in self._outer(begin)
                if self.tokens[index].is_word(*AFTER_LIST)
                and self.tokens[index - 1].text != "."
            ),
            self._last + 1,
        )
        if begin == end:
            raise self._at(begin, "the ORDER BY has no list", "write one")
        written = self.tokens[begin:end]
        start, stop = written[0].start, written[-1].end
        ordering = Ordering(
            start,
            stop,
            clause=len(self.source.text[: self.tokens[begin - 2].start].rstrip(_SPACE)),
            orders=tuple(self.orders),
            default=self._default(start, stop),
        )
        return ordering if self.page is None else self._paged(ordering, self.page, end)

    @property
    def _last(self) -> int:
        """Return the index of the last token, the final semicolon left out."""
        last = len(self.tokens) - 1
        return last - 1 if self.tokens[last].text == ";" else last

    def _outer(self, begin: int = 0) -> Iterator[int]:
        """Yield the tokens that no parentheses enclose."""
        depth = 0
        for index in range(begin, self._last + 1):
            depth -= closing(self.tokens[index])
            if depth == 0:
                yield index

    def _order_by(self) -> int:
        """Return where the list of the outermost ORDER BY begins."""
        found = [
            second + 1
            for index in self._outer()
            for second in (index + 1,)
            if second < self._last
            and self.tokens[index].is_word("order")
            and self.tokens[second].is_word("by")
        ]
        if not found:
            raise _error(
                self.source,
                self.page or self.orders[0],
                "the statement has no ORDER BY",
                "write the order that it is to have without an argument",
            )
        return found[-1]

    def _default(self, start: int, stop: int) -> str | None:
        """Return the name of the order that the statement is written with."""
        if not self.orders:
            return None
        written = normal(self.source.text[start:stop])
        for order in self.orders:
            if normal(order.sql) == written:
                return order.name
        raise self.source.error(
            DirectiveError,
            "the ORDER BY is none of the orders of the header:"
            f" {quoted_list(order.name for order in self.orders)}",
            start=start,
            end=stop,
            help="write one of them: it is the default",
        )

    def _paged(self, ordering: Ordering, page: PageDirective, end: int) -> Ordering:
        written = self.source.text[ordering.start : ordering.end]
        if page.sql is not None and normal(page.sql) != normal(written):
            spelled = " ".join(written.split())
            raise _error(
                self.source,
                page,
                "the pages are not in the order of the statement",
                f"write `-- @page {spelled}`, or correct the ORDER BY",
            )
        return Ordering(
            ordering.start,
            ordering.end,
            clause=ordering.clause,
            orders=ordering.orders,
            default=ordering.default,
            page=page,
            keys=tuple(self._keys(ordering)),
            main=self._main(page),
            limit=self._limit(page, end),
        )

    def _keys(self, ordering: Ordering) -> Iterator[tuple[str, tuple[SortKey, ...]]]:
        for each in ordering.orders:
            start = offset_of(self.source, each.location)
            yield each.name, read_keys(self.source, each.sql, start)
        if not ordering.orders:
            written = self.source.text[ordering.start : ordering.end]
            yield "", read_keys(self.source, written, ordering.start)

    def _main(self, page: PageDirective) -> int:
        """Return where the outermost SELECT begins, below its WITH."""
        outer = list(self._outer())
        main = next((i for i in outer if self.tokens[i].is_word("select", "values")), 0)
        following = self.tokens[main + 1 : main + 3]
        if following[0].is_word("distinct") and following[1].is_word("on"):
            raise _error(
                self.source,
                page,
                "the ORDER BY of a DISTINCT ON says which rows there are",
                "write it in a WITH, and read the pages of that",
            )
        sets = [i for i in outer if self.tokens[i].is_word(*SET_OPERATIONS)]
        if sets and sets[0] < main:
            main = 0
        return self.tokens[main].start

    def _limit(self, page: PageDirective, end: int) -> str:
        """Return the parameter of `LIMIT :name`, with which the statement must end."""
        rest = range(end, self._last + 1)
        for index in rest:
            word = self.tokens[index].text.lower()
            if word in _SURPLUS:
                raise self._at(
                    index, f"`{word.upper()}` in a query of pages", _SURPLUS[word]
                )
        names = {each.start: each.name for each in self.placeholders}
        if not rest:
            raise _error(
                self.source,
                page,
                "the statement has no LIMIT",
                "end it in `LIMIT :row_limit`: that is the size of a page",
            )
        name = names.get(self.tokens[end + 1].start) if len(rest) > 1 else None
        if name is None or len(rest) != 3:
            message = "the size of a page is not a parameter"
            raise self._at(end, message, "end the statement in `LIMIT :row_limit`")
        uses = [each for each in self.placeholders if each.name == name]
        if len(uses) > 1:
            raise self.source.error(
                DirectiveError,
                f"`:{name}` is the size of a page, and used for something else here",
                start=uses[0].start,
                end=uses[0].end,
                help="give one of the two a parameter of its own",
            )
        return name

    def _at(self, index: int, message: str, help: str) -> DirectiveError:
        token = self.tokens[min(index, len(self.tokens) - 1)]
        return self.source.error(
            DirectiveError, message, start=token.start, end=token.end, help=help
        )


def _error(
    source: SourceText,
    directive: OrderDirective | PageDirective,
    message: str,
    help: str,
) -> DirectiveError:
    start = offset_of(source, directive.location)
    end = source.text.find("\n", start)
    return source.error(
        DirectiveError,
        message,
        start=start,
        end=end if end > start else start + 1,
        help=help,
    )
