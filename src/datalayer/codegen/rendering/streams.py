"""The second function of a query with `@stream`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.typemap import PythonType

if TYPE_CHECKING:
    from datalayer.codegen.rendering.functions import Flavour
    from datalayer.codegen.rendering.module_plan import QueryPlan

_WORDS = (
    "The rows come a thousand at a time, from a cursor that leaving `with` closes.\n"
    "Outside of a transaction there is one as long as they are read."
)


def stream_name(function: str) -> str:
    """Return the name of the function that streams what another returns."""
    return f"iterate_{function.removeprefix('list_')}"


def streamed(plan: QueryPlan) -> QueryPlan:
    """Return the plan of the second function."""
    source = plan.shape.source
    sentence = source.documentation.strip() or f"Run `{source.name}`."
    documented = replace(source, documentation=f"{sentence}\n\n{_WORDS}", map_by=None)
    shape = replace(plan.shape, source=documented)
    return replace(plan, shape=shape, function=stream_name(plan.function), mapped=None)


def stream_type(plan: QueryPlan, flavour: Flavour) -> PythonType:
    """Return what the second function returns."""
    row = PythonType(plan.class_name or "", "")
    kind = "Async" if flavour.wait else ""
    rows = PythonType(f"{kind}Iterator", "collections.abc", (row,))
    return PythonType(f"Abstract{kind}ContextManager", "contextlib", (rows,))
