"""Calls in generated code, with what names are called in a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import Brackets, Code, tuple_of
from datalayer.codegen.rendering.typemap import RUNTIME, Call, Expression, PythonType

if TYPE_CHECKING:
    from datalayer.codegen.rendering.imports import Spellings


def code_of(expression: Expression, spellings: Spellings) -> Code:
    """Return the code of an expression."""
    if isinstance(expression, str):
        return expression
    if isinstance(expression, PythonType):
        return spell(expression, spellings)
    if isinstance(expression, tuple):
        return tuple_of(tuple(code_of(each, spellings) for each in expression))
    name = spellings[RUNTIME, expression.function]
    inner = tuple(code_of(each, spellings) for each in expression.arguments)
    return Brackets(f"{name}(", inner, ")") if inner else f"{name}()"


def called(code: Expression) -> list[PythonType]:
    """Return the functions and classes of a call, which must be imported."""
    if isinstance(code, Call):
        return [PythonType(code.function, RUNTIME), *called(code.arguments)]
    if isinstance(code, tuple):
        return [each for item in code for each in called(item)]
    return [code] if isinstance(code, PythonType) else []
