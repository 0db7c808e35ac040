"""What an expression can come to: the core that the rules for node kinds share.

`outcomes(expression)` answers with a subset of NULL, TRUE and FALSE.
An expression is nullable when NULL is among them.
What is assumed or known about a row is a `World`, and all that an answer depends on is
an immutable `Environment`: nothing is remembered under an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntFlag
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from datalayer.codegen.nodetree import Node
from datalayer.json_shapes import ANYTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.inference.joins import Scope
    from datalayer.json_shapes import JsonShape
    from datalayer.model import ColumnInference, ParameterInference, RowCount


class Outcome(IntFlag):
    """What an expression can come to; a value that is no boolean counts as both."""

    NULL = 1
    TRUE = 2
    FALSE = 4
    VALUE = 6
    ANY = 7


NULL = Outcome.NULL
TRUE = Outcome.TRUE
FALSE = Outcome.FALSE
VALUE = Outcome.VALUE
ANY = Outcome.ANY
NOTHING = Outcome(0)


@dataclass(frozen=True, slots=True)
class ColumnOf:
    """A column of a range-table entry, in a row that no outer join left unmatched."""

    relation: int
    number: int


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an outer join; that it is NULL means: no row matched there.

    Of nested joins only the outermost that found no match counts.
    """

    join: int
    right: bool


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of the statement, by its number."""

    number: int


#: What can be assumed NULL or not; a `Node` is an expression that gives the same value
#: wherever it stands in its query.
Atom: TypeAlias = ColumnOf | Side | Argument | Node
#: A constant as far as equality is concerned.
Constant: TypeAlias = int | bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What a value equals: one of some constants, or none of them."""

    #: Whose equality is meant: the operators that agree with each other.
    family: str
    constants: frozenset[Constant]
    among: bool = True
    #: Of a number that is none of the constants: the smallest and greatest it can be.
    lowest: float = -inf
    highest: float = inf


@dataclass(frozen=True, slots=True)
class World:
    """What is known or assumed about one row."""

    null: frozenset[Atom] = frozenset()
    present: frozenset[Atom] = frozenset()
    contents: frozenset[tuple[ColumnOf, Content]] = frozenset()

    def with_null(self, *atoms: Atom) -> World:
        """Return the world in which some things are NULL as well."""
        null, present = self.null.union(atoms), self.present.difference(atoms)
        return World(null, present, self.contents)

    def with_present(self, *atoms: Atom) -> World:
        """Return the world in which some things are not NULL as well."""
        null, present = self.null.difference(atoms), self.present.union(atoms)
        return World(null, present, self.contents)

    def with_content(self, column: ColumnOf, content: Content) -> World:
        """Return the world in which a column that is not NULL holds something."""
        known = self.with_present(column)
        return World(known.null, known.present, known.contents | {(column, content)})

    def content(self, column: ColumnOf, family: str) -> Content | None:
        """Return what a column is known to hold, as one kind of equality sees it."""
        for known, content in self.contents:
            if known == column and content.family == family:
                return content
        return None


EMPTY = World()


