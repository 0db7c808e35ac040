"""Columns and parameters that have a class, with documents that fit it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from datalayer.errors import UnsupportedJsonType
from datalayer.model import TypeKind
from datalayer.proving.candidates import array_of
from datalayer.proving.documents import documents_of
from datalayer.proving.model import Candidates
from datalayer.proving.worlds import Filling
from datalayer.runtime import json_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalayer.model import Column, Parameter
    from datalayer.proving.model import Table, TableColumn
    from datalayer.proving.worlds import Values

#: The documents, or arrays of them, that fit the columns of a result.
Documents: TypeAlias = Mapping[str, "Sequence[str]"]

_JSON = ("json", "jsonb", "json[]", "jsonb[]")


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column of a result with a type of its own."""

    name: str
    documents: tuple[str, ...]
    #: Whether its documents are compared with the type at all.
    is_checked: bool


def typed_columns(columns: Iterable[Column]) -> list[TypedColumn]:
    """Return the columns of a result that `@type` is said of."""
    found = []
    for column in columns:
        if column.python_type is not None:
            documents = _fitting(column.type.kind, column.python_type)
            is_checked = _is_checked(column.python_type, column.validated)
            found.append(TypedColumn(column.name, documents, is_checked))
    return found


def _is_checked(dotted: str, validated: bool) -> bool:
    try:
        return json_type(_type_of(dotted), dotted, validated=validated).is_checked
    except UnsupportedJsonType:
        # Calling the function says so.
        return True


def with_fitting(known: Candidates, parameter: Parameter) -> Candidates:
    """Return the values for a parameter, with such as fit its type before others."""
    if parameter.python_type is None:
        return known
    fitting = _fitting(parameter.type.kind, parameter.python_type)
    return Candidates(fitting * 3 + known.common, known.exotic)


def _fitting(kind: TypeKind, dotted: str) -> tuple[str, ...]:
    """Return documents, or arrays of them, that fit a type."""
    texts = documents_of(_type_of(dotted), dotted)
    if kind is not TypeKind.ARRAY:
        return texts
    return (*(array_of([each]) for each in texts), array_of(texts))


def _type_of(dotted: str) -> Any:  # noqa: ANN401 - an annotation
    """Return the type that a generated module imported."""
    module, _, name = dotted.rpartition(".")
    found = getattr(sys.modules[module], name)
    # An alias in quotes.
    return eval(found, vars(sys.modules[module])) if isinstance(found, str) else found


def with_documents(filling: Filling, documents: Documents) -> Filling:
    """Return tables whose json columns often have documents that fit.

    Those for a column of the same name, or all where no column is called so.
    """
    fitting = {
        (table.oid, column.name): _suitable(column, filling.tables, documents)
        for table in filling.tables
        for column in table.columns
    }
    tables = tuple(
        replace(
            table,
            columns=tuple(
                _with(column, fitting[table.oid, column.name])
                for column in table.columns
            ),
        )
        for table in filling.tables
    )
    seeds = {
        table.oid: [
            *(_seed(table, values, fitting) for values in filling.seeds[table.oid]),
            *filling.seeds[table.oid],
        ]
        if any(fitting[table.oid, column.name] for column in table.columns)
        else filling.seeds[table.oid]
        for table in filling.tables
    }
    return Filling(tables, seeds)


def _suitable(
    column: TableColumn, tables: Sequence[Table], documents: Documents
) -> list[str]:
    if column.type_name not in _JSON:
        return []
    is_array = column.type_name.endswith("[]")
    known = {each.name for table in tables for each in table.columns}
    return [
        text
        for name, texts in documents.items()
        if name == column.name or name not in known
        for text in texts
        if text.startswith("{") or not is_array
    ]


def _with(column: TableColumn, fitting: Sequence[str]) -> TableColumn:
    known = column.candidates
    common = (*fitting, *fitting, *known.common)
    return replace(column, candidates=Candidates(common, known.exotic))


def _seed(
    table: Table,
    values: Mapping[str, str | None],
    fitting: Mapping[tuple[int, str], Sequence[str]],
) -> Values:
    """Return a row with documents that fit in place of others."""
    found = dict(values)
    for number, column in enumerate(table.columns):
        texts = fitting[table.oid, column.name]
        # A default of an empty object would hardly fit.
        if texts and (found.get(column.name) is not None or column.has_default):
            found[column.name] = texts[number % len(texts)]
    return found
