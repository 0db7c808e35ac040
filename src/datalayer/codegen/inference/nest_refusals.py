"""Statements whose rows cannot be nested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.query_columns import SELECT
from datalayer.nesting import NestDirective, NestKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalayer.codegen.nodetree import Node

_MERGE = 5


class NestingRefused(Exception):
    """What a directive asks for cannot be, and what to do."""

    def __init__(self, directive: NestDirective, message: str, help: str) -> None:
        """Keep the directive."""
        super().__init__(message)
        self.directive = directive
        self.message = message
        self.help = help


def check_query(query: Node, directives: Sequence[NestDirective]) -> None:
    """Raise `NestingRefused` for a statement that has no joins to speak of."""
    first = directives[0]
    if query.node("setOperations") is not None:
        raise NestingRefused(
            first,
            "the rows of a set operation come from no join",
            "put it into a subquery, `FROM (… UNION …) AS name`",
        )
    if query.items("groupingSets"):
        raise NestingRefused(
            first,
            "a grouping set leaves columns out that a join has matched",
            "group by columns, or read the totals by another query",
        )
    if query.number("commandType") == _MERGE:
        raise NestingRefused(
            first,
            "the rows of MERGE are matched in several ways",
            "read them by another query",
        )
    groups = [each for each in directives if each.kind is NestKind.GROUP]
    if groups:
        _check_grouped(query, groups[0])


def _check_grouped(query: Node, group: NestDirective) -> None:
    if query.number("commandType") != SELECT:
        raise NestingRefused(
            group,
            f"the rows for `{group.name}` are those of no SELECT",
            "put the statement into WITH, and select from it",
        )
    if query.node("limitCount") is not None or query.node("limitOffset") is not None:
        raise NestingRefused(
            group,
            f"LIMIT and OFFSET count rows, and would cut `{group.name}` in two",
            "limit what the lists belong to: `FROM (SELECT … LIMIT …) AS name`",
        )


def check_outermost(
    directives: Sequence[NestDirective], divided: Mapping[tuple[str, ...], object]
) -> None:
    """Raise `NestingRefused` where a row is nothing but its lists."""
    kinds = {each.kind for each in directives if len(each.path) == 1}
    if not divided[()] and kinds == {NestKind.GROUP}:
        raise NestingRefused(
            directives[0],
            f"nothing is left that `{directives[0].name}` could belong to",
            "select a key of what has the list, or return plain rows",
        )
