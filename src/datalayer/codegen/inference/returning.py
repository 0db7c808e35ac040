"""What RETURNING knows about the rows that a statement wrote."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.choices import compared_columns, known_to_hold
from datalayer.codegen.inference.comparisons import BOOLEAN, content_of
from datalayer.codegen.inference.element_checks import elements_are_checked
from datalayer.codegen.inference.joins import make_variable
from datalayer.codegen.inference.narrow import assuming, may_be_null, row_environment
from datalayer.codegen.inference.outcomes import (
    EMPTY,
    FALSE,
    NULL,
    TRUE,
    VALUE,
    ColumnOf,
    Content,
    Environment,
    Returning,
    World,
    bare,
    elements,
    outcomes,
)
from datalayer.codegen.inference.written_views import shown_columns, written_columns
from datalayer.codegen.nodetree import Node, find_nodes
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalayer.codegen.catalog import Relation
    from datalayer.codegen.inference.outcomes import Atom

# Values of `CmdType`, of `OnConflictAction` and of `MergeMatchKind`.
UPDATE, INSERT, DELETE, MERGE = 2, 3, 4, 5
DO_UPDATE = 2
_NOT_MATCHED_BY_SOURCE = 1
_NAMES = {UPDATE: "UPDATE", INSERT: "INSERT", DELETE: "DELETE"}
_VIEWS = frozenset({"v", "m"})
_WHOLE_ROW = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """The table that a statement changes."""

    index: int
    entry: Node
    relation: Relation
    environment: Environment

    def triggered(self, command: int) -> bool:
        """Return whether a trigger can replace what a command writes."""
        commands = self.relation.row_triggers
        if command == UPDATE and self.relation.kind == "p":
            # A row that moves to another partition is deleted and inserted.
            return bool(commands)
        return _NAMES[command] in commands


def returning_environment(environment: Environment) -> Environment:
    """Return what is known where RETURNING is computed."""
    query = environment.scope.query
    target = _target(environment)
    index = query.number("resultRelation")
    merging = query.number("commandType") == MERGE
    versions = _versions(query, target) if target else _through_view(query, environment)
    return replace(
        environment,
        world=EMPTY if merging else _unchanged(environment.world, index),
        facts=EMPTY,
        conditions=(),
        joined=False,
        returning=Returning(index, versions, merging and _loses_source(query)),
    )


def _target(environment: Environment) -> _Target | None:
    """Return the changed table; a view or a rule may do anything."""
    index = environment.scope.query.number("resultRelation")
    entry = environment.scope.entry(index)
    if entry is None:
        return None
    relation = environment.session.catalog.relation(entry.number("relid"))
    if relation is None or relation.kind in _VIEWS:
        return None
    commands = commands_of(environment.scope.query)
    if relation.rules & commands or relation.has_foreign_part:
        return None
    return _Target(index, entry, relation, environment)


def commands_of(query: Node) -> frozenset[str]:
    """Return what a statement may do to its target."""
    command, conflict = query.number("commandType"), query.node("onConflict")
    updates = conflict is not None and conflict.number("action") == DO_UPDATE
    if command == MERGE:
        return frozenset(_NAMES.values())
    return frozenset({_NAMES[command], *(["UPDATE"] if updates else [])})


def _unchanged(world: World, target: int) -> World:
    """Return what WHERE proved about everything but the changed row."""
    return World(
        null=frozenset(a for a in world.null if not _mentions(a, target)),
        present=frozenset(a for a in world.present if not _mentions(a, target)),
    )


def _mentions(atom: Atom, target: int) -> bool:
    if isinstance(atom, ColumnOf):
        return atom.relation == target
    if isinstance(atom, Node):
        return any(node.number("varno") == target for node in find_nodes(atom, "VAR"))
    return False


def _loses_source(query: Node) -> bool:
    """Return whether a MERGE returns rows that no source row belongs to."""
    return any(
        action.number("matchKind") == _NOT_MATCHED_BY_SOURCE
        for action in query.nodes("mergeActionList")
    )


Columns = dict[int, ColumnInference]


def _versions(
    query: Node, target: _Target
) -> tuple[Mapping[int, ColumnInference] | None, ...]:
    """Return what the columns hold: as written, in the old and in the new row."""
    command = query.number("commandType")
    if command == DELETE:
        old = _stored(target, target.environment)
        return old, old, None
    if command == UPDATE:
        old = _stored(target, target.environment)
        new = _written(query.nodes("targetList"), UPDATE, target, old)
        return new, old, new
    if command == INSERT:
        return _inserted(query, target)
    return _merged(query, target)


def _stored(target: _Target, environment: Environment) -> Columns:
    """Return what constraints, and the facts of an environment, say of a row."""
    relation, catalog = target.relation, environment.session.catalog
    columns = {
        number: ColumnInference(
            nullable=may_be_null(make_variable(target.index, number), environment),
            elements_nullable=not elements_are_checked(
                target.entry, relation, number, catalog
            ),
        )
        for number in relation.columns
    }
    return {**columns, _WHOLE_ROW: ColumnInference(nullable=False)}


def _written(
    entries: tuple[Node, ...],
    command: int,
    target: _Target,
    before: Columns,
) -> Columns:
    """Return what a command leaves in a row.

    `before` says what a column holds that the command does not mention.
    """
    forced = _stored(target, bare(target.environment))
    if target.triggered(command):
        return forced
    assigned = {
        entry.number("resno"): _value(entry.node("expr"), before, entry, target)
        for entry in entries
    }
    columns: Columns = {}
    for number, column in target.relation.columns.items():
        unmentioned = forced if column.generated else before
        found = assigned.get(number, unmentioned[number])
        least = forced[number]
        columns[number] = ColumnInference(
            nullable=found.nullable and least.nullable,
            elements_nullable=found.elements_nullable and least.elements_nullable,
        )
    return _checked(columns, _holding(entries, command, columns, target))


def _holding(
    entries: tuple[Node, ...], command: int, columns: Columns, target: _Target
) -> _Target:
    """Return the target with what is known of a row once it is written.

    Conditions hold for the new row, too, unless they are about what was changed.
    """
    environment = target.environment
    written = {entry.number("resno"): entry.node("expr") for entry in entries}
    changed = {n for n, each in target.relation.columns.items() if each.generated}
    changed.update(written)
    kept = tuple(
        condition
        for condition in known_to_hold(environment)
        if not _is_about(condition, changed, target.index)
    )
    if command == INSERT:
        defaults = {n: each.default for n, each in target.relation.columns.items()}
        written = {**defaults, **written}
    world = EMPTY.with_present(
        *(ColumnOf(target.index, n) for n, each in columns.items() if not each.nullable)
    )
    for number, family in compared_columns(target.entry, environment).items():
        content = _content(written.get(number), family, environment)
        if content is not None and not columns[number].nullable:
            world = world.with_content(ColumnOf(target.index, number), content)
    inside = replace(bare(environment), world=world, conditions=kept)
    return replace(target, environment=inside)


def _content(
    expression: Node | None, family: str, environment: Environment
) -> Content | None:
    """Return what a written value equals, when that is one constant."""
    if expression is None:
        return None
    if family != BOOLEAN:
        return content_of(expression, family, environment)
    found = outcomes(expression, environment) & VALUE
    if found not in {TRUE, FALSE}:
        return None
    return Content(BOOLEAN, frozenset({int(found == TRUE)}))


def _is_about(condition: Node, columns: set[int], target: int) -> bool:
    """Return whether a condition depends on some columns of the changed table."""
    return any(
        variable.number("varattno") in columns or variable.number("varattno") <= 0
        for variable in find_nodes(condition, "VAR")
        if variable.number("varno") == target
    )


def _value(
    expression: Node | None, before: Columns, entry: Node, target: _Target
) -> ColumnInference:
    if expression is not None and expression.tag == "SETTODEFAULT":
        return _default(entry.number("resno"), target)
    return ColumnInference(
        nullable=may_be_null(expression, target.environment),
        elements_nullable=bool(elements(expression, target.environment) & NULL),
    )


def _checked(columns: Columns, target: _Target) -> Columns:
    """Return what CHECK constraints add to what is known of a written row."""
    checked = _stored(target, target.environment)
    both = {
        number: replace(column, nullable=column.nullable and checked[number].nullable)
        for number, column in columns.items()
    }
    return {**both, _WHOLE_ROW: ColumnInference(nullable=False)}


def _defaults(target: _Target) -> Columns:
    return {number: _default(number, target) for number in target.relation.columns}


def _default(number: int, target: _Target) -> ColumnInference:
    """Return what the default of a column gives."""
    column = target.relation.columns.get(number)
    if column is None or column.generated or column.default is None:
        return ColumnInference()
    inside = row_environment(bare(target.environment), target.entry, target.index)
    return ColumnInference(nullable=may_be_null(column.default, inside))


def _inserted(
    query: Node, target: _Target
) -> tuple[Mapping[int, ColumnInference] | None, ...]:
    new = _written(query.nodes("targetList"), INSERT, target, _defaults(target))
    conflict = query.node("onConflict")
    if conflict is None or conflict.number("action") != DO_UPDATE:
        return new, None, new
    updated = _updated_instead(conflict, new, target)
    both = {number: _either(new[number], updated[number]) for number in new}
    return both, None, both


def _updated_instead(conflict: Node, new: Columns, target: _Target) -> Columns:
    """Return what ON CONFLICT DO UPDATE leaves in the row that stood in the way."""
    proposed = conflict.number("exclRelIndex")
    known = [
        ColumnOf(proposed, number)
        for number, column in new.items()
        if number > 0 and not column.nullable
    ]
    environment = bare(target.environment)
    environment = replace(environment, world=EMPTY.with_present(*known))
    condition = conflict.node("onConflictWhere")
    if condition is not None:
        environment = assuming(environment, condition)
    existing = replace(target, environment=environment)
    before = _stored(existing, environment)
    return _written(conflict.nodes("onConflictSet"), UPDATE, existing, before)


def _either(first: ColumnInference, second: ColumnInference) -> ColumnInference:
    return ColumnInference(
        nullable=first.nullable or second.nullable,
        elements_nullable=first.elements_nullable or second.elements_nullable,
    )


def _merged(
    query: Node, target: _Target
) -> tuple[Mapping[int, ColumnInference] | None, ...]:
    """Return what holds whichever of the actions was taken."""
    taken = [_taken(action, target) for action in query.nodes("mergeActionList")]
    versions = zip(*(each for each in taken if each), strict=True)
    return tuple(_any_of(version) for version in versions)


def _taken(
    action: Node, target: _Target
) -> tuple[Columns | None, Columns | None, Columns | None] | None:
    """Return the columns after an action of MERGE; None when it returns no row."""
    environment = bare(target.environment)
    condition = action.node("qual")
    if condition is not None:
        environment = assuming(environment, condition)
    inside = replace(target, environment=environment)
    command, entries = action.number("commandType"), action.nodes("targetList")
    if command == INSERT:
        new = _written(entries, INSERT, inside, _defaults(target))
        return new, None, new
    old = _stored(target, environment)
    if command == UPDATE:
        new = _written(entries, UPDATE, inside, old)
        return new, old, new
    return (old, old, None) if command == DELETE else None


def _any_of(version: Sequence[Columns | None]) -> Columns | None:
    """Return what holds of a version of the row after each of several actions."""
    total = version[0]
    for columns in version[1:]:
        if total is None or columns is None:
            return None
        total = {number: _either(total[number], columns[number]) for number in total}
    return total


def _through_view(
    query: Node, environment: Environment
) -> tuple[Mapping[int, ColumnInference] | None, ...]:
    """Return what holds of the rows of a view that PostgreSQL writes through."""
    session = environment.session
    entry = environment.scope.entry(query.number("resultRelation"))
    oid = entry.number("relid") if entry else 0
    written, shown = written_columns(oid, session), shown_columns(oid, session)
    if written is None or shown is None:
        return (None, None, None)
    whole = {_WHOLE_ROW: ColumnInference(nullable=False)}
    new: Columns | None = {**written, **whole}
    old: Columns | None = {**shown, **whole}
    command = query.number("commandType")
    if command == MERGE:
        commands = {a.number("commandType") for a in query.nodes("mergeActionList")}
        return (
            new,
            None if INSERT in commands else new,
            None if DELETE in commands else new,
        )
    if command == DELETE:
        return old, old, None
    return new, None if command == INSERT else old, new
