"""The modules that hold the classes of the database's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.composite_classes import (
    composite_types,
    composites_text,
    name_composite_classes,
)
from datalayer.codegen.rendering.enum_classes import (
    enum_types,
    enums_text,
    name_enum_classes,
)
from datalayer.codegen.rendering.type_uses import used_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import QueryShape


def type_modules(
    shapes: Sequence[QueryShape], package: str
) -> tuple[TypeClasses, dict[str, str]]:
    """Return the classes of the types that queries use, and the text of their modules.

    They are written once for all queries, by their paths below the output folder.
    """
    types = used_types(shapes)
    enums, composites = enum_types(types), composite_types(types)
    enum_classes = name_enum_classes(enums, f"{package}.enums")
    classes = {
        **enum_classes,
        **name_composite_classes(composites, f"{package}.composites"),
    }
    modules = {}
    if enums:
        modules["enums.py"] = enums_text(enums, enum_classes)
    if composites:
        modules["composites.py"] = composites_text(composites, classes, package)
    return classes, modules
