"""The values that the stages of the generator hand to each other."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

from datalayer.errors import Finding as Finding
from datalayer.location import Location, locate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from datalayer.json_shapes import JsonShape
    from datalayer.nesting import NestDirective, Nesting

Literal: TypeAlias = str | int | float | bool | None


class Operation(StrEnum):
    """What a query returns; the values are the suffixes of aiosql."""

    MANY = ""
    ONE = "^"
    VALUE = "$"
    AFFECTED = "!"
    RETURNING = "<!"
    MANY_PARAMETERS = "*!"
    SCRIPT = "#"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `:name` in a statement; the offsets are characters of `QuerySource.sql`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParameterDirective:
    """`-- @param name = default` or `-- @param name null | not null`."""

    name: str
    location: Location
    has_default: bool = False
    default: Literal = None
    nullable: bool | None = None
    #: `-- @param name[] null | not null`: what the elements of an array may be.
    elements_nullable: bool | None = None
    #: `-- @param name max 500`, and where it says so.
    maximum: int | None = None
    maximum_location: Location | None = None


@dataclass(frozen=True, slots=True)
class ColumnDirective:
    """`-- @column name null | not null`, or `name[]` for the elements of an array."""

    name: str
    location: Location
    nullable: bool | None = None
    elements_nullable: bool | None = None


@dataclass(frozen=True, slots=True)
class TypeDirective:
    """`-- @type name python.dotted.Type` for a json column or parameter."""

    name: str
    dotted: str
    location: Location
    #: `-- @type name[] …`: what the elements of an array are.
    of_elements: bool = False
    #: `-- @type … validated`: compared with the type also where nothing is made.
    validated: bool = False


@dataclass(frozen=True, slots=True)
class RaisesDirective:
    """`-- @raises constraint ClassName`: what a violation is called in Python."""

    constraint: str
    class_name: str
    location: Location


@dataclass(frozen=True, slots=True)
class MapDirective:
    """`-- @map key` or `-- @map key = value`: the rows, or values, by a column."""

    name: str
    location: Location
    #: What is looked up by the key, where that is not the whole row.
    value: str | None = None
    value_location: Location | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """`-- @allow rule: reason`: a finding that the author looked at."""

    rule: str
    reason: str
    location: Location


class PartKind(StrEnum):
    """What a piece of a statement is that can be left out."""

    ASSIGNMENT = "assignment"
    CONDITION = "condition"
    JOIN = "join"
    #: The condition of the rows behind a page.
    KEYSET = "keyset"
    #: The comma between two assignments.
    SEPARATOR = "separator"


@dataclass(frozen=True, slots=True)
class OptionalPart:
    """A piece that is left out when its arguments are not given.

    The offsets are those of `QuerySource.sql`.
    """

    kind: PartKind
    location: Location
    #: With the AND and the white space before it.
    start: int
    end: int
    #: It is there when all of these are given …
    all_of: tuple[str, ...] = ()
    #: … and one of these, if there are any.
    any_of: tuple[str, ...] = ()
    #: What stands in its place: `TRUE` for the first condition of a clause.
    otherwise: str = ""

    def is_in(self, given: Collection[str]) -> bool:
        """Tell whether it is there for some parameters."""
        return all(name in given for name in self.all_of) and (
            not self.any_of or any(name in given for name in self.any_of)
        )


@dataclass(frozen=True, slots=True)
class OrderDirective:
    """`-- @order name = created_at DESC, id`: an order that may be asked for."""

    name: str
    sql: str
    location: Location


@dataclass(frozen=True, slots=True)
class PageDirective:
    """`-- @page created_at DESC, id`, or `-- @page` for the order as written."""

    sql: str | None
    location: Location


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column of the result that pages are ordered by."""

    name: str
    descending: bool
    #: `FIRST` or `LAST`; empty where neither is written.
    nulls: str
    #: Where the order names it, and in how many characters.
    location: Location
    length: int