#: What the nodes of one kind can come to.
ExpressionRule: TypeAlias = "Callable[[Node, Environment], Outcome]"
#: What the documents of one kind of node are, apart from NULL.
DocumentRule: TypeAlias = "Callable[[Node, Environment], JsonShape]"
#: What a column of one kind of range-table entry can hold, by its number.
SourceRule: TypeAlias = "Callable[[Node, int, Environment], ColumnInference]"
#: What a column of a query can hold, by its number, inside another query or none.
QueryRule: TypeAlias = (
    "Callable[[Node, int, Environment | None, Session], ColumnInference]"
)
#: How many rows a query returns, inside another query or none.
RowRule: TypeAlias = "Callable[[Node, Environment | None, Session], RowCount]"


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that is known about nodes, by their tags and kinds."""

    expressions: Mapping[str, ExpressionRule]
    elements: Mapping[str, ExpressionRule]
    sources: Mapping[int, SourceRule]
    query: QueryRule
    #: Whether an expression can be NULL where the result of a query is computed.
    result: Callable[[Node, Node, Session], bool]
    #: How many rows a query returns, and how many arrive at its aggregates.
    rows: RowRule
    input_rows: RowRule
    #: Which sides of the outer joins of a query always find a match.
    matched_sides: Callable[[Environment], list[Side]]
    #: What the documents are that nodes of `json` and `jsonb` make.
    documents: Mapping[str, DocumentRule]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One statement under analysis."""

    catalog: Catalog
    rules: Rules
    #: What parameters accept, `$1` first; one that is missing accepts NULL.
    parameters: tuple[ParameterInference, ...] = ()
    #: Answers that depend on no assumption (the world is part of their key).
    memory: dict[tuple[object, ...], object] = field(default_factory=dict, repr=False)
    #: The kinds of nodes that no rule understands, in the order of their discovery.
    unknown: dict[str, None] = field(default_factory=dict)
    #: The functions whose bodies are being looked into, by their OIDs.
    called: tuple[int, ...] = ()
    #: The functions whose calls are assumed to give values, to show that they do.
    assumed: frozenset[int] = frozenset()
    #: Whether all rows are those of one snapshot, read as they are there.
    one_snapshot: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Environment:
    """All that the outcomes of an expression depend on, besides itself."""

    session: Session
    scope: Scope
    #: The query around a subquery, for references to its columns.
    parent: Environment | None = None
    #: What is known and assumed about the row in question.
    world: World = EMPTY
    #: What is known of each row of the result, and of each row before grouping.
    facts: World = EMPTY
    rows: World = EMPTY
    #: Whether the conditions of the FROM and WHERE clauses are known to hold, and
    #: further conditions that are.
    joined: bool = True
    conditions: tuple[Node, ...] = ()
    grouped: bool = False
    #: Whether CHECK constraints prove something; not while one is looked into.
    checked: bool = True
    #: What the columns of the subquery of `x IN (SELECT …)` can come to.
    sublink: tuple[Outcome, ...] = ()
    #: What is assumed of recursive queries while they are looked into.
    recursion: tuple[tuple[Node, tuple[ColumnInference, ...]], ...] = ()
    #: What RETURNING knows about the columns of the changed table.
    returning: Returning | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """What a data-modifying statement makes of the columns of its target."""

    target: int
    #: By `varreturningtype`: 0 as written, 1 OLD, 2 NEW; None when nothing is known.
    columns: tuple[Mapping[int, ColumnInference] | None, ...]
    #: Whether the other relations may have no row (MERGE … NOT MATCHED BY SOURCE).
    loses_sources: bool = False


def outcomes(node: Node | None, environment: Environment) -> Outcome:
    """Return what an expression can come to; what is not understood can be NULL."""
    if node is None:
        return ANY
    world = environment.world
    if node in world.null:
        return NULL
    if is_group(node, environment):
        return _grouped(node, environment)
    rule = environment.session.rules.expressions.get(node.tag)
    if rule is None:
        environment.session.unknown[node.tag] = None
        return ANY
    result = rule(node, environment)
    return result & ~NULL if node in world.present else result


def is_group(node: Node, environment: Environment) -> bool:
    """Return whether an expression is one of grouping sets (before PostgreSQL 18)."""
    return environment.grouped and node in environment.scope.groups


def _grouped(node: Node, environment: Environment) -> Outcome:
    """Answer for an expression of grouping sets (before PostgreSQL 18)."""
    left_out = environment.scope.groups[node]
    if left_out is None:
        # Which of two equal expressions is meant cannot be told.
        return ANY
    found = outcomes(node, rows_environment(environment))
    found |= NULL if left_out else NOTHING
    return found & ~NULL if node in environment.world.present else found


def elements(node: Node | None, environment: Environment) -> Outcome:
    """Return what the elements of an array can come to."""
    if node is None:
        return ANY
    rule = environment.session.rules.elements.get(node.tag)
    return rule(node, environment) if rule else ANY


def document(node: Node | None, environment: Environment) -> JsonShape:
    """Return what an expression of `json` or `jsonb` is, unless it is NULL."""
    rule = environment.session.rules.documents.get(node.tag) if node else None
    return rule(node, environment) if node and rule else ANYTHING


def ancestor(environment: Environment, levels: int) -> Environment | None:
    """Return the environment of the query some levels up."""
    current: Environment | None = environment
    for _ in range(levels):
        current = current.parent if current else None
    return current


def bare(environment: Environment) -> Environment:
    """Return the environment without anything known about a row."""
    return replace(
        environment, world=EMPTY, facts=EMPTY, rows=EMPTY, joined=False, conditions=()
    )


def rows_environment(environment: Environment) -> Environment:
    """Return the environment of each row before grouping."""
    return replace(
        environment,
        world=environment.rows,
        facts=environment.rows,
        joined=True,
        grouped=False,
        conditions=(),
    )


def combine(results: list[Outcome]) -> Outcome:
    """Return the outcomes that at least one of several has."""
    total = NOTHING
    for result in results:
        total |= result
    return total


def worlds(environment: Environment | None) -> tuple[World, ...]:
    """Return what an answer depends on, to be part of its key in the memory."""
    found: list[World] = []
    while environment is not None:
        found += (environment.world, environment.facts, environment.rows)
        environment = environment.parent
    return tuple(found)


def recursing(environment: Environment | None) -> bool:
    """Return whether something is assumed of a recursive query."""
    while environment is not None:
        if environment.recursion:
            return True
        environment = environment.parent
    return False
