"""Which json columns become values of classes that their authors name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.literals import string
from datalayer.codegen.rendering.typemap import RUNTIME, Call, PythonType, dotted
from datalayer.model import TypeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.model import Column

_JSON = {"json", "jsonb"}


def document_readers(columns: Sequence[Column]) -> dict[int, PythonType | Call]:
    """Return what makes values of each json column, if any of them has a type.

    One that has a type is sent as text, and so are the others then.
    """
    if all(column.python_type is None for column in columns):
        return {}
    return {
        index: _reader(column)
        for index, column in enumerate(columns)
        if _is_json(column)
    }


def _reader(column: Column) -> PythonType | Call:
    made: PythonType | Call = PythonType("json_value", RUNTIME)
    named = dotted(column.python_type)
    if named is not None and column.python_type is not None:
        options = ("validated=True",) if column.validated else ()
        made = Call("json_type", (named, string(column.python_type), *options))
    return Call("json_array", (made,)) if column.type.kind is TypeKind.ARRAY else made


def _is_json(column: Column) -> bool:
    type_ = column.type
    inner = type_.element if type_.kind is TypeKind.ARRAY else type_
    return inner is not None and inner.schema == "pg_catalog" and inner.name in _JSON
