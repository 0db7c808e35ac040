"""A query under trial, and what a call of it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.model import QueryShape
    from datalayer.proving.arguments import Argument
    from datalayer.proving.functions import Functions
    from datalayer.proving.model import Given, Row
    from datalayer.proving.worlds import Filling


@dataclass(frozen=True, slots=True)
class Target:
    """A query with all that is needed to call it."""

    shape: QueryShape
    functions: Functions
    filling: Filling
    #: What is refreshed once the tables are filled.
    refreshes: tuple[str, ...]
    arguments: tuple[Argument, ...]
    type_classes: TypeClasses
    #: The statement with `$1`, …, and the names of their types.
    sql: str
    types: tuple[str, ...]
    #: The columns whose documents nobody compares with their types.
    unchecked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scene:
    """What a call finds, and what it is called with."""

    rows: tuple[Row, ...]
    statements: tuple[str, ...]
    written: tuple[Given, ...]
    values: tuple[object, ...]
    #: The argument for an order, where there are several.
    chosen: dict[str, object]
