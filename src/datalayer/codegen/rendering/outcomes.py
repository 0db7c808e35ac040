"""What the function of a query returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.typemap import (
    JSON,
    NONE,
    RUNTIME,
    PythonType,
    optional,
    result_type,
    union,
)
from datalayer.codegen.rendering.varied import PAGE, is_paged
from datalayer.model import Operation

if TYPE_CHECKING:
    from datalayer.codegen.rendering.module_plan import QueryPlan
    from datalayer.codegen.rendering.typemap import TypeClasses


NO_ROW = PythonType("NoRow", RUNTIME)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a query's function returns and which function of the runtime runs it."""

    type: PythonType
    runner: str
    #: What one row becomes, where no class says it.
    value: PythonType | None = None


#: What returns no rows; `*!` may.
_WITHOUT_ROWS = {
    Operation.AFFECTED: Outcome(PythonType("int"), "execute", NONE),
    Operation.MANY_PARAMETERS: Outcome(PythonType("int"), "execute_many", NONE),
    Operation.SCRIPT: Outcome(NONE, "execute_script", NONE),
}


def outcome_of(plan: QueryPlan, type_classes: TypeClasses) -> Outcome:
    """Return what a query's function returns."""
    shape = plan.shape
    operation, certain = shape.source.operation, shape.row_count.at_least_one
    if operation in _WITHOUT_ROWS and not shape.columns:
        return _WITHOUT_ROWS[operation]
    if operation is Operation.VALUE:
        return _value_outcome(plan, type_classes)
    row = PythonType(plan.class_name or "", "")
    if operation is Operation.MANY and is_paged(shape.source):
        return Outcome(replace(PAGE, arguments=(row,)), "fetch_page")
    if plan.mapped is not None:
        return Outcome(plan.mapped.type_of(row), plan.mapped.runner)
    if operation is Operation.MANY:
        return Outcome(PythonType("list", arguments=(row,)), "fetch_all")
    if operation is Operation.MANY_PARAMETERS:
        runner = "fetch_each" if certain else "fetch_each_optional"
        each = row if certain else union(row, NONE)
        return Outcome(PythonType("list", arguments=(each,)), runner)
    if certain:
        return Outcome(row, "fetch_one")
    return Outcome(union(row, NONE), "fetch_optional")


def _value_outcome(plan: QueryPlan, type_classes: TypeClasses) -> Outcome:
    (column,) = plan.shape.columns
    value = result_type(
        column.type,
        type_classes,
        nullable=column.nullable,
        elements_nullable=column.elements_nullable,
        python_type=column.python_type,
        document=plan.documents.get(column.name),
    )
    if plan.shape.row_count.at_least_one:
        return Outcome(value, "fetch_one", value)
    # The null of JSON is None as well.
    if value in (JSON, NONE, optional(value)):
        return Outcome(union(value, NO_ROW), "fetch_or_no_row", value)
    return Outcome(union(value, NONE), "fetch_optional", value)
