"""Which columns of a result make an object, and when there is none of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import (
    Scope,
    make_scope,
    sides_around,
)
from datalayer.codegen.inference.keys import relations_of
from datalayer.codegen.inference.narrow import may_be_null
from datalayer.codegen.inference.nest_columns import (
    ResultColumn,
    divide,
    result_columns,
)
from datalayer.codegen.inference.nest_keys import KeySearch
from datalayer.codegen.inference.nest_refusals import (
    NestingRefused,
    check_outermost,
    check_query,
)
from datalayer.codegen.inference.outcomes import NULL, Environment, bare, elements
from datalayer.codegen.inference.query_columns import (
    SELECT,
    output_environment,
    output_expression,
    settled,
)
from datalayer.codegen.inference.sources import source
from datalayer.codegen.inference.types import declared_type
from datalayer.codegen.nodetree import Node
from datalayer.model import ColumnInference
from datalayer.nesting import Nest, NestDirective, Nesting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.inference.outcomes import Session, Side

#: What a statement is called of which pages are read.
PAGE = "page"
#: json and jsonb, whose null becomes None and is no NULL.
_DOCUMENTS = {114, 3802}
#: More columns than these are not proposed.
_PROPOSALS = 3


@dataclass(frozen=True, slots=True)
class _Draft:
    """A directive with what is known where its objects are."""

    directive: NestDirective
    members: tuple[ResultColumn, ...]
    sides: frozenset[Side]
    environment: Environment


def infer_nesting(
    query: Node, directives: Sequence[NestDirective], session: Session
) -> tuple[Nesting, dict[int, ColumnInference]]:
    """Return what is nested, and what the nested columns can be where they are.

    Raises `NestingRefused`.
    """
    query, parent = _inside_page(query, directives, session)
    check_query(query, directives)
    scope = make_scope(query)
    columns = result_columns(query, scope)
    divided = divide(columns, directives, scope)
    check_outermost(directives, divided)
    base = output_environment(query, parent, session)
    drafts: dict[tuple[str, ...], _Draft] = {}
    nests: list[Nest] = []
    for directive in sorted(directives, key=lambda each: len(each.path)):
        outer = drafts.get(directive.path[:-1])
        around = outer.environment if outer else base
        draft = _draft(directive, divided[directive.path], scope, around)
        drafts[directive.path] = draft
        nests.append(_nest(draft, columns, around))
    nesting = Nesting(tuple(nests), tuple(each.index for each in divided[()]))
    held = {
        column.index: _held(column, draft.environment)
        for draft in drafts.values()
        for column in draft.members
    }
    if not nesting.groups:
        return nesting, held
    environments = {path: draft.environment for path, draft in drafts.items()}
    search = KeySearch(query, session, {**environments, (): base}, columns)
    return search.with_keys(nesting), held


def _inside_page(
    query: Node, directives: Sequence[NestDirective], session: Session
) -> tuple[Node, Environment | None]:
    """Return the statement of which a page is read, and what is around it."""
    scope = make_scope(query)
    relations = relations_of(scope)
    entry = scope.entry(min(relations)) if len(relations) == 1 else None
    alias = entry.node("eref") if entry else None
    inner = entry.node("subquery") if entry else None
    if inner is None or alias is None or alias.text("aliasname") != PAGE:
        return query, None
    if any(each.relation == PAGE for each in directives):
        return query, None
    return inner, bare(Environment(session, scope))


def _draft(
    directive: NestDirective,
    members: tuple[ResultColumn, ...],
    scope: Scope,
    around: Environment,
) -> _Draft:
    sides = _sides(directive, members, scope)
    environment = replace(around, world=around.world.with_present(*sides))
    if scope.query.number("commandType") == SELECT:
        environment = settled(environment)
    return _Draft(directive, members, sides, environment)


def _sides(
    directive: NestDirective, members: tuple[ResultColumn, ...], scope: Scope
) -> frozenset[Side]:
    """Return what must have matched for there to be an object."""
    plain = {each.relation for each in members if each.relation}
    relations = plain or {relation for each in members for relation in each.relations}
    found = {frozenset(sides_around(relation, scope)) for relation in relations}
    if len(found) > 1:
        raise NestingRefused(
            directive,
            f"the columns of `{directive.name}` are of joins that match apart",
            "make an object of the columns of one join, and another in or beside it",
        )
    return found.pop() if found else frozenset()


def _nest(
    draft: _Draft, columns: tuple[ResultColumn, ...], around: Environment
) -> Nest:
    needed = draft.sides - around.world.present
    members = tuple(each.index for each in draft.members)
    if not needed:
        return Nest(draft.directive, members)
    witnesses = [
        column.index
        for column in (*draft.members, *columns)
        if column.relation
        and column.number > 0
        and _sides_of(column.relation, draft) - around.world.present == needed
        and not may_be_null(column.expression, draft.environment)
    ]
    return Nest(
        draft.directive,
        members,
        is_optional=True,
        witnesses=tuple(dict.fromkeys(witnesses)),
        candidates=tuple(_candidates(draft)),
    )


def _sides_of(relation: int, draft: _Draft) -> frozenset[Side]:
    return frozenset(sides_around(relation, draft.environment.scope))


def _held(column: ResultColumn, environment: Environment) -> ColumnInference:
    return ColumnInference(
        nullable=may_be_null(column.expression, environment),
        elements_nullable=bool(elements(column.expression, environment) & NULL),
    )


def _candidates(draft: _Draft) -> Iterator[str]:
    """Yield columns that are never NULL in a row of their own."""
    relation = next((each.relation for each in draft.members if each.relation), None)
    entry = draft.environment.scope.entry(relation) if relation else None
    alias = entry.node("eref") if entry else None
    if relation is None or entry is None or alias is None:
        return
    found = 0
    for number, name in enumerate(alias.items("colnames"), 1):
        if found == _PROPOSALS or not isinstance(name, str) or not name:
            continue
        if _type(entry, number, draft) in _DOCUMENTS:
            continue
        if not source(entry, relation, number, draft.environment).nullable:
            found += 1
            yield f"{alias.text('aliasname')}.{name}"


def _type(entry: Node, number: int, draft: _Draft) -> int:
    """Return the type of a column of a table or a subquery, or 0."""
    query = entry.node("subquery")
    if query is not None:
        return declared_type(output_expression(query, number))
    catalog = draft.environment.session.catalog
    table = catalog.relation(entry.number("relid"))
    column = table.columns.get(number) if table else None
    return column.type if column else 0
