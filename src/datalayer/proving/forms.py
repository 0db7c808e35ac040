"""Arguments as generated code reads them, where psycopg does not."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from datalayer import runtime
from datalayer.codegen.rendering.forms import form_of, needs_form
from datalayer.codegen.rendering.typemap import PythonType, reader_of

if TYPE_CHECKING:
    from psycopg import Connection

    from datalayer.codegen.rendering.typemap import Expression, TypeClasses
    from datalayer.model import SqlType
    from datalayer.runtime.forms import Form

_DELIMITER = "delimiter="


def reads_text(type_: SqlType, type_classes: TypeClasses) -> bool:
    """Tell whether generated code makes values of what psycopg leaves as text."""
    return needs_form(type_) or reader_of(type_, type_classes) is not None


def read_text(
    connection: Connection[Any], type_: SqlType, type_classes: TypeClasses, text: str
) -> object:
    """Return the value of a text that PostgreSQL wrote for a type."""
    form: Form = evaluated(form_of(type_, type_classes))
    return form.reader(connection)(text)


def evaluated(expression: Expression) -> Any:  # noqa: ANN401 - whatever it is
    """Return what an expression of generated code evaluates to."""
    if isinstance(expression, PythonType):
        return getattr(importlib.import_module(expression.module), expression.name)
    if isinstance(expression, tuple):
        return tuple(map(evaluated, expression))
    if isinstance(expression, str):
        return expression.strip("\"'")
    function: Callable[..., object] = getattr(runtime, expression.function)
    positional: list[object] = []
    keywords: dict[str, object] = {}
    for argument in expression.arguments:
        if isinstance(argument, str) and argument.startswith(_DELIMITER):
            keywords["delimiter"] = evaluated(argument[len(_DELIMITER) :])
        else:
            positional.append(evaluated(argument))
    return function(*positional, **keywords)
