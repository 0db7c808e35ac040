"""Answers questions about a database's catalogue, each asked only once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, LiteralString

import psycopg

from datalayer.codegen import catalog_questions as questions
from datalayer.codegen.function_catalog import (
    Aggregate,
    Function,
    FunctionBody,
    read_aggregate,
    read_body,
    read_defaults,
    read_function,
)
from datalayer.codegen.nodetree import Node
from datalayer.codegen.stored_trees import read_expression, read_expressions
from datalayer.codegen.type_catalog import (
    FIRST_USER_OID,
    TypeCatalog,
    catalogue_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from datalayer.model import SqlType

    Key = TypeVar("Key")
    Answer = TypeVar("Answer")

#: The kind of a type with fields, and one whose fields a call decides.
_COMPOSITE, _RECORD = "c", 2249
#: What `pg_rewrite.ev_type` says.
_RULES = {"1": "SELECT", "2": "UPDATE", "3": "INSERT", "4": "DELETE"}


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table, by its number."""

    number: int
    type: int
    #: Whether a validated NOT NULL holds in the table itself, and in it together with
    #: all of its partitions and inheritance children.
    not_null_alone: bool
    not_null: bool
    #: Whether a NULL that is stored now is refused (also by what is NOT VALID).
    rejects_null: bool
    generated: bool
    #: The expression of a default or of a generated column.
    default: Node | None


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """A unique index that is checked at once."""

    #: Numbers of columns; 0 stands for the next expression.
    columns: tuple[int, ...]
    #: For each column, the equality operators that its index agrees with.
    operators: tuple[frozenset[int], ...]
    collations: tuple[int, ...]
    expressions: tuple[Node, ...]
    #: Of which rows the index is, if not of all; the table is number 1 there.
    predicate: Node | None
    #: Whether NULL equals NULL.
    nulls_equal: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key that holds in every snapshot of the database."""

    #: The OID of the table that is referred to.
    target: int
    columns: tuple[int, ...]
    target_columns: tuple[int, ...]
    #: For each column, the operators that mean the equality of the key.
    operators: tuple[frozenset[int], ...]
    #: The commands by which PostgreSQL keeps the key when the target changes.
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view or other relation."""

    kind: str
    columns: dict[int, TableColumn]
    #: Validated CHECK expressions that hold for every row, children included, and for
    #: those of the table itself (`NO INHERIT` ones, too).
    checks: tuple[Node, ...]
    checks_alone: tuple[Node, ...]
    keys: tuple[UniqueKey, ...]
    #: Whether it has partitions or inheritance children, and whether one is foreign.
    has_children: bool
    has_foreign_part: bool
    #: The commands for which there are rules.
    rules: frozenset[str]
    #: Whether policies can hide rows.
    has_policies: bool
    references: tuple[Reference, ...]
    #: The commands (`INSERT`, `UPDATE`, `DELETE`) with a row trigger that fires before
    #: or instead, in the relation or in one of its partitions.
    row_triggers: frozenset[str]

    def checks_of(self, entry: Node) -> tuple[Node, ...]:
        """Return the CHECKs that hold where a range-table entry names the relation."""
        return self.checks if entry.flag("inh") else self.checks_alone


@dataclass(frozen=True, slots=True)
class DataType:
    """A type; a domain knows its base type."""

    kind: str
    not_null: bool
    base: int
    #: Whether its text form is read by one of PostgreSQL's own functions.
    builtin_input: bool
    #: Whether it is an array that can be cut into slices.
    slices: bool


