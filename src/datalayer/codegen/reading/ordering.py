"""The ORDER BY of a statement, and what it can be exchanged for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from datalayer.codegen.reading.clauses import closing
from datalayer.codegen.reading.source_text import quoted_list
from datalayer.errors import DirectiveError, LocatedError
from datalayer.lexer import significant_tokens
from datalayer.model import Ordering, SortKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.reading.directives import Directives
    from datalayer.codegen.reading.source_text import SourceText
    from datalayer.lexer import Token
    from datalayer.model import OrderDirective, PageDirective, Placeholder

_AFTER_LIST = ("fetch", "for", "limit", "offset")
_SET_OPERATIONS = ("except", "intersect", "union")


@dataclass(frozen=True, slots=True)
class FoundOrdering:
    """The ORDER BY that directives speak of, and what is wrong with it."""

    ordering: Ordering | None
    problems: tuple[LocatedError, ...]


def read_ordering(
    source: SourceText,
    tokens: Sequence[Token],
    placeholders: Sequence[Placeholder],
    directives: Directives,
) -> FoundOrdering:
    """Find the ORDER BY that `@order` and `@page` are about, if there are any.

    The offsets are those of the tokens that were read.
    """
    if not directives.orders and directives.page is None:
        return FoundOrdering(None, ())
    reader = _Reader(source, [token for token in tokens if token.significant])
    try:
        ordering = reader.read(directives, placeholders)
    except LocatedError as problem:
        return FoundOrdering(None, (problem,))
    return FoundOrdering(ordering, ())


@dataclass(frozen=True, slots=True)
class _Reader:
    source: SourceText
    #: The significant ones.
    tokens: Sequence[Token]

    def read(
        self, directives: Directives, placeholders: Sequence[Placeholder]
    ) -> Ordering:
        first = directives.page or directives.orders[0]
        begin = self._order_by(first)
        end = next(
            (
                index
                for index in self._outer(begin)
                if self.tokens[index].is_word(*_AFTER_LIST)
            ),
            self._last + 1,
        )
        written = self.tokens[begin:end]
        start, stop = written[0].start, written[-1].end
        default = self._default(directives.orders, start, stop)
        ordering = Ordering(start, stop, directives.orders, default)
        if directives.page is None:
            return ordering
        return self._paged(ordering, directives.page, end, placeholders)

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

    def _order_by(self, directive: OrderDirective | PageDirective) -> int:
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
                directive,
                "the statement has no ORDER BY",
                "write the order that it is to have without an argument",
            )
        return found[-1]

    def _default(
        self, orders: Sequence[OrderDirective], start: int, stop: int
    ) -> str | None:
        """Return the name of the order that the statement is written with."""
        if not orders:
            return None
        written = _normal(self.source.text[start:stop])
        for order in orders:
            if _normal(order.sql) == written:
                return order.name
        raise self.source.error(
            DirectiveError,
            "the ORDER BY is none of the orders of the header:"
            f" {quoted_list(order.name for order in orders)}",
            start=start,
            end=stop,
            help="write one of them: it is the default",
        )

    def _paged(
        self,
        ordering: Ordering,
        page: PageDirective,
        end: int,
        placeholders: Sequence[Placeholder],
    ) -> Ordering:
        written = self.source.text[ordering.start : ordering.end]
        if page.sql is not None and _normal(page.sql) != _normal(written):
            raise _error(
                self.source,
                page,
                "the pages are not in the order of the statement",
                f"write `ORDER BY {page.sql}`, or correct the directive",
            )
        limit = self._limit(page, end, placeholders)
        main = next(
            (
                index
                for index in self._outer()
                if self.tokens[index].is_word("select", "values")
            ),
            0,
        )
        sets = [i for i in self._outer() if self.tokens[i].is_word(*_SET_OPERATIONS)]
        begin = self.tokens[main].start
        if sets and sets[0] < main:
            begin = self.tokens[0].start
        texts = [(order.name, order.sql) for order in ordering.orders]
        keys = {
            name: tuple(self._keys(page, sql)) for name, sql in texts or [("", written)]
        }
        return Ordering(
            ordering.start,
            ordering.end,
            ordering.orders,
            ordering.default,
            page=page,
            keys=tuple(keys.items()),
            main=begin,
            limit=limit,
        )

    def _limit(
        self, page: PageDirective, end: int, placeholders: Sequence[Placeholder]
    ) -> str:
        """Return the parameter of `LIMIT :name`, with which the statement must end."""
        rest = self.tokens[end : self._last + 1]
        names = {each.start: each.name for each in placeholders}
        is_limit = len(rest) == 3 and rest[0].is_word("limit")
        if not is_limit or rest[1].start not in names:
            raise _error(
                self.source,
                page,
                "the statement does not end in `ORDER BY … LIMIT :name`",
                "write it so: pages need neither OFFSET nor FETCH",
            )
        return names[rest[1].start]

    def _keys(self, page: PageDirective, sql: str) -> Iterator[SortKey]:
        for item in _items(list(significant_tokens(sql))):
            words = [token.text.lower() for token in item]
            if "nulls" in words:
                words = words[: words.index("nulls")]
            descending = words[-1] == "desc"
            if words[-1] in {"asc", "desc"}:
                words = words[:-1]
            name = item[len(words) - 1].text
            plain = len(words) % 2 == 1 and all(word == "." for word in words[1::2])
            if not plain:
                raise _error(
                    self.source,
                    page,
                    f"`{' '.join(words)}` is not a column of the result",
                    "select the expression under a name, and order by that name",
                )
            unquoted = name[1:-1].replace('""', '"') if name[0] == '"' else name.lower()
            yield SortKey(unquoted, descending)


def _items(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    item: list[Token] = []
    depth = 0
    for token in tokens:
        depth -= closing(token)
        if depth == 0 and token.text == ",":
            yield item
            item = []
        else:
            item.append(token)
    yield item


def _normal(sql: str) -> list[str]:
    """Return what PostgreSQL sees of an order, in one spelling."""
    words = [token.text for token in significant_tokens(sql)]
    lowered = [word if word[0] in "\"'" else word.lower() for word in words]
    return [
        word
        for word, following in pairwise([*lowered, ","])
        if not (word == "asc" and following in {",", "nulls"})
    ]


def _error(
    source: SourceText,
    directive: OrderDirective | PageDirective,
    message: str,
    help: str,
) -> DirectiveError:
    lines = source.text.split("\n")
    before = sum(len(line) + 1 for line in lines[: directive.location.line - 1])
    start = before + directive.location.column - 1
    end = before + len(lines[directive.location.line - 1])
    return source.error(DirectiveError, message, start=start, end=end, help=help)
