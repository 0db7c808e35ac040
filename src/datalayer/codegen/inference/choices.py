"""Knows what columns can hold that conditions and CHECK constraints compare.

A column is NULL, or equals one of the constants with which it is compared, or none of
them: one of these is true of every row. So is what follows from each.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from datalayer.codegen.inference.comparisons import (
    BOOLEAN,
    ENUM,
    INTEGER,
    constant_of,
    family_of,
    written_elements,
)
from datalayer.codegen.inference.joins import (
    computed,
    is_unclear_group,
    known_conditions,
    make_variable,
    sides_around,
    table_scope,
)
from datalayer.codegen.inference.outcomes import (
    NULL,
    ColumnOf,
    Content,
    Environment,
    World,
    outcomes,
)
from datalayer.codegen.nodetree import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.catalog import Relation
    from datalayer.codegen.inference.joins import Scope
    from datalayer.codegen.inference.outcomes import Constant
    from datalayer.codegen.nodetree import Value

#: More combinations than this, and enums of more labels, are not tried.
_MOST, _MOST_LABELS = 128, 16
_BOOLEAN_TYPE, _TABLE_ENTRY = 16, 0
_COMPARING = frozenset({"DISTINCTEXPR", "NULLIFEXPR", "OPEXPR", "SCALARARRAYOPEXPR"})
# These stand for many rows: what is known of one row says nothing inside of them.
_OTHER_ROWS = frozenset({"AGGREF", "SUBLINK", "WINDOWFUNC"})
_BOTH_TRUTHS = tuple(Content(BOOLEAN, frozenset({truth})) for truth in (1, 0))


@dataclass(frozen=True, slots=True)
class Choice:
    """A column and all that it can hold."""

    column: ColumnOf
    #: Whether it can be NULL; what else, or nothing but that it is not.
    nullable: bool
    contents: tuple[Content, ...]

    @property
    def count(self) -> int:
        """Return how many worlds there are."""
        return self.nullable + max(len(self.contents), 1)

    def worlds(self, world: World) -> Iterator[World]:
        """Yield a world for each of the things that the column can hold."""
        if self.nullable:
            yield world.with_null(self.column)
        for content in self.contents:
            yield world.with_content(self.column, content)
        if not self.contents:
            yield world.with_present(self.column)


@dataclass(frozen=True, slots=True)
class _Mentions:
    """The columns that an expression mentions, and the constants of its comparisons."""

    #: Columns with their types, and with what they are compared as.
    types: dict[ColumnOf, int]
    families: dict[ColumnOf, str]
    constants: dict[str, tuple[Constant, ...]]

    def of_relation(self, relation: int) -> _Mentions:
        """Return the same of a CHECK, whose table is number 1 there."""
        types = {ColumnOf(relation, c.number): oid for c, oid in self.types.items()}
        families = {ColumnOf(relation, c.number): f for c, f in self.families.items()}
        return _Mentions(types, families, self.constants)


def depends_on_content(node: Node, environment: Environment) -> bool:
    """Return whether a NULLIF compares a column with a constant."""
    first, second = node.nodes("args")[:2]
    family, _ = family_of(node, environment)
    column, _ = _column(_bare_value(first), environment.scope)
    return column is not None and constant_of(second, family) is not None


def choices(node: Node | None, environment: Environment) -> list[Choice]:
    """Return what can decide whether an expression is NULL, few enough to be tried."""
    if environment.returning is not None:
        return []
    mentions = _relevant(node, environment)
    # What is compared tells most.
    columns = sorted(mentions.types, key=lambda c: c not in mentions.families)
    found: list[Choice] = []
    total = 1
    for column in columns:
        choice = _choice(column, mentions, environment)
        if choice is not None and choice.count > 1 and total * choice.count <= _MOST:
            found.append(choice)
            total *= choice.count
    return found


def known_to_hold(environment: Environment) -> list[Node]:
    """Return the conditions that hold for a row."""
    found = list(environment.conditions)
    if environment.joined:
        found += known_conditions(environment.scope, environment.world)
    return found


def checked_together(
    conditions: Iterable[Node], environment: Environment
) -> list[ColumnOf]:
    """Return the columns that a CHECK has together with those of conditions."""
    columns: dict[ColumnOf, int] = {}
    for condition in conditions:
        columns.update(_mentions(condition, environment.scope, environment).types)
    found = [
        column
        for check in _checks(columns, environment)
        for column in check.types
        if column not in columns
    ]
    return [
        column
        for column in dict.fromkeys(found)
        if NULL in outcomes(make_variable(column.relation, column.number), environment)
    ]


def compared_columns(entry: Node, environment: Environment) -> dict[int, str]:
    """Return the columns that the CHECKs of a table compare, by number, and as what."""
    table = table_of(entry, environment)
    found: dict[int, str] = {}
    for check in table.checks_of(entry) if table else ():
        mentions = _mentions(check, table_scope(entry), environment)
        for column, oid in mentions.types.items():
            family = _family(column, oid, mentions, environment)
            if family:
                found.setdefault(column.number, family)
    return found


def table_of(entry: Node | None, environment: Environment) -> Relation | None:
    """Return the table behind a range-table entry."""
    if entry is None or entry.number("rtekind") != _TABLE_ENTRY:
        return None
    return environment.session.catalog.relation(entry.number("relid"))


def _relevant(node: Node | None, environment: Environment) -> _Mentions:
    """Return what an expression, conditions and CHECKs say of the same columns."""
    scope, world = environment.scope, environment.world
    conditions = [
        _mentions(condition, scope, environment)
        for condition in known_to_hold(environment)
    ]
    found = [_mentions(node, scope, environment)]
    columns = {*found[0].types, *(a for a in world.null if isinstance(a, ColumnOf))}
    # From the columns in question to those beside them, and to those beside these.
    for _ in range(2):
        beside = [
            mentions
            for mentions in (*_checks(columns, environment), *conditions)
            if not columns.isdisjoint(mentions.types)
        ]
        found += beside
        columns = columns.union(*(mentions.types for mentions in beside))
    return _united(found)


def _united(found: list[_Mentions]) -> _Mentions:
    united = _Mentions({}, {}, {})
    for mentions in found:
        united.types.update(mentions.types)
        united.families.update(mentions.families)
        for family, constants in mentions.constants.items():
            known = united.constants.get(family, ())
            united.constants[family] = tuple(dict.fromkeys((*known, *constants)))
    return united


def _checks(
    columns: Iterable[ColumnOf], environment: Environment
) -> Iterator[_Mentions]:
    """Yield what the CHECKs that mention some columns say of all of theirs."""
    wanted = {*columns}
    for relation in sorted({column.relation for column in wanted}):
        entry = environment.scope.entry(relation)
        table = table_of(entry, environment)
        if entry is None or table is None:
            continue
        for check in table.checks_of(entry):
            mentions = _mentions(check, table_scope(entry), environment)
            renumbered = mentions.of_relation(relation)
            if not wanted.isdisjoint(renumbered.types):
                yield renumbered


def _choice(
    column: ColumnOf, mentions: _Mentions, environment: Environment
) -> Choice | None:
    world = environment.world
    if column in world.null or any(column == known for known, _ in world.contents):
        return None
    if not world.present.issuperset(sides_around(column.relation, environment.scope)):
        return None
    variable = make_variable(column.relation, column.number)
    return Choice(
        column=column,
        nullable=NULL in outcomes(variable, environment),
        contents=_contents(column, mentions, environment),
    )


def _contents(
    column: ColumnOf, mentions: _Mentions, environment: Environment
) -> tuple[Content, ...]:
    catalog = environment.session.catalog
    type_ = catalog.type(mentions.types[column])
    family = _family(column, mentions.types[column], mentions, environment)
    if family == BOOLEAN:
        return _BOTH_TRUTHS
    constants = mentions.constants.get(family, ())
    labels = catalog.labels(type_.base) if type_ and family == ENUM else ()
    if 0 < len(labels) <= _MOST_LABELS:
        return tuple(Content(family, frozenset({label})) for label in labels)
    if not constants:
        return ()
    each = [Content(family, frozenset({constant})) for constant in constants]
    if family == INTEGER:
        numbers = sorted(
            constant for constant in constants if isinstance(constant, int)
        )
        return (*_gaps(numbers), *each)
    return (Content(family, frozenset(constants), among=False), *each)


def _gaps(numbers: list[int]) -> Iterator[Content]:
    """Yield the ranges before, between and after some numbers."""
    ends = [-inf, *numbers, inf]
    for below, above in itertools.pairwise(ends):
        if below + 1 <= above - 1:
            yield Content(
                INTEGER,
                frozenset(numbers),
                among=False,
                lowest=below + 1,
                highest=above - 1,
            )


def _family(
    column: ColumnOf, oid: int, mentions: _Mentions, environment: Environment
) -> str:
    """Return as what a column is compared; a truth value needs no comparison."""
    type_ = environment.session.catalog.type(oid)
    if type_ is not None and type_.base == _BOOLEAN_TYPE:
        return BOOLEAN
    return mentions.families.get(column, "")


def _mentions(node: Node | None, scope: Scope, environment: Environment) -> _Mentions:
    """Return what an expression mentions, remembered by where it stands."""
    memory = environment.session.memory
    key = ("mentions", node, id(scope.query))
    if key not in memory:
        found = _Mentions({}, {}, {})
        _collect(node, scope, environment, found)
        memory[key] = found
    known = memory[key]
    return known if isinstance(known, _Mentions) else _Mentions({}, {}, {})


def _collect(
    value: Value, scope: Scope, environment: Environment, found: _Mentions
) -> None:
    if isinstance(value, tuple):
        for item in value:
            _collect(item, scope, environment, found)
    if not isinstance(value, Node) or value.tag in _OTHER_ROWS:
        return
    column, type_ = _column(value, scope)
    if column is not None:
        found.types.setdefault(column, type_)
    elif value.tag == "VAR":
        expression = _stands_for(value, scope)
        _collect(expression, scope, environment, found)
    else:
        if value.tag in _COMPARING:
            _compare(value, scope, environment, found)
        for child in value.fields.values():
            _collect(child, scope, environment, found)


def _compare(
    node: Node, scope: Scope, environment: Environment, found: _Mentions
) -> None:
    """Note the columns and the constants that a comparison brings together."""
    family, _ = family_of(node, environment)
    if not family:
        return
    first, second = node.nodes("args")[:2]
    sides = (first, *(written_elements(second) or (second,)))
    constants = [constant_of(side, family) for side in sides]
    known = found.constants.get(family, ())
    named = (constant for constant in constants if constant is not None)
    found.constants[family] = tuple(dict.fromkeys((*known, *named)))
    for side in sides:
        column, _ = _column(_bare_value(side), scope)
        if column is not None:
            found.families.setdefault(column, family)


def _bare_value(node: Node | None) -> Node | None:
    while node is not None and node.tag in {"COLLATEEXPR", "RELABELTYPE"}:
        node = node.node("arg")
    return node


def _column(node: Node | None, scope: Scope) -> tuple[ColumnOf | None, int]:
    """Return the column that a reference means, and its type."""
    if node is None or node.tag != "VAR" or node.number("varlevelsup"):
        return None, 0
    expression = _stands_for(node, scope)
    if expression is not None:
        return _column(_bare_value(expression), scope)
    relation, number = node.number("varno"), node.number("varattno")
    if number <= 0 or is_unclear_group(scope.entry(relation), number):
        return None, 0
    return ColumnOf(relation, number), node.number("vartype")


def _stands_for(node: Node, scope: Scope) -> Node | None:
    relation, number = node.number("varno"), node.number("varattno")
    return computed(scope.entry(relation), number, scope)
