"""The text of how a query takes many sets of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.labels import labelled
from datalayer.codegen.rendering.layout import lay_out, tuple_of
from datalayer.codegen.rendering.literals import string, text_block
from datalayer.codegen.rendering.typemap import RUNTIME, PythonType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.model import QueryShape

COPYING = PythonType("Copying", RUNTIME)


def batching_words(shape: QueryShape) -> str:
    """Return what the docstring says of the way that many items take."""
    if shape.batching.copy_sql:
        return "Many items are stored by COPY."
    if shape.batching.unnest_sql:
        return "Many items are sent as arrays, to one INSERT."
    return "Many items are sent in a pipeline."


def batching_types(shapes: Iterable[QueryShape]) -> Iterator[PythonType]:
    """Yield the classes that constants are made of."""
    if any(shape.batching.copy_sql for shape in shapes):
        yield COPYING


def batching_arguments(
    shape: QueryShape, spellings: Spellings, *, indent: int
) -> Iterator[str]:
    """Yield the arguments that say what stands for a statement."""
    margin, batching = " " * indent, shape.batching
    name = shape.source.qualified_name
    if batching.copy_sql:
        text = text_block(labelled(batching.copy_sql, name))
        yield f"{margin}copying={spell(COPYING, spellings)}("
        yield f"{margin}    sql={text},"
        if batching.copy_types:
            types = tuple_of(tuple(map(string, batching.copy_types)))
            yield lay_out(types, indent=indent + 4, before="types=", after=",")
        yield f"{margin}),"
    if batching.unnest_sql:
        text = labelled(batching.unnest_sql, name)
        yield f"{margin}unnesting={text_block(text)},"
