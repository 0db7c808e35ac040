"""The values that the stages of the generator hand to each other."""

from datalayer.errors import Finding
from datalayer.model.directives import (
    Allowance,
    ColumnDirective,
    Literal,
    MapDirective,
    Operation,
    OrderDirective,
    PageDirective,
    ParameterDirective,
    RaisesDirective,
    TypeDirective,
)
from datalayer.model.shapes import (
    Batching,
    Column,
    ColumnInference,
    Inference,
    Parameter,
    ParameterInference,
    QueryShape,
    RowCount,
)
from datalayer.model.sources import Fragment, QuerySource, Stretch, place_in, stretch_at
from datalayer.model.sql_types import CompositeField, SqlType, TypeKind
from datalayer.model.statements import (
    OptionalPart,
    Ordering,
    PartKind,
    Placeholder,
    SortKey,
    Variant,
)

__all__ = [
    "Allowance",
    "Batching",
    "Column",
    "ColumnDirective",
    "ColumnInference",
    "CompositeField",
    "Finding",
    "Fragment",
    "Inference",
    "Literal",
    "MapDirective",
    "Operation",
    "OptionalPart",
    "OrderDirective",
    "Ordering",
    "PageDirective",
    "Parameter",
    "ParameterDirective",
    "ParameterInference",
    "PartKind",
    "Placeholder",
    "QueryShape",
    "QuerySource",
    "RaisesDirective",
    "RowCount",
    "SortKey",
    "SqlType",
    "Stretch",
    "TypeDirective",
    "TypeKind",
    "Variant",
    "place_in",
    "stretch_at",
]