@dataclass(frozen=True, slots=True)
class Catalog:
    """The catalogue behind a connection; keep one for many queries of one schema.

    Nothing is forgotten: make a new one when the schema changes.
    """

    connection: psycopg.Connection[Any]
    _answers: dict[tuple[str, object], object] = field(default_factory=dict, repr=False)

    def relation(self, oid: int) -> Relation | None:
        """Return a relation, or None when it does not exist."""
        return self._ask("relation", oid, self._relation)

    def view(self, oid: int) -> Node | None:
        """Return the query of a view or materialised view."""
        return self._ask("view", oid, self._view)

    def function(self, oid: int) -> Function | None:
        """Return a function, or None when it does not exist."""
        return self._ask("function", oid, self._function)

    def defaults(self, oid: int) -> tuple[Node, ...]:
        """Return the expressions of the last arguments of a function, for calls that
        leave them out.
        """
        return self._ask("defaults", oid, self._defaults)

    def body(self, oid: int, types: tuple[int, ...] = ()) -> FunctionBody | None:
        """Return what a SQL function does last.

        `types` are those of the arguments of a call, where they decide what the body
        is (`anyelement`). None for other languages, for a procedure, and for a text
        that PostgreSQL does not accept any more.
        """
        return self._ask("body", (oid, types), self._body)

    def aggregate(self, oid: int) -> Aggregate | None:
        """Return what an aggregate is made of, or None when that cannot be followed."""
        return self._ask("aggregate", oid, self._aggregate)

    def type(self, oid: int) -> DataType | None:
        """Return a type, or None when it does not exist."""
        return self._ask("type", oid, self._type)

    def is_row(self, oid: int) -> bool:
        """Return whether the values of a type have fields, also of a domain."""
        type_ = self.type(oid)
        base = self.type(type_.base) if type_ else None
        return base is None or base.kind == _COMPOSITE or oid == _RECORD

    def sql_type(self, oid: int) -> SqlType:
        """Return a type with all that it is made of."""
        types = self._ask("types", None, lambda _: TypeCatalog(self.connection))
        return types.find(oid)

    def has_json_cast(self, schema: str, name: str) -> bool:
        """Return whether a function of its own makes JSON of a type's values."""
        return self._ask("json cast", (schema, name), self._has_json_cast)

    def labels(self, oid: int) -> tuple[bytes, ...]:
        """Return the labels of an enum, in the form that constants have."""
        return self._ask("labels", oid, self._labels)

    def deterministic(self, collation: int) -> bool:
        """Return whether texts that are equal in a collation have equal bytes."""
        return self._ask("collation", collation, self._deterministic)

    def _ask(self, question: str, key: Key, ask: Callable[[Key], Answer]) -> Answer:
        known = (question, key)
        if known not in self._answers:
            self._answers[known] = ask(key)
        answer: Answer = self._answers[known]  # type: ignore[assignment]  # stored above
        return answer

    def _rows(
        self, question: LiteralString, values: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        return catalogue_rows(self.connection, question, values)

    def _relation(self, oid: int) -> Relation | None:
        rows = self._rows(questions.RELATION, {"oid": oid})
        if not rows:
            return None
        kind, children, foreign, rules, triggers, policies = rows[0]
        enforced = self.connection.info.server_version >= 180000
        checks = self._rows(
            questions.CHECKS_18 if enforced else questions.CHECKS, {"oid": oid}
        )
        return Relation(
            kind=kind,
            columns={
                row[0]: _column(row)
                for row in self._rows(questions.COLUMNS, {"oid": oid})
            },
            checks=() if foreign else _trees(checks, inherited=children),
            checks_alone=() if foreign else _trees(checks, inherited=False),
            keys=() if foreign else self._keys(oid),
            has_children=children,
            has_foreign_part=foreign,
            rules=frozenset(_RULES[event] for event in rules),
            has_policies=policies,
            references=() if foreign else self._references(oid),
            row_triggers=_commands(triggers),
        )

    def _keys(self, oid: int) -> tuple[UniqueKey, ...]:
        return tuple(
            UniqueKey(
                columns=tuple(columns),
                operators=tuple(
                    frozenset(int(operator) for operator in column.split())
                    for column in operators
                ),
                collations=tuple(collations),
                expressions=read_expressions(expressions),
                predicate=read_expression(predicate),
                nulls_equal=nulls_equal,
            )
            for columns, operators, collations, expressions, predicate, nulls_equal in (
                self._rows(questions.KEYS, {"oid": oid})
            )
            # A predicate that cannot be read would count as none.
            if predicate is None or read_expression(predicate) is not None
        )

    def _references(self, oid: int) -> tuple[Reference, ...]:
        return tuple(
            Reference(
                target=target,
                columns=tuple(columns),
                target_columns=tuple(target_columns),
                operators=tuple(
                    frozenset(int(operator) for operator in column.split())
                    for column in operators
                ),
                actions=_commands(actions),
            )
            for target, columns, target_columns, operators, actions in self._rows(
                questions.REFERENCES, {"oid": oid}
            )
        )

    def _view(self, oid: int) -> Node | None:
        rows = self._rows(questions.VIEW, {"oid": oid})
        trees = [parsed for row in rows if (parsed := read_expression(row[0]))]
        return trees[0] if trees and trees[0].tag == "QUERY" else None

    def _function(self, oid: int) -> Function | None:
        return read_function(self.connection, oid)

    def _defaults(self, oid: int) -> tuple[Node, ...]:
        return read_defaults(self.connection, oid)

    def _body(self, call: tuple[int, tuple[int, ...]]) -> FunctionBody | None:
        return read_body(self.connection, *call)

    def _aggregate(self, oid: int) -> Aggregate | None:
        return read_aggregate(self.connection, oid)

    def _type(self, oid: int) -> DataType | None:
        rows = self._rows(questions.TYPE, {"oid": oid})
        if not rows:
            return None
        kind, not_null, base, reader, slices = rows[0]
        return DataType(kind, not_null, base or oid, reader < FIRST_USER_OID, slices)

    def _labels(self, oid: int) -> tuple[bytes, ...]:
        rows = self._rows(questions.LABELS, {"oid": oid})
        return tuple(int(label).to_bytes(4, "little") for (label,) in rows)

    def _has_json_cast(self, name: tuple[str, str]) -> bool:
        values = {"schema": name[0], "name": name[1]}
        return bool(self._rows(questions.JSON_CAST, values))

    def _deterministic(self, collation: int) -> bool:
        rows = self._rows(questions.COLLATION, {"oid": collation})
        return bool(rows and rows[0][0])


def _column(row: tuple[Any, ...]) -> TableColumn:
    number, type_, alone, everywhere, rejects, generated, default = row
    return TableColumn(
        number=number,
        type=type_,
        not_null_alone=alone,
        not_null=everywhere,
        rejects_null=rejects,
        generated=generated,
        default=read_expression(default),
    )


def _trees(rows: list[tuple[Any, ...]], *, inherited: bool) -> tuple[Node, ...]:
    """Return the CHECKs that hold in every child as well."""
    trees = [read_expression(text) for text, local in rows if not (inherited and local)]
    return tuple(tree for tree in trees if tree)


def _commands(bits: int) -> frozenset[str]:
    names = {4: "INSERT", 8: "DELETE", 16: "UPDATE"}
    return frozenset(name for bit, name in names.items() if bits & bit)
