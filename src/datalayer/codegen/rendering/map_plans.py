"""What a query with `@map` looks up by which attribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.key_checks import unknown_key, unknown_value
from datalayer.codegen.rendering.typemap import PythonType

if TYPE_CHECKING:
    from datalayer.codegen.rendering.class_plans import Field
    from datalayer.codegen.rendering.nested_classes import RowClasses
    from datalayer.model import QueryShape


@dataclass(frozen=True, slots=True)
class MapPlan:
    """The attributes of a row that are the key and the value of a dictionary."""

    key: Field
    #: None where the row itself is the value.
    value: Field | None = None

    @property
    def runner(self) -> str:
        """Return the function of the runtime."""
        return "fetch_map" if self.value is None else "fetch_value_map"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return what it takes besides."""
        fields = (self.key,) if self.value is None else (self.key, self.value)
        return tuple(f"lambda row: row.{field.name}" for field in fields)

    def type_of(self, row: PythonType) -> PythonType:
        """Return the type of the dictionary."""
        value = row if self.value is None else self.value.type
        return PythonType("dict", arguments=(self.key.type, value))


def plan_map(shape: QueryShape, rows: RowClasses) -> MapPlan | None:
    """Find what `@map` names among the attributes of a row."""
    source, said = shape.source, shape.source.map_by
    if said is None:
        return None
    fields = {field.source_name: field for field in rows.classes[-1][0].fields}
    if said.name not in fields:
        raise unknown_key(source, said, list(fields))
    if said.value is not None and said.value not in fields:
        raise unknown_value(source, said, list(fields))
    return MapPlan(fields[said.name], fields[said.value] if said.value else None)
