"""What PostgreSQL says about a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalayer.errors import Finding
    from datalayer.json_shapes import JsonShape
    from datalayer.model.directives import Literal
    from datalayer.model.sources import QuerySource
    from datalayer.model.sql_types import SqlType
    from datalayer.nesting import Nesting


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result."""

    name: str
    type: SqlType
    nullable: bool
    #: Whether an element of an array can be NULL.
    elements_nullable: bool = True
    #: `@type`: the dotted Python type of a document, or of each in an array.
    python_type: str | None = None
    validated: bool = False
    #: What a document is, or each in an array, as far as the query tells.
    document: JsonShape | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query."""

    name: str
    type: SqlType
    nullable: bool
    elements_nullable: bool = False
    has_default: bool = False
    default: Literal = None
    python_type: str | None = None
    #: Whether it may be left out, with what needs it.
    optional: bool = False
    #: The largest value that is sent.
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class RowCount:
    """What is certain about the number of rows a statement returns."""

    at_least_one: bool = False
    at_most_one: bool = False


@dataclass(frozen=True, slots=True)
class Batching:
    """What stands for a statement when many sets of parameters go at once.

    With neither of the two they go one by one, in a pipeline.
    """

    copy_sql: str = ""
    #: The types of the columns where COPY is in binary.
    copy_types: tuple[str, ...] = ()
    #: With an array for each parameter.
    unnest_sql: str = ""


@dataclass(frozen=True, slots=True)
class QueryShape:
    """A query with all that PostgreSQL said about it."""

    source: QuerySource
    #: In the order of the header.
    parameters: tuple[Parameter, ...] = ()
    columns: tuple[Column, ...] = ()
    row_count: RowCount = RowCount()
    findings: tuple[Finding, ...] = ()
    nesting: Nesting | None = None
    batching: Batching = Batching()


@dataclass(frozen=True, slots=True)
class ColumnInference:
    """What the analysed query tree proves about a column; unproven is nullable."""

    nullable: bool = True
    elements_nullable: bool = True


@dataclass(frozen=True, slots=True)
class ParameterInference:
    """Whether a parameter, or an element of an array parameter, may be None."""

    nullable: bool = False
    elements_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Inference:
    """The conclusions about one statement, in the statement's own order."""

    columns: tuple[ColumnInference, ...] = ()
    #: By placeholder number: `parameters[0]` is `$1`.
    parameters: tuple[ParameterInference, ...] = ()
    row_count: RowCount = RowCount()
    #: Node kinds that were not understood (their columns are nullable).
    unknown: tuple[str, ...] = ()
    #: The OIDs of the columns' types, or 0: of domains, where Describe has their base.
    column_types: tuple[int, ...] = ()
    #: What the documents of each column are, where the tree tells.
    documents: tuple[JsonShape | None, ...] = ()
    nesting: Nesting | None = None
