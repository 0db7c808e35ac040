"""Which object each column of a result belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import Scope, computed
from datalayer.codegen.inference.keys import relations_of
from datalayer.codegen.inference.nest_refusals import NestingRefused
from datalayer.codegen.inference.query_columns import output_entries
from datalayer.codegen.nodetree import Node, Value
from datalayer.nesting import NestDirective

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_EITHER_VERSION = 0


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result, which may be a column of a relation as it is."""

    #: Its number from 0, as Python counts, and from 1, as the query tree does.
    index: int
    resno: int
    name: str
    expression: Node
    #: The relation and the number in it; 0 for anything else.
    relation: int
    number: int
    #: All relations that it is made of.
    relations: frozenset[int]


def result_columns(query: Node, scope: Scope) -> tuple[ResultColumn, ...]:
    """Return the columns of a query's result."""
    found: list[ResultColumn] = []
    for index, entry in enumerate(output_entries(query)):
        expression = entry.node("expr")
        assert expression is not None  # an entry is of an expression
        relation, number = _place(expression, scope) or (0, 0)
        found.append(
            ResultColumn(
                index=index,
                resno=entry.number("resno"),
                name=entry.text("resname"),
                expression=expression,
                relation=relation,
                number=number,
                relations=frozenset(relations_in(expression, scope)),
            )
        )
    return tuple(found)


def divide(
    columns: tuple[ResultColumn, ...],
    directives: Sequence[NestDirective],
    scope: Scope,
) -> dict[tuple[str, ...], tuple[ResultColumn, ...]]:
    """Return the columns of each object by its path; `()` is the row itself."""
    found: dict[tuple[str, ...], list[ResultColumn]] = {(): []}
    found |= {directive.path: [] for directive in directives}
    relations = {each.path: _relation(each, scope) for each in directives}
    for column in columns:
        owner = _owner(column, directives, relations)
        found[owner.path if owner else ()].append(column)
    for directive in directives:
        if not found[directive.path]:
            raise _empty(directive)
    return {path: tuple(members) for path, members in found.items()}


def relations_in(value: Value, scope: Scope, depth: int = 0) -> Iterator[int]:
    """Yield the relations of a query that an expression is made of."""
    if isinstance(value, tuple):
        for item in value:
            yield from relations_in(item, scope, depth)
    elif isinstance(value, Node) and value.tag == "VAR":
        if value.number("varlevelsup") == depth:
            number, index = value.number("varattno"), value.number("varno")
            stands_for = computed(scope.entry(index), number, scope)
            if stands_for is None:
                yield index
            else:
                yield from relations_in(stands_for, scope)
    elif isinstance(value, Node):
        inner = depth + (value.tag == "QUERY")
        for child in value.fields.values():
            yield from relations_in(child, scope, inner)


def _place(node: Node | None, scope: Scope) -> tuple[int, int] | None:
    """Return the relation and the number of a column that is taken as it is."""
    while node is not None and node.tag == "RELABELTYPE":
        node = node.node("arg")
    if node is None or node.tag != "VAR" or node.number("varlevelsup"):
        return None
    if node.number("varreturningtype") != _EITHER_VERSION:
        # The old row of an INSERT is not there, nor the new one of a DELETE.
        return None
    relation, number = node.number("varno"), node.number("varattno")
    stands_for = computed(scope.entry(relation), number, scope)
    return (relation, number) if stands_for is None else _place(stands_for, scope)


def _relation(directive: NestDirective, scope: Scope) -> int:
    """Return the relation that a directive names by its alias, or 0."""
    if directive.relation is None:
        return 0
    within = relations_of(scope) | {scope.query.number("resultRelation")}
    names: dict[int, str] = {}
    for index, entry in enumerate(scope.entries, 1):
        alias = entry.node("eref")
        if index in within and alias is not None:
            names[index] = alias.text("aliasname")
    found = [index for index, name in names.items() if name == directive.relation]
    if len(found) == 1:
        return found[0]
    told = ", ".join(f"`{name}`" for name in dict.fromkeys(names.values()))
    what = "two relations" if found else "no relation"
    raise NestingRefused(
        directive,
        f"FROM has {what} `{directive.relation}`",
        "give one of them an alias"
        if found
        else f"it has {told}; write `= alias`, or `= prefix_*` for names of columns",
    )


def _owner(
    column: ResultColumn,
    directives: Sequence[NestDirective],
    relations: dict[tuple[str, ...], int],
) -> NestDirective | None:
    """Return the innermost directive that a column belongs to."""
    claims = [
        each
        for each in directives
        if (each.prefix is not None and column.name.startswith(each.prefix))
        or (relations[each.path] and relations[each.path] == column.relation)
    ]
    if not claims:
        return None
    # Of `order_*` and `order_line_*` the longer tells more.
    claims.sort(key=lambda each: (len(each.prefix or ""), len(each.path)))
    *others, owner = claims
    for other in others:
        is_outer = owner.path[: len(other.path)] == other.path
        is_longer = bool(other.prefix) and len(other.prefix or "") < len(
            owner.prefix or ""
        )
        if not is_outer and not is_longer:
            raise NestingRefused(
                owner,
                f"column `{column.name}` belongs to `{other.name}` as well",
                "choose one of the two by an alias or a prefix that the other has not",
            )
    return owner


def _empty(directive: NestDirective) -> NestingRefused:
    if directive.prefix is not None:
        return NestingRefused(
            directive,
            f"no column for `{directive.name}` begins with `{directive.prefix}`",
            f"name columns so: `AS {directive.prefix}name`",
        )
    return NestingRefused(
        directive,
        f"the result has no column of `{directive.relation}`",
        "select its columns as they are, or write `= prefix_*` for expressions",
    )
