"""Which values a parameter is called with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.model import TypeKind
from datalayer.proving.candidates import (
    array_of,
    constants_in,
    with_constants,
    without_null_elements,
)
from datalayer.proving.model import Candidates, Given, Row, Written
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from datalayer.model import Literal, Parameter
    from datalayer.proving.bindings import Column
    from datalayer.proving.model import Table


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, with what it may be called with besides the values of rows."""

    type_name: str
    accepts_none: bool
    #: The columns that it is compared with or stored in, most likely.
    columns: frozenset[Column]
    is_array: bool
    has_default: bool
    default: Written
    is_optional: bool
    known: tuple[str, ...]

    @property
    def plain(self) -> list[Given]:
        """Return what is taken when nothing is said, if that is possible."""
        if self.has_default:
            return [self.default]
        if self.is_optional:
            return [UNSET]
        return [None] if self.accepts_none else []

    def candidates(self, rows: Sequence[Row]) -> list[Given]:
        """Return what to choose from, the simplest first."""
        stored = self.stored(rows)
        known = list(self.known)
        default: list[Given] = self.plain if self.has_default else []
        found: list[Given] = [*default, *known[:1], *stored, *known]
        # As often what is there as what is not, and as often what is not said.
        often = 1 + len(known)
        found += stored * (often // max(1, len(stored)))
        found += default * often
        if self.is_optional:
            found += [UNSET] * (1 + len(found) // 3)
        if self.accepts_none:
            found += [None] * (1 + len(found) // 5)
        return found or [None]

    def stored(self, rows: Sequence[Row]) -> list[Written]:
        """Return the values of rows in the columns that are meant."""
        values = {
            value: None
            for row in rows
            for name, value in row.values.items()
            if (row.table.oid, name) in self.columns and value is not None
        }
        if not self.is_array:
            return list(values)
        texts = list(values)
        arrays = [array_of([each]) for each in texts]
        return [*arrays, array_of(texts)] if texts else []


def argument_of(
    parameter: Parameter,
    type_name: str,
    known: Candidates,
    *,
    sql: str,
    tables: Sequence[Table],
    bound: frozenset[Column],
    accepts_none: bool,
) -> Argument:
    """Return what a parameter of a statement may be called with.

    `bound` are the columns that the statement compares it with.
    """
    is_array = parameter.type.kind is TypeKind.ARRAY
    inner = type_name.removesuffix("[]")
    # Such as an interval that is added to the column has nothing of its values.
    every = {
        (table.oid, each.name)
        for table in tables
        for each in table.columns
        if inner == "text" or _family(each.type_name) == _family(inner)
    }
    columns = bound & every or _columns(parameter.name, inner, sql, tables)
    columns |= _referenced(columns, tables) & every
    common = [
        literal
        for table in tables
        for column in table.columns
        if (table.oid, column.name) in columns
        for literal in column.candidates.common
    ]
    related = (array_of(common), *map(array_of, zip(common))) if is_array else common
    if is_array and not parameter.elements_nullable:
        known = without_null_elements(known)
    more = with_constants(known, parameter.type, constants_in(sql))
    return Argument(
        type_name=type_name,
        accepts_none=accepts_none,
        columns=columns,
        is_array=is_array,
        has_default=parameter.has_default,
        default=_as_text(parameter.default),
        is_optional=parameter.optional,
        known=(*dict.fromkeys((*related, *more.common)), *more.exotic),
    )


def _columns(
    name: str, type_name: str, sql: str, tables: Sequence[Table]
) -> frozenset[Column]:
    """Return the columns of the parameter's type, those alone that seem meant if any.

    Seen in the text: they are compared with it, or have its name.
    """
    every = {column.name for table in tables for column in table.columns}
    names = {
        column.name
        for table in tables
        for column in table.columns
        if _stem(column.type_name) == _stem(type_name)
    }
    compared = re.compile(
        rf"(\w+)\s*\)?\s*(?:=|<>|!=|<=|>=|<|>|~~?\*?|\bI?LIKE\b|\bIN\b)\s*\(?\s*"
        rf"(?:ANY\s*\(|ALL\s*\()?\s*:{re.escape(name)}\b",
        re.IGNORECASE,
    )
    mentioned = set(compared.findall(sql)) | {name, name.removesuffix("s")}
    # A text of that name may be cast to what the column is.
    same = {name} & every if type_name == "text" else set()
    chosen = (names & mentioned) | same or names
    return frozenset(
        (table.oid, column.name)
        for table in tables
        for column in table.columns
        if column.name in chosen
    )


def _referenced(
    columns: frozenset[Column], tables: Sequence[Table]
) -> frozenset[Column]:
    """Return what columns refer to: only that can be stored in them."""
    return frozenset(
        (key.target, target)
        for table in tables
        for key in table.foreign_keys
        if not key.is_loose
        for name, target in zip(key.columns, key.target_columns, strict=True)
        if (table.oid, name) in columns
    )


def _family(type_name: str) -> str:
    stem = _stem(type_name.removesuffix("[]"))
    return "bigint" if stem in ("integer", "smallint") else stem


def _stem(type_name: str) -> str:
    stem = type_name.partition("(")[0]
    return "text" if stem in ("character varying", "character") else stem


def _as_text(value: Literal) -> Written:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
