"""Rules for where values come from: columns of tables, subqueries and functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.comparisons import truth_of
from datalayer.codegen.inference.element_checks import elements_are_checked
from datalayer.codegen.inference.function_sources import function_column
from datalayer.codegen.inference.joins import (
    GROUP_ENTRY,
    computed,
    grouped_expression,
    nulling_sides,
)
from datalayer.codegen.inference.narrow import may_be_null, row_environment
from datalayer.codegen.inference.outcomes import (
    ANY,
    FALSE,
    NULL,
    TRUE,
    VALUE,
    ColumnOf,
    Environment,
    Outcome,
    ancestor,
    bare,
    elements,
    outcomes,
    recursing,
    rows_environment,
    worlds,
)
from datalayer.codegen.nodetree import Node, make_node
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalayer.codegen.catalog import Relation, TableColumn
    from datalayer.codegen.inference.outcomes import ExpressionRule, SourceRule

#: Values of `RTEKind`.
TABLE, SUBQUERY, JOIN, FUNCTION, TABLE_FUNCTION, VALUES, CTE = range(7)
_VIEWS = frozenset({"v", "m"})
_WITH_SYSTEM_COLUMNS = frozenset({"r", "p", "m", "t"})
#: Entries whose reference as a whole is a row, even when its columns are NULL.
_WHOLE_ROWS = frozenset({TABLE, SUBQUERY, VALUES, CTE})
# Values of `SubLinkType`.
_EXISTS, _ALL, _ANY, _ROW_COMPARE, _SCALAR, _MULTIPLE, _ARRAY = range(7)

UNKNOWN = ColumnInference()
_ALWAYS = ColumnInference(nullable=False)


def variable(node: Node, environment: Environment) -> Outcome:
    """Answer for a column: NULL by itself, or because an outer join found no match."""
    home = ancestor(environment, node.number("varlevelsup"))
    if home is None:
        return ANY
    if node.number("varlevelsup") and home.scope.groups:
        # A subquery sees what the grouping sets of the query around it leave.
        return outcomes(make_node("VAR", {**node.fields, "varlevelsup": "0"}), home)
    returning = home.returning
    if returning is not None:
        if node.number("varno") == returning.target:
            return _flags(returned_column(node, home))
        if returning.loses_sources:
            return ANY
    world = home.world
    sides = nulling_sides(node, home.scope)
    if any(side in world.null for side in sides if side is not None):
        return NULL
    result = _own_outcome(node, home)
    matched = all(side is not None and side in world.present for side in sides)
    return result if matched else result | NULL


def _own_outcome(node: Node, home: Environment) -> Outcome:
    """Return what a column holds in a row of its own."""
    relation, number = node.number("varno"), node.number("varattno")
    entry = home.scope.entry(relation)
    if entry is None:
        return ANY
    atom = ColumnOf(relation, number)
    if atom in home.world.null:
        return NULL
    expression = computed(entry, number, home.scope)
    if expression is not None:
        found = outcomes(expression, home)
    elif entry.number("rtekind") == GROUP_ENTRY:
        found = _grouped(entry, number, home)
    elif number <= 0:
        found = _special(entry, number)
    else:
        found = _flags(source(entry, relation, number, home))
    found = found & truth_of(atom, home.world)
    return found & ~NULL if atom in home.world.present else found


def _grouped(entry: Node, number: int, home: Environment) -> Outcome:
    """Answer for an expression that grouping sets group by.

    That a set leaves it out is not part of the answer.
    """
    found = grouped_expression(entry, number)
    return ANY if found is None else outcomes(found, rows_environment(home))


def _special(entry: Node, number: int) -> Outcome:
    """Answer for a whole row (number 0) and for system columns."""
    if number == 0:
        return VALUE if entry.number("rtekind") in _WHOLE_ROWS else ANY
    return VALUE if entry.text("relkind") in _WITH_SYSTEM_COLUMNS else ANY


def _flags(column: ColumnInference) -> Outcome:
    return ANY if column.nullable else VALUE


def returned_column(node: Node, home: Environment) -> ColumnInference:
    """Answer for a column of the changed table in RETURNING."""
    returning = home.returning
    number, kind = node.number("varattno"), node.number("varreturningtype")
    if returning is None or kind >= len(returning.columns):
        return UNKNOWN
    columns = returning.columns[kind]
    if columns is None:
        return UNKNOWN
    entry = home.scope.entry(node.number("varno"))
    if number < 0 and entry is not None:
        return _ALWAYS if _special(entry, number) == VALUE else UNKNOWN
    return columns.get(number, UNKNOWN)


def source(
    entry: Node, relation: int, number: int, environment: Environment
) -> ColumnInference:
    """Return whether a column of a range-table entry can be NULL in a row of it."""
    rule = environment.session.rules.sources.get(entry.number("rtekind"))
    if rule is None:
        return UNKNOWN
    found = rule(entry, number, environment)
    if found.nullable and entry.number("rtekind") == TABLE:
        return replace(
            found, nullable=_computed_null(entry, relation, number, environment)
        )
    return found


def table_column(entry: Node, number: int, environment: Environment) -> ColumnInference:
    """Answer for a column of a table or view."""
    session = environment.session
    relation = session.catalog.relation(entry.number("relid"))
    if relation is None:
        return UNKNOWN
    if relation.kind in _VIEWS:
        query = session.catalog.view(entry.number("relid"))
        return session.rules.query(query, number, None, session) if query else UNKNOWN
    column = relation.columns.get(number)
    if column is None or relation.has_foreign_part:
        return UNKNOWN
    return ColumnInference(
        nullable=not declared_not_null(entry, relation, column, environment),
        elements_nullable=not elements_are_checked(
            entry, relation, number, session.catalog
        ),
    )


def declared_not_null(
    entry: Node, relation: Relation, column: TableColumn, environment: Environment
) -> bool:
    """Return whether a constraint of the table or of the type forbids NULL."""
    everywhere = entry.flag("inh") or relation.kind == "p"
    if column.not_null if everywhere else column.not_null_alone:
        return True
    type_ = environment.session.catalog.type(column.type)
    return type_ is not None and type_.not_null


def _computed_null(
    entry: Node, relation: int, number: int, environment: Environment
) -> bool:
    """Return whether a generated column can be NULL; other columns can."""
    table = environment.session.catalog.relation(entry.number("relid"))
    column = table.columns.get(number) if table else None
    if table is None or column is None or not column.generated or table.has_children:
        return True
    return may_be_null(column.default, row_environment(environment, entry, relation))


def subquery_column(
    entry: Node, number: int, environment: Environment
) -> ColumnInference:
    """Answer for a column of a subquery in FROM."""
    query, session = entry.node("subquery"), environment.session
    if query is None:
        return UNKNOWN
    parent = environment if entry.flag("lateral") else bare(environment)
    return session.rules.query(query, number, parent, session)


def cte_column(entry: Node, number: int, environment: Environment) -> ColumnInference:
    """Answer for a column of a WITH query."""
    home = ancestor(environment, entry.number("ctelevelsup"))
    definition = cte_definition(entry, home)
    if home is None or definition is None:
        return UNKNOWN
    for known, columns in home.recursion:
        if known is definition:
            return columns[number - 1] if 0 < number <= len(columns) else UNKNOWN
    if definition.flag("cterecursive"):
        return _recursive_column(definition, number, home)
    query, session = definition.node("ctequery"), home.session
    return session.rules.query(query, number, bare(home), session) if query else UNKNOWN


def cte_definition(entry: Node, home: Environment | None) -> Node | None:
    """Return the WITH query that a range-table entry names."""
    if home is None:
        return None
    for definition in home.scope.query.nodes("cteList"):
        if definition.text("ctename") == entry.text("ctename"):
            return definition
    return None


def _recursive_column(
    definition: Node, number: int, home: Environment
) -> ColumnInference:
    columns = _recursive_columns(definition, home)
    columns += tuple(_search_and_cycle(definition, home))
    return columns[number - 1] if 0 < number <= len(columns) else UNKNOWN


def _search_and_cycle(definition: Node, home: Environment) -> Iterator[ColumnInference]:
    """Yield the columns that SEARCH and CYCLE add, in their order."""
    # https://www.postgresql.org/docs/current/queries-with.html
    if definition.node("search_clause") is not None:
        yield _ALWAYS
    cycle = definition.node("cycle_clause")
    if cycle is not None:
        marks = (cycle.node("cycle_mark_value"), cycle.node("cycle_mark_default"))
        yield ColumnInference(
            nullable=any(outcomes(mark, home) & NULL for mark in marks)
        )
        yield _ALWAYS


def _recursive_columns(
    definition: Node, home: Environment
) -> tuple[ColumnInference, ...]:
    """Return all columns of a recursive query, found together once."""
    memory = home.session.memory
    # What is found while another recursive query is assumed must not be kept.
    if recursing(home):
        return _fixed_point(definition, home)
    key = ("recursive", id(definition), worlds(home.parent))
    if key not in memory:
        memory[key] = _fixed_point(definition, home)
    found = memory[key]
    return found if isinstance(found, tuple) else ()


def _fixed_point(definition: Node, home: Environment) -> tuple[ColumnInference, ...]:
    """Assume that no column is NULL until the query itself says otherwise."""
    query, session = definition.node("ctequery"), home.session
    if query is None:
        return ()
    count = len(query.nodes("targetList"))
    columns = (ColumnInference(nullable=False, elements_nullable=False),) * count
    while True:
        recursion = (*home.recursion, (definition, columns))
        parent = replace(bare(home), recursion=recursion)
        found = tuple(
            session.rules.query(query, index + 1, parent, session)
            for index in range(count)
        )
        if found == columns:
            return columns
        columns = found


def values_column(
    entry: Node, number: int, environment: Environment
) -> ColumnInference:
    """Answer for a column of VALUES: every row counts."""
    expressions = [
        row[number - 1] if isinstance(row, tuple) and number <= len(row) else None
        for row in entry.items("values_lists")
    ]
    nodes = [part if isinstance(part, Node) else None for part in expressions]
    return ColumnInference(
        nullable=any(outcomes(part, environment) & NULL for part in nodes),
        elements_nullable=any(elements(part, environment) & NULL for part in nodes),
    )


def sublink(node: Node, environment: Environment) -> Outcome:
    """Answer for a subquery in an expression."""
    kind, query = node.number("subLinkType"), node.node("subselect")
    if query is None:
        return ANY
    if kind in {_EXISTS, _ARRAY}:
        return VALUE
    session = environment.session
    rows = session.rules.rows(query, environment, session)
    columns = _sublink_columns(query, environment)
    if kind == _SCALAR:
        found = columns[0] if columns else ANY
        return found if rows.at_least_one else found | NULL
    if kind not in {_ALL, _ANY, _ROW_COMPARE}:
        return ANY
    test = outcomes(node.node("testexpr"), replace(environment, sublink=columns))
    if rows.at_least_one:
        return test
    return test | {_ALL: TRUE, _ANY: FALSE, _ROW_COMPARE: NULL}[kind]


def _sublink_columns(query: Node, environment: Environment) -> tuple[Outcome, ...]:
    session = environment.session
    count = sum(not entry.flag("resjunk") for entry in query.nodes("targetList"))
    return tuple(
        _flags(session.rules.query(query, index + 1, environment, session))
        for index in range(count)
    )


def variable_elements(node: Node, environment: Environment) -> Outcome:
    """Answer for the elements of an array that comes from elsewhere."""
    home = ancestor(environment, node.number("varlevelsup"))
    relation, number = node.number("varno"), node.number("varattno")
    entry = home.scope.entry(relation) if home else None
    if home is None or entry is None:
        return ANY
    if home.returning is not None and relation == home.returning.target:
        return ANY if returned_column(node, home).elements_nullable else VALUE
    expression = computed(entry, number, home.scope)
    if expression is not None:
        return elements(expression, home)
    if number <= 0 or entry.number("rtekind") == GROUP_ENTRY:
        return ANY
    found = source(entry, relation, number, home)
    return ANY if found.elements_nullable else VALUE


SOURCES: Mapping[int, SourceRule] = {
    TABLE: table_column,
    SUBQUERY: subquery_column,
    FUNCTION: function_column,
    VALUES: values_column,
    CTE: cte_column,
}

VARIABLES: Mapping[str, ExpressionRule] = {"SUBLINK": sublink, "VAR": variable}
