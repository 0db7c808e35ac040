"""The modules that hold the classes of the database's types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.rendering.composite_classes import (
    composite_types,
    composites_text,
    name_composite_classes,
)
from datalayer.codegen.rendering.domain_types import (
    domain_types,
    domains_text,
    name_domain_types,
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
    shapes: Sequence[QueryShape], package: str, *, new_types: bool = False
) -> tuple[TypeClasses, dict[str, str]]:
    """Return the classes of the types that queries use, and the text of their modules.

    They are written once for all queries, by their paths below the output folder.
    Domains have types of their own with `new_types`.
    """
    types = used_types(shapes)
    domains = domain_types(types) if new_types else []
    new_classes = name_domain_types(domains, f"{package}.domains")
    enums, composites = enum_types(types), composite_types(types)
    enum_classes = name_enum_classes(enums, f"{package}.enums")
    classes = {
        **enum_classes,
        **new_classes,
        **name_composite_classes(composites, f"{package}.composites"),
    }
    modules = {}
    if domains:
        modules["domains.py"] = domains_text(domains, new_classes, package)
    if enums:
        modules["enums.py"] = enums_text(enums, enum_classes)
    if composites:
        modules["composites.py"] = composites_text(composites, classes, package)
    return classes, modules
