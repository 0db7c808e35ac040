"""Whether a parameter accepts NULL, from the places where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.arguments import call_arguments
from datalayer.codegen.inference.joins import make_scope, make_variable
from datalayer.codegen.inference.narrow import (
    is_impossible,
    may_be_null,
    row_environment,
)
from datalayer.codegen.inference.outcomes import (
    EMPTY,
    NULL,
    Argument,
    Environment,
    ancestor,
    bare,
    outcomes,
)
from datalayer.codegen.inference.query_columns import output_expression
from datalayer.codegen.inference.sources import (
    CTE,
    FUNCTION,
    SUBQUERY,
    TABLE,
    VALUES,
    cte_definition,
)
from datalayer.codegen.nodetree import Node, find_nodes
from datalayer.model import ParameterInference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Value

# Of `ParamKind`: a parameter, and a column of `SET (a, b) = (SELECT …)`, whose number
# stands below that of the subquery.
_EXTERNAL, _OF_A_ROW = 0, 3
_COLUMNS = 1 << 16
# Casts keep a NULL a NULL: `COERCE_EXPLICIT_CAST` and `COERCE_IMPLICIT_CAST`.
_CASTS = frozenset({1, 2})
_PASSING = frozenset(
    {
        "ARRAYCOERCEEXPR",
        "COERCETODOMAIN",
        "COERCEVIAIO",
        "COLLATEEXPR",
        "RELABELTYPE",
    }
)
_TESTS = frozenset({"BOOLEANTEST", "NULLTEST"})


@dataclass(frozen=True, slots=True)
class _Use:
    """What one place says: NULL is welcome, or NULL must fail."""

    number: int
    accepts: bool
    element: bool = False


def infer_parameters(
    query: Node, count: int, session: Session
) -> tuple[ParameterInference, ...]:
    """Return for each parameter whether it and its elements accept NULL.

    One place that welcomes NULL is enough, unless NULL would have to fail elsewhere.
    """
    uses = list(_uses(query, None, session))
    return tuple(
        ParameterInference(
            nullable=_accepted(uses, number, element=False),
            elements_nullable=_accepted(uses, number, element=True),
        )
        for number in range(1, count + 1)
    )


def _accepted(uses: list[_Use], number: int, *, element: bool) -> bool:
    votes = [u.accepts for u in uses if u.number == number and u.element == element]
    return bool(votes) and all(votes)


def _uses(value: Value, parent: Environment | None, session: Session) -> Iterator[_Use]:
    """Yield what each place at or below a value says."""
    if isinstance(value, tuple):
        for item in value:
            yield from _uses(item, parent, session)
        return
    if not isinstance(value, Node):
        return
    inside = parent
    if value.tag == "QUERY":
        inside = Environment(session, make_scope(value), parent, joined=False)
        yield from _query_uses(value, inside)
    yield from _test_uses(value, session)
    for child in value.fields.values():
        yield from _uses(child, inside, session)


def _test_uses(node: Node, session: Session) -> Iterator[_Use]:
    """Yield what an expression that looks at NULL says."""
    if node.tag in _TESTS:
        yield from _welcome(node.node("arg"))
    elif node.tag in {"COALESCEEXPR", "DISTINCTEXPR"}:
        for argument in node.nodes("args"):
            yield from _welcome(argument)
    elif node.tag == "COERCETODOMAIN":
        yield from _domain_use(_without_casts(node.node("arg")), node, session)
    elif node.tag == "FUNCEXPR":
        yield from _body_uses(node, session)
    elif _is_parameter(node):
        # `$1::domain` makes the parameter itself one of the domain.
        yield from _domain_use(node, node, session)


def _body_uses(call: Node, session: Session) -> Iterator[_Use]:
    """Yield what the body of a SQL function says of the parameters given to it."""
    number = call.number("funcid")
    function = session.catalog.function(number)
    if function is None or function.builtin or function.strict:
        return
    arguments = call_arguments(function, call.nodes("args"), session.catalog) or ()
    given = [_without_casts(argument) for argument in arguments]
    body = session.catalog.body(number) if any(map(_is_parameter, given)) else None
    if body is None or number in session.called:
        return
    inner = replace(session, called=(*session.called, number))
    for use in _uses(body.query, None, inner):
        argument = given[use.number - 1] if use.number <= len(given) else None
        if _is_parameter(argument):
            yield replace(use, number=argument.number("paramid"))


def _query_uses(query: Node, environment: Environment) -> Iterator[_Use]:
    for label in ("limitCount", "limitOffset"):
        yield from _welcome(query.node(label))
    assignments = [query.nodes("targetList")]
    conflict = query.node("onConflict")
    if conflict is not None:
        assignments.append(conflict.nodes("onConflictSet"))
    for action in query.nodes("mergeActionList"):
        assignments.append(action.nodes("targetList"))
    target = environment.scope.entry(query.number("resultRelation"))
    if target is None:
        return
    for entries in assignments:
        for entry in entries:
            number = entry.number("resno")
            accepts = _column_accepts(target, number, environment)
            yield from _stored(entry.node("expr"), environment, accepts=accepts)


def _welcome(node: Node | None) -> Iterator[_Use]:
    """Yield that NULL is welcome where a parameter stands, whatever its casts."""
    inner = _without_casts(node)
    if _is_parameter(inner):
        yield _Use(inner.number("paramid"), accepts=True)


def _domain_use(inner: Node | None, node: Node, session: Session) -> Iterator[_Use]:
    label = "paramtype" if node.tag == "PARAM" else "resulttype"
    domain = session.catalog.type(node.number(label))
    if domain is not None and domain.not_null and _is_parameter(inner):
        yield _Use(inner.number("paramid"), accepts=False)


def _is_parameter(node: Node | None) -> TypeGuard[Node]:
    return (
        node is not None
        and node.tag == "PARAM"
        and node.number("paramkind") == _EXTERNAL
    )


def _without_casts(node: Node | None) -> Node | None:
    while node is not None:
        if node.tag in _PASSING:
            node = node.node("arg")
        elif node.tag == "FUNCEXPR" and node.number("funcformat") in _CASTS:
            arguments = node.nodes("args")
            node = arguments[0] if arguments else None
        else:
            break
    return node


def _column_accepts(entry: Node, number: int, environment: Environment) -> bool:
    """Return whether a column of a table, or of a view of one, can store NULL."""
    catalog = environment.session.catalog
    relation = catalog.relation(entry.number("relid"))
    if relation is None:
        return False
    if relation.kind == "v":
        query = catalog.view(entry.number("relid"))
        return query is not None and _view_accepts(query, number, environment)
    column = relation.columns.get(number)
    if column is None or column.rejects_null:
        return False
    type_ = catalog.type(column.type)
    if type_ is None or type_.not_null:
        return False
    inside = row_environment(bare(environment), entry, 1)
    return may_be_null(make_variable(1, number), inside)


def _view_accepts(query: Node, number: int, environment: Environment) -> bool:
    for output in query.nodes("targetList"):
        expression = output.node("expr")
        if output.number("resno") != number or expression is None:
            continue
        entries = query.nodes("rtable")
        index = expression.number("varno")
        if expression.tag != "VAR" or not 0 < index <= len(entries):
            return False
        base = entries[index - 1]
        return base.number("rtekind") == TABLE and _column_accepts(
            base, expression.number("varattno"), environment
        )
    return False


def _stored(
    node: Node | None, environment: Environment, *, accepts: bool
) -> Iterator[_Use]:
    """Yield what storing an expression into a column says of its parameters."""
    inner = _without_casts(node)
    if node is None or inner is None:
        return
    if inner.tag == "VAR":
        for source, place in _sources(inner, environment):
            yield from _stored(source, place, accepts=accepts)
        yield from _stored_elements(inner, environment, accepts=accepts)
    elif inner.tag == "PARAM" and inner.number("paramkind") == _OF_A_ROW:
        yield from _stored_field(inner, environment, accepts=accepts)
    elif accepts and inner.tag == "CASEEXPR":
        branches = [branch.node("result") for branch in inner.nodes("args")]
        for result in (*branches, inner.node("defresult")):
            yield from _stored(result, environment, accepts=True)
    elif accepts:
        yield from _welcome(inner)
    else:
        yield from _refused(node, environment)


def _stored_field(
    field: Node, environment: Environment, *, accepts: bool
) -> Iterator[_Use]:
    """Yield what `SET (a, b) = (SELECT …)` says of one column of the SELECT."""
    number, column = divmod(field.number("paramid"), _COLUMNS)
    for sublink in find_nodes(environment.scope.query.items("targetList"), "SUBLINK"):
        if sublink.number("subLinkId") != number:
            continue
        query, session = sublink.node("subselect"), environment.session
        for source, place in _outputs(query, column, environment, session):
            yield from _stored(source, place, accepts=accepts)


def _refused(node: Node, environment: Environment) -> Iterator[_Use]:
    """Yield the parameters whose NULL would be stored where none is allowed."""
    numbers = {
        parameter.number("paramid")
        for parameter in find_nodes(node, "PARAM")
        if _is_parameter(parameter)
    }
    for number in sorted(numbers):
        world = EMPTY.with_null(Argument(number))
        assumed = replace(environment, world=world, joined=True)
        if outcomes(node, assumed) == NULL and not is_impossible(assumed):
            yield _Use(number, accepts=False)


def _sources(
    variable: Node, environment: Environment
) -> Iterator[tuple[Node | None, Environment]]:
    """Yield the expressions that a column of a subquery, VALUES or WITH stands for."""
    entry = environment.scope.entry(variable.number("varno"))
    number = variable.number("varattno")
    if entry is None or variable.number("varlevelsup"):
        return
    kind, session = entry.number("rtekind"), environment.session
    if kind == VALUES:
        for row in entry.items("values_lists"):
            found = row[number - 1] if isinstance(row, tuple) else None
            yield (found if isinstance(found, Node) else None), environment
    elif kind == SUBQUERY:
        yield from _outputs(entry.node("subquery"), number, environment, session)
    elif kind == CTE:
        home = ancestor(environment, entry.number("ctelevelsup"))
        definition = cte_definition(entry, home)
        if definition is not None and not definition.flag("cterecursive"):
            query = definition.node("ctequery")
            yield from _outputs(query, number, home, session)


def _outputs(
    query: Node | None, number: int, parent: Environment | None, session: Session
) -> Iterator[tuple[Node | None, Environment]]:
    if query is None:
        return
    place = Environment(session, make_scope(query), parent, joined=False)
    if query.node("setOperations") is not None:
        for entry in place.scope.entries:
            if entry.number("rtekind") == SUBQUERY:
                yield from _outputs(entry.node("subquery"), number, place, session)
        return
    yield output_expression(query, number), place


def _stored_elements(
    variable: Node, environment: Environment, *, accepts: bool
) -> Iterator[_Use]:
    """Yield what storing each element of `unnest($n)` says."""
    entry = environment.scope.entry(variable.number("varno"))
    if entry is None or entry.number("rtekind") != FUNCTION or not accepts:
        return
    column = variable.number("varattno")
    functions = entry.nodes("functions")
    if not 0 < column <= len(functions):
        return
    call = functions[column - 1].node("funcexpr")
    function = (
        environment.session.catalog.function(call.number("funcid")) if call else None
    )
    if call is None or function is None or function.signature != "unnest(anyarray)":
        return
    argument = _without_casts(call.nodes("args")[0])
    if _is_parameter(argument):
        yield _Use(argument.number("paramid"), accepts=True, element=True)