@dataclass(frozen=True, slots=True)
class Ordering:
    """The ORDER BY of a statement that is asked for by name, or read page by page.

    The offsets are those of `QuerySource.sql`.
    """

    #: The extent of the list behind ORDER BY.
    start: int
    end: int
    #: The end of what stands before ORDER BY.
    clause: int = 0
    orders: tuple[OrderDirective, ...] = ()
    #: The order that the statement is written with, by its name.
    default: str | None = None
    page: PageDirective | None = None
    #: The keys of each order by its name, which is empty when there is only one.
    keys: tuple[tuple[str, tuple[SortKey, ...]], ...] = ()
    #: Where the outermost SELECT begins, below its WITH.
    main: int = 0
    #: The parameter of LIMIT.
    limit: str = ""

    def keys_of(self, order: str | None) -> tuple[SortKey, ...]:
        """Return the keys of one order."""
        return dict(self.keys)[order or ""]


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of what can be chosen about a statement when it is run."""

    #: The optional parameters that are given; `cursor` for a page behind the first.
    given: frozenset[str] = frozenset()
    #: The name of an order; None for the one that is written.
    order: str | None = None
    #: Whether rows equal to the keys of a cursor are asked for, not those behind it.
    ties: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL that queries share: `-- fragment: visible(user_id)`."""

    name: str
    #: In the order of its header.
    parameters: tuple[str, ...]
    text: str
    #: Where the header stands, and where `text` begins.
    location: Location
    text_location: Location
    #: The text of the whole file, for excerpts.
    file_text: str = field(default="", repr=False, compare=False)
    allowances: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of characters, up to the next stretch, that has its own place in a file."""

    start: int
    location: Location
    #: Whose text it is, if it is not the query's own, and which query says so.
    fragment: Fragment | None = None
    used_by: str = ""
    #: How many columns its lines but the first are further to the right than there.
    shift: int = 0
    #: What the query has in the place of a fragment; None where nothing is replaced.
    replaced: str | None = None


def stretch_at(stretches: Sequence[Stretch], offset: int) -> Stretch:
    """Return the stretch that a character belongs to."""
    return stretches[bisect_right(stretches, offset, key=lambda each: each.start) - 1]


def place_in(text: str, stretches: Sequence[Stretch], offset: int) -> Location:
    """Return where a character of a text of several stretches stands in a file."""
    stretch = stretch_at(stretches, offset)
    first = stretch.location
    inner = locate(first.path, text[stretch.start :], offset - stretch.start)
    moved = first.column - 1 if inner.line == 1 else -stretch.shift
    line = first.line + inner.line - 1
    return Location(first.path, line, max(1, inner.column + moved))


@dataclass(frozen=True, slots=True)
class QuerySource:
    """One named query as its author wrote it."""

    #: The path of the file below the queries folder, without `.sql`:
    #: `("artifacts", "patch_chain")`.
    module: tuple[str, ...]
    name: str
    operation: Operation
    #: The statement as written, comments in it included, without the header and
    #: without the final semicolon (a script keeps all of its semicolons). Fragments
    #: stand where they are used.
    sql: str
    #: Where the header `-- name:` stands, and where `sql` begins.
    location: Location
    sql_location: Location
    #: In the order of the header.
    parameters: tuple[str, ...]
    #: In the order of the statement.
    placeholders: tuple[Placeholder, ...]
    record_class: str | None = None
    documentation: str = ""
    parameter_directives: tuple[ParameterDirective, ...] = ()
    column_directives: tuple[ColumnDirective, ...] = ()
    type_directives: tuple[TypeDirective, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    raises: tuple[RaisesDirective, ...] = ()
    nests: tuple[NestDirective, ...] = ()
    #: In the order of the statement; none inside another.
    optional_parts: tuple[OptionalPart, ...] = ()
    #: The extents of the `-- @optional` comments, which are not sent.
    marks: tuple[tuple[int, int], ...] = ()
    #: What `@order` and `@page` are about.
    ordering: Ordering | None = None
    #: Parameters of which one must be given, for each SET that lists nothing else.
    needed: tuple[tuple[str, ...], ...] = ()
    #: Where the pieces of `sql` stand, if it has fragments; empty otherwise.
    stretches: tuple[Stretch, ...] = ()
    #: What `@map` says, and whether `@stream` asks for a second function.
    map_by: MapDirective | None = None
    streamed: bool = False
    #: The text of the whole file, for excerpts.
    file_text: str = field(default="", repr=False, compare=False)

    @property
    def fragments(self) -> tuple[Fragment, ...]:
        """Return the fragments that it uses, each once, in its order."""
        used = (each.fragment for each in self.stretches)
        return tuple(dict.fromkeys(fragment for fragment in used if fragment))

    @property
    def optional_parameters(self) -> tuple[str, ...]:
        """Return the parameters that may be left out, in the order of the header."""
        named = {
            name
            for part in self.optional_parts
            for name in (*part.all_of, *part.any_of)
        }
        return tuple(name for name in self.parameters if name in named)

    @property
    def qualified_name(self) -> str:
        """Return the folders and the name: `artifacts.get_patch_chain`."""
        return ".".join((*self.module[:-1], self.name))

    def place(self, offset: int) -> Location:
        """Return where a character of the statement stands in its file."""
        return place_in(self.sql, self._stretches, offset)

    def file_text_at(self, offset: int) -> str:
        """Return the text of the file in which a character of the statement stands."""
        fragment = stretch_at(self._stretches, offset).fragment
        return fragment.file_text if fragment else self.file_text

    def used_by(self, offset: int) -> str:
        """Return which query uses the fragment that a character is of, if it is."""
        return stretch_at(self._stretches, offset).used_by

    @property
    def _stretches(self) -> tuple[Stretch, ...]:
        return self.stretches or (Stretch(0, self.sql_location),)


class TypeKind(Enum):
    """The kinds of PostgreSQL types that differ in Python.

    There are no domains among them: they are resolved to their base types.
    """

    BASE = "base"
    ARRAY = "array"
    ENUM = "enum"
    COMPOSITE = "composite"
    RANGE = "range"
    MULTIRANGE = "multirange"
    PSEUDO = "pseudo"


@dataclass(frozen=True, slots=True)
class SqlType:
    """A PostgreSQL type by its catalogue name (`int4`, not `integer`)."""

    name: str
    schema: str = "pg_catalog"
    kind: TypeKind = TypeKind.BASE
    #: The element of an array, the subtype of a range or multirange.
    element: SqlType | None = None
    #: The labels of an enum, in their order.
    labels: tuple[str, ...] = ()
    #: The extension that it belongs to, if any.
    extension: str | None = None
    #: What separates the elements of its arrays.
    delimiter: str = ","
    #: What `[tool.datalayer.types]` says it is in Python.
    setting: str | None = None
    #: The fields of a composite type, or the columns of a table as a type.
    fields: tuple[CompositeField, ...] = ()
    #: The schema and the name of the domain that this is the base type of.
    domain: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CompositeField:
    """A field of a composite type, which can always be NULL.

    Not even a domain that is NOT NULL rules that out: an outer join gives its columns
    NULL, `ROW(x)::t` takes them as they are, and what was stored before `ALTER TYPE …
    ADD ATTRIBUTE` has NULL for the new field.
    """

    name: str
    type: SqlType


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
