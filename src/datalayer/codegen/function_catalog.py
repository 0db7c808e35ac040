"""Reads what the catalogue says of functions, of their bodies and of aggregates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from datalayer.codegen import function_questions as questions
from datalayer.codegen.nodetree import Node, NodeTreeError
from datalayer.codegen.stored_trees import (
    analysed_body,
    read_expressions,
    read_queries,
)
from datalayer.codegen.type_catalog import FIRST_USER_OID, catalogue_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_POLYMORPHIC = "any"


@dataclass(frozen=True, slots=True)
class Function:
    """A function, procedure, aggregate or window function."""

    oid: int
    name: str
    arguments: tuple[str, ...]
    builtin: bool
    strict: bool
    volatile: bool
    returns_set: bool

    @property
    def polymorphic(self) -> bool:
        """Return whether the types of a call decide what it does."""
        return any(name.startswith(_POLYMORPHIC) for name in self.arguments)

    @property
    def signature(self) -> str:
        """Return the name with the types of its arguments."""
        return f"{self.name}({','.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """What a SQL function runs last, and what it returns."""

    query: Node
    #: The types of its columns: one, or those of the rows it returns, by number; 0 is
    #: that of a column that was dropped.
    types: tuple[int, ...]
    #: The type of what it returns, row or value.
    returned: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate as `CREATE AGGREGATE` puts it together, with OIDs of functions."""

    transition: int
    #: 0 where there is none.
    final: int
    combine: int
    state: int
    #: Whether the state starts with a value (`INITCOND`).
    has_start: bool


def read_function(connection: psycopg.Connection[Any], oid: int) -> Function | None:
    """Return a function, or None when it does not exist."""
    rows = catalogue_rows(connection, questions.FUNCTION, {"oid": oid})
    if not rows:
        return None
    name, arguments, schema, strict, volatile, returns_set = rows[0]
    return Function(
        oid=oid,
        name=name,
        arguments=tuple(arguments),
        builtin=oid < FIRST_USER_OID and schema == "pg_catalog",
        strict=strict,
        volatile=volatile == "v",
        returns_set=returns_set,
    )


def read_defaults(connection: psycopg.Connection[Any], oid: int) -> tuple[Node, ...]:
    """Return the expressions of the last arguments of a function."""
    rows = catalogue_rows(connection, questions.DEFAULTS, {"oid": oid})
    return read_expressions(rows[0][0]) if rows else ()


def read_body(
    connection: psycopg.Connection[Any], oid: int, types: Sequence[int]
) -> FunctionBody | None:
    """Return what a SQL function does last, called with arguments of some types."""
    values = {"oid": oid, "types": list(types)}
    rows = catalogue_rows(connection, questions.BODY, values)
    if not rows:
        return None
    stored, arguments, source, search_path, columns, returned = rows[0]
    try:
        queries = (
            read_queries(stored)
            if stored
            else analysed_body(connection, arguments or "", source, search_path)
        )
    except (NodeTreeError, psycopg.DatabaseError):
        return None
    return FunctionBody(queries[-1], tuple(columns), returned) if queries else None


def read_aggregate(connection: psycopg.Connection[Any], oid: int) -> Aggregate | None:
    """Return what an aggregate is made of, or None when that cannot be followed."""
    rows = catalogue_rows(connection, questions.AGGREGATE, {"oid": oid})
    return Aggregate(*rows[0]) if rows else None
