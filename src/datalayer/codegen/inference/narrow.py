"""Proves that something is not NULL: assumes that it is and finds a contradiction.

When a condition that is known to hold can no longer be true, the assumption is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.builtins import is_transparent
from datalayer.codegen.inference.choices import (
    Choice,
    checked_together,
    choices,
    depends_on_content,
    known_to_hold,
    table_of,
)
from datalayer.codegen.inference.joins import (
    GROUP_ENTRY,
    computed,
    is_unclear_group,
    make_variable,
    nullable_sides,
    nulling_sides,
    sides_around,
    table_scope,
    without_match,
)
from datalayer.codegen.inference.outcomes import (
    FALSE,
    NULL,
    TRUE,
    Argument,
    Atom,
    ColumnOf,
    Environment,
    Side,
    World,
    bare,
    is_group,
    outcomes,
)
from datalayer.codegen.nodetree import Node, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datalayer.codegen.catalog import Relation

#: More unknowns than this are not tried in all combinations (2 to this power).
_UNKNOWNS = 6
# These stand for many rows: an assumption about one row says nothing inside of them.
_OTHER_ROWS = frozenset({"AGGREF", "SUBLINK", "WINDOWFUNC"})
#: Expressions that can be NULL by themselves, and the labels of their functions.
_CALLS = {
    "AGGREF": "aggfnoid",
    "COERCEVIAIO": "",
    "FIELDSELECT": "",
    "FUNCEXPR": "funcid",
    "NULLIFEXPR": "opfuncid",
    "OPEXPR": "opfuncid",
    "SUBSCRIPTINGREF": "",
    "WINDOWFUNC": "winfnoid",
}
_FUNCTIONS = {
    "AGGREF": "aggfnoid",
    "DISTINCTEXPR": "opfuncid",
    "FUNCEXPR": "funcid",
    "NULLIFEXPR": "opfuncid",
    "OPEXPR": "opfuncid",
    "SCALARARRAYOPEXPR": "opfuncid",
    "WINDOWFUNC": "winfnoid",
}


def settle(environment: Environment, *, implied: bool = True) -> Environment:
    """Return the environment with all that its known conditions prove.

    `implied` asks also for what CHECK constraints make of them.
    """
    while True:
        learned = _learn(environment, implied=implied)
        if learned.world == environment.world:
            return environment
        environment = learned


def assuming(environment: Environment, condition: Node) -> Environment:
    """Return the environment in which a further condition is known to hold."""
    conditions = (*environment.conditions, condition)
    return settle(replace(environment, conditions=conditions))


def inside_branch(environment: Environment, condition: Node) -> Environment:
    """Return the environment of a branch that is taken when a condition holds.

    Learns from this condition alone: the others are those in which the branch may
    itself stand.
    """
    alone = replace(environment, joined=False, conditions=(condition,))
    return replace(environment, world=settle(alone, implied=False).world)


def may_be_null(node: Node | None, environment: Environment) -> bool:
    """Return whether an expression can be NULL in any row that is possible.

    Asks the conditions of the environment, so rules must not ask this of a part of an
    expression, which could be such a condition: they ask `outcomes`.
    """
    if node is None:
        return True
    if NULL not in outcomes(node, environment):
        return False
    unknowns = [
        atom
        for atom in dict.fromkeys(_atoms(node, environment))
        if _undecided(atom, environment)
    ]
    unknowns.sort(key=lambda atom: not isinstance(atom, Side))
    return len(unknowns) > _UNKNOWNS or _possible(node, environment, unknowns)


def is_volatile(value: Value, environment: Environment) -> bool:
    """Return whether an expression can give different values in one statement."""
    if isinstance(value, tuple):
        return any(is_volatile(item, environment) for item in value)
    if not isinstance(value, Node):
        return False
    if value.tag == "SUBLINK":
        return True
    label = _FUNCTIONS.get(value.tag)
    if label:
        function = environment.session.catalog.function(value.number(label))
        if function is None or function.volatile or function.returns_set:
            return True
    return any(is_volatile(child, environment) for child in value.fields.values())


def _learn(environment: Environment, *, implied: bool) -> Environment:
    conditions = known_to_hold(environment)
    if not conditions:
        return environment
    candidates = [atom for node in conditions for atom in _atoms(node, environment)]
    candidates += nullable_sides(environment.scope) if environment.joined else []
    environment = _learn_of(candidates, environment, is_impossible)
    if not implied or not environment.checked:
        return environment
    together = checked_together(conditions, environment)
    return _learn_of(together, environment, _is_refuted)


def _learn_of(
    candidates: Iterable[Atom],
    environment: Environment,
    refuted: Callable[[Environment], bool],
) -> Environment:
    """Return the environment in which what cannot be NULL is present."""
    for atom in dict.fromkeys(candidates):
        if _undecided(atom, environment) and refuted(_assume(environment, atom)):
            world = environment.world.with_present(atom)
            environment = replace(environment, world=world)
    return environment


def _assume(environment: Environment, atom: Atom) -> Environment:
    """Return the environment in which something is NULL."""
    world, scope = environment.world, environment.scope
    if isinstance(atom, Side):
        world = without_match(atom, scope, world)
    elif isinstance(atom, ColumnOf):
        around = sides_around(atom.relation, scope)
        world = world.with_present(*around).with_null(atom)
    else:
        world = world.with_null(atom)
    return replace(environment, world=world)


def _undecided(atom: Atom, environment: Environment) -> bool:
    world, scope = environment.world, environment.scope
    if atom in world.present or atom in world.null:
        return False
    if isinstance(atom, ColumnOf):
        return world.null.isdisjoint(sides_around(atom.relation, scope))
    if isinstance(atom, Side):
        return world.null.isdisjoint(sides_around(atom.join, scope))
    return True


def _possible(node: Node, environment: Environment, unknowns: Sequence[Atom]) -> bool:
    """Return whether NULL comes out in a combination that nothing contradicts."""
    if NULL not in outcomes(node, environment) or is_impossible(environment):
        return False
    if not unknowns:
        return _conceivable(node, environment, choices(node, environment))
    atom, *rest = unknowns
    if not _undecided(atom, environment):
        return _possible(node, environment, rest)
    known = replace(environment, world=environment.world.with_present(atom))
    if _possible(node, known, rest):
        return True
    return not _never_null(atom, environment) and _possible(
        node, _assume(environment, atom), rest
    )


def _never_null(atom: Atom, environment: Environment) -> bool:
    """Return whether a column cannot be NULL where its relation has a row."""
    if not isinstance(atom, ColumnOf):
        return False
    returning = environment.returning
    if returning is not None and returning.target == atom.relation:
        return False
    column = make_variable(atom.relation, atom.number)
    return NULL not in outcomes(column, environment)


def _conceivable(
    node: Node | None, environment: Environment, columns: Sequence[Choice]
) -> bool:
    """Return whether some contents of columns, and NULL, contradict nothing."""
    if node is not None and NULL not in outcomes(node, environment):
        return False
    if is_impossible(environment):
        return False
    if not columns:
        return True
    column, *rest = columns
    return any(
        _conceivable(node, replace(environment, world=world), rest)
        for world in column.worlds(environment.world)
    )


def _is_refuted(environment: Environment) -> bool:
    """Return whether no contents of the columns in question are possible."""
    return not _conceivable(None, environment, choices(None, environment))


def is_impossible(environment: Environment) -> bool:
    """Return whether a condition that is known to hold cannot be true, or a CHECK."""
    return any(
        TRUE not in outcomes(condition, environment)
        for condition in known_to_hold(environment)
    ) or _violates_check(environment)


def _violates_check(environment: Environment) -> bool:
    """Return whether a CHECK of a table could only be false."""
    world = environment.world
    if not environment.checked:
        return False
    relations = {atom.relation for atom in world.null if isinstance(atom, ColumnOf)}
    relations.update(column.relation for column, _ in world.contents)
    for relation in relations:
        entry = environment.scope.entry(relation)
        table = table_of(entry, environment)
        if entry is None or table is None or not table.checks_of(entry):
            continue
        if _refused(table, entry, row_environment(environment, entry, relation)):
            return True
    return False


def _refused(table: Relation, entry: Node, row: Environment) -> bool:
    """Return whether a table has a CHECK that could only be false of a row."""
    memory = row.session.memory
    # ONLY promises more of a column than the table with its children does.
    key = ("refused", id(table), entry.flag("inh"), row.world)
    if key not in memory:
        inside = replace(row, checked=False)
        checks = table.checks_of(entry)
        memory[key] = any(outcomes(check, inside) == FALSE for check in checks)
    return memory[key] is True


def row_environment(
    environment: Environment, entry: Node, relation: int
) -> Environment:
    """Return the environment of an expression over one row of a table."""
    world = World(
        null=frozenset(_columns_of(relation, environment.world.null)),
        present=frozenset(_columns_of(relation, environment.world.present)),
        contents=frozenset(
            (ColumnOf(1, column.number), content)
            for column, content in environment.world.contents
            if column.relation == relation
        ),
    )
    inside = replace(bare(environment), parent=None, returning=None, grouped=False)
    return replace(inside, scope=table_scope(entry), world=world)


def _columns_of(relation: int, atoms: Iterable[Atom]) -> Iterable[Atom]:
    return (
        ColumnOf(1, atom.number)
        for atom in atoms
        if isinstance(atom, ColumnOf) and atom.relation == relation
    )


def _atoms(value: Value, environment: Environment) -> Iterable[Atom]:
    """Yield what an expression depends on and what can be assumed NULL."""
    if isinstance(value, tuple):
        for item in value:
            yield from _atoms(item, environment)
    elif isinstance(value, Node) and is_group(value, environment):
        if environment.scope.groups[value] is not None:
            yield value
    elif isinstance(value, Node) and value.tag == "VAR":
        yield from _variable_atoms(value, environment)
    elif isinstance(value, Node):
        yield from _expression_atoms(value, environment)


def _expression_atoms(value: Node, environment: Environment) -> Iterable[Atom]:
    if value.tag == "PARAM" and value.number("paramkind") == 0:
        yield Argument(value.number("paramid"))
    if _can_be_assumed(value, environment):
        yield value
    if value.tag not in _OTHER_ROWS:
        for child in value.fields.values():
            yield from _atoms(child, environment)


def _variable_atoms(node: Node, environment: Environment) -> Iterable[Atom]:
    scope = environment.scope
    relation, number = node.number("varno"), node.number("varattno")
    if node.number("varlevelsup") or number <= 0:
        yield node
        return
    yield from (side for side in nulling_sides(node, scope) if side is not None)
    entry = scope.entry(relation)
    expression = computed(entry, number, scope)
    if expression is not None:
        yield from _atoms(expression, environment)
    elif entry is not None and entry.number("rtekind") == GROUP_ENTRY:
        if not is_unclear_group(entry, number):
            yield node
    else:
        yield ColumnOf(relation, number)


def _can_be_assumed(node: Node, environment: Environment) -> bool:
    """Return whether a call can be NULL by itself and is the same everywhere."""
    if node.tag not in _CALLS:
        return False
    if node.tag == "COERCEVIAIO":
        type_ = environment.session.catalog.type(node.number("resulttype"))
        return type_ is not None and not type_.builtin_input
    if node.tag == "NULLIFEXPR" and depends_on_content(node, environment):
        return False
    label = _CALLS[node.tag]
    function = (
        environment.session.catalog.function(node.number(label)) if label else None
    )
    if function is not None and is_transparent(function) and node.tag != "AGGREF":
        return False
    return not is_volatile(node, environment)
