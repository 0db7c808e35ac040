"""What a generated module contains, and under which names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.class_plans import ClassPlan, Field
from datalayer.codegen.rendering.defaults import Default, default_of
from datalayer.codegen.rendering.document_types import (
    DocumentNames,
    name_documents,
    with_shared_documents,
)
from datalayer.codegen.rendering.map_plans import MapPlan, plan_map
from datalayer.codegen.rendering.naming import class_name, is_field_name, python_name
from datalayer.codegen.rendering.nested_classes import RowClasses, plan_rows
from datalayer.codegen.rendering.streams import stream_name
from datalayer.codegen.rendering.typemap import parameter_type, result_type, union
from datalayer.codegen.rendering.varied import UNSET, UNSET_TYPE
from datalayer.errors import (
    ColumnNameError,
    LocatedError,
    NameClash,
    RecordClassConflict,
)
from datalayer.location import excerpt
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.rendering.class_plans import NestPlan
    from datalayer.codegen.rendering.document_types import DocumentPlan
    from datalayer.codegen.rendering.typemap import PythonType, TypeClasses
    from datalayer.location import Location
    from datalayer.model import Parameter, QueryShape, QuerySource

_RETURNS_ROWS = {Operation.MANY, Operation.ONE, Operation.RETURNING}


@dataclass(frozen=True, slots=True)
class ErrorPlan:
    """An exception: what the violation of a constraint is called."""

    name: str
    constraints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A query and its names."""

    shape: QueryShape
    function: str
    constant: str
    #: In the order of the header.
    parameters: tuple[Field, ...]
    #: The class of its rows.
    class_name: str | None
    #: The types of the documents that it is seen to make, by the columns' names.
    documents: Mapping[str, PythonType]
    #: How its rows are nested, if they are.
    nest: NestPlan | None = None
    #: The class of its parameter sets, and the rows that have the same attributes.
    item_classes: tuple[str, ...] = ()
    #: How its rows are looked up, if they become a dictionary.
    mapped: MapPlan | None = None

    @property
    def functions(self) -> tuple[str, ...]:
        """Return the names of its functions."""
        streams = (stream_name(self.function),) if self.shape.source.streamed else ()
        return (self.function, *streams)


@dataclass(frozen=True, slots=True)
class ModulePlan:
    """The queries of one file."""

    path: tuple[str, ...]
    queries: tuple[QueryPlan, ...]
    classes: tuple[ClassPlan, ...]
    errors: tuple[ErrorPlan, ...] = ()
    #: The classes of objects in documents, inner ones first.
    documents: tuple[DocumentPlan, ...] = ()

    @property
    def class_names(self) -> set[str]:
        """Return the names of the classes that the module defines."""
        rows = {each.name for each in self.classes}
        errors = {each.name for each in self.errors}
        return rows | errors | {each.name for each in self.documents}

    @property
    def names(self) -> set[str]:
        """Return all names that the module defines."""
        defined = self.class_names
        for query in self.queries:
            defined |= {*query.functions, query.constant}
        return defined


@dataclass(slots=True)
class _Draft:
    """A module in the making: who owns which name."""

    type_classes: TypeClasses
    owners: dict[str, QuerySource]
    classes: dict[str, ClassPlan]
    queries: list[QueryPlan]
    problems: list[LocatedError]
    #: By row class, or by query, which of both it is, and its name.
    documents: dict[tuple[bool, str], DocumentNames]


def plan_module(
    path: tuple[str, ...], shapes: Sequence[QueryShape], type_classes: TypeClasses
) -> tuple[ModulePlan, list[LocatedError]]:
    """Name everything in the module of some queries; return the problems as well."""
    draft = _Draft(type_classes, {}, {}, [], [], {})
    shapes = with_shared_documents(shapes)
    for shape in shapes:
        function = python_name(shape.source.name)
        _claim(draft, function, shape.source)
        if shape.source.streamed:
            _claim(draft, stream_name(function), shape.source)
    for shape in shapes:
        try:
            _add(draft, shape)
        except LocatedError as problem:
            draft.problems.append(problem)
    rows = [each for each in draft.classes.values() if not each.takes_parameters]
    plan = ModulePlan(
        path,
        tuple(_with_items(query, rows) for query in draft.queries),
        tuple(draft.classes.values()),
        tuple(_errors(draft, shapes)),
        tuple(
            plan for names in draft.documents.values() for plan in names.plans.values()
        ),
    )
    return plan, draft.problems


def _with_items(plan: QueryPlan, rows: Sequence[ClassPlan]) -> QueryPlan:
    """Add the rows that a query of many parameter sets takes as well."""
    fitting = tuple(row.name for row in rows if _fits(row, plan.parameters))
    if not plan.item_classes or not plan.parameters:
        return plan
    return replace(plan, item_classes=plan.item_classes + fitting)


def _fits(row: ClassPlan, parameters: tuple[Field, ...]) -> bool:
    """Tell whether a row has each parameter as an attribute that is no wider."""
    types = {field.name: field.type for field in row.fields}
    return all(
        field.name in types and _is_within(types[field.name], field.type)
        for field in parameters
    )


def _is_within(type_: PythonType, wider: PythonType) -> bool:
    inner, outer = (
        {each} if each.name else set(each.arguments) for each in (type_, wider)
    )
    return inner <= outer


def _errors(draft: _Draft, shapes: Sequence[QueryShape]) -> Iterator[ErrorPlan]:
    """Yield the exceptions of a module; several queries may raise the same."""
    constraints: dict[str, dict[str, None]] = {}
    for shape in shapes:
        for said in shape.source.raises:
            if said.class_name not in constraints:
                _claim(draft, said.class_name, shape.source)
            constraints.setdefault(said.class_name, {})[said.constraint] = None
    for name, named in constraints.items():
        yield ErrorPlan(name, tuple(named))


def _claim(draft: _Draft, name: str, source: QuerySource) -> None:
    other = draft.owners.setdefault(name, source)
    if other is not source:
        draft.problems.append(_clash(source, name, other))


def _add(draft: _Draft, shape: QueryShape) -> None:
    source = shape.source
    function = python_name(source.name)
    parameters = _parameters(draft, shape)
    documents = _documents(draft, shape)
    rows = _classes_of(draft, shape, documents)
    for class_plan, location in rows.classes:
        _add_class(draft, class_plan, source, location)
    items = _items_of(shape, parameters)
    if items is not None:
        _add_class(draft, items, source, source.location)
    constant = function.upper()
    # One letter alone is a class to those who sort names, and hard to read.
    if constant in draft.owners or len(constant) == 1:
        constant += "_QUERY"
    if constant in draft.owners:
        raise _clash(source, constant, draft.owners[constant])
    draft.owners[constant] = source
    draft.queries.append(
        QueryPlan(
            shape=shape,
            function=function,
            constant=constant,
            parameters=parameters,
            class_name=rows.classes[-1][0].name if rows.classes else None,
            documents=documents,
            nest=rows.nest,
            item_classes=(items.name,) if items else (),
            mapped=plan_map(shape, rows),
        )
    )


def _documents(draft: _Draft, shape: QueryShape) -> dict[str, PythonType]:
    """Name the classes of the documents in the result of a query."""
    types, new = name_documents(draft.documents, shape)
    for name in new:
        _claim(draft, name, shape.source)
    return types


def _classes_of(
    draft: _Draft, shape: QueryShape, documents: Mapping[str, PythonType]
) -> RowClasses:
    source = shape.source
    of_items = source.operation is Operation.MANY_PARAMETERS and shape.columns
    if source.operation in _RETURNS_ROWS or of_items:
        name = source.record_class or class_name(source.name) + "Row"
        rows = plan_rows(shape, name, partial(_column, draft, shape, documents))
        for plan, _ in rows.classes:
            _check_names(source, plan)
        return rows
    return RowClasses(())


def _items_of(shape: QueryShape, parameters: tuple[Field, ...]) -> ClassPlan | None:
    source = shape.source
    if source.operation is not Operation.MANY_PARAMETERS:
        return None
    for field in parameters:
        if field.name.startswith("__"):
            raise _unusable(source, f"parameter `{field.name}`", "rename it")
    name = class_name(source.name) + "Parameters"
    return ClassPlan(name, parameters, (source.name,), takes_parameters=True)


def _add_class(
    draft: _Draft, plan: ClassPlan, source: QuerySource, location: Location
) -> None:
    known = draft.classes.get(plan.name)
    if known is None:
        if plan.name in draft.owners:
            raise _clash(source, plan.name, draft.owners[plan.name])
        draft.owners[plan.name] = source
        draft.classes[plan.name] = plan
        return
    if known.takes_parameters or plan.takes_parameters:
        raise _clash(source, plan.name, draft.owners[plan.name])
    difference = next(_differences(known, plan), None)
    if difference is not None:
        raise RecordClassConflict(
            f"`{plan.name}` is not what it is for `{_first_use(known)}`: {difference}",
            location=location,
            excerpt=excerpt(source.file_text, location),
            help="make the columns agree, or name another `record_class`"
            if plan.queries
            else "make the columns agree, or name another class",
        )
    draft.classes[plan.name] = replace(
        known,
        queries=known.queries + plan.queries,
        nested_in=tuple(dict.fromkeys(known.nested_in + plan.nested_in)),
    )


def _first_use(plan: ClassPlan) -> str:
    return (*plan.queries, *plan.nested_in)[0]


def _differences(known: ClassPlan, plan: ClassPlan) -> Iterator[str]:
    here, there = ([field.name for field in each.fields] for each in (plan, known))
    for name in here:
        if name not in there:
            yield f"it has a column `{name}`"
    for name in there:
        if name not in here:
            yield f"it has no column `{name}`"
    for ours, theirs in zip(plan.fields, known.fields, strict=True):
        if ours.name != theirs.name:
            yield f"column `{ours.name}` stands where `{theirs.name}` does"
        elif ours.type != theirs.type:
            yield f"column `{ours.name}` is `{ours.type}`, not `{theirs.type}`"


def _column(
    draft: _Draft,
    shape: QueryShape,
    documents: Mapping[str, PythonType],
    number: int,
    name: str,
) -> Field:
    column = shape.columns[number]
    if not is_field_name(name):
        raise _unusable(shape.source, f"column `{column.name}`", "add `AS name` to it")
    type_ = result_type(
        column.type,
        draft.type_classes,
        nullable=column.nullable,
        elements_nullable=column.elements_nullable,
        python_type=column.python_type,
        document=documents.get(column.name),
    )
    return Field(column.name, python_name(name), type_)


def _check_names(source: QuerySource, plan: ClassPlan) -> None:
    seen: set[str] = set()
    for field in plan.fields:
        if field.name in seen:
            raise _repeated(source, field.name)
        seen.add(field.name)


def _parameters(draft: _Draft, shape: QueryShape) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    for parameter in shape.parameters:
        name = python_name(parameter.name)
        if name in fields:
            raise NameClash(
                f"two parameters of `{shape.source.name}` are `{name}` in Python",
                location=shape.source.location,
                excerpt=excerpt(shape.source.file_text, shape.source.location),
                help="rename one of them",
            )
        fields[name] = _parameter(draft, shape.source, parameter, name)
    return tuple(fields.values())


def _parameter(
    draft: _Draft, source: QuerySource, parameter: Parameter, name: str
) -> Field:
    # A literal as the default is of the base type, not of the domain's own.
    declared = parameter.type
    if parameter.has_default and parameter.default is not None:
        declared = replace(declared, domain=None)
    type_ = parameter_type(
        declared,
        draft.type_classes,
        nullable=parameter.nullable,
        elements_nullable=parameter.elements_nullable,
        python_type=parameter.python_type,
    )
    if parameter.optional:
        type_ = union(type_, UNSET_TYPE)
        if not parameter.has_default:
            return Field(parameter.name, name, type_, Default("{}", UNSET))
    default = default_of(source, parameter, draft.type_classes)
    return Field(parameter.name, name, type_, default)


def _clash(source: QuerySource, name: str, other: QuerySource) -> NameClash:
    return NameClash(
        f"`{source.name}` needs the Python name `{name}`, "
        f"which `{other.name}` in line {other.location.line} has taken",
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help="rename one of the queries, or its `record_class`",
    )


def _unusable(source: QuerySource, what: str, help: str) -> ColumnNameError:
    return ColumnNameError(
        f"{what} of `{source.name}` cannot be an attribute in Python",
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help=help,
    )


def _repeated(source: QuerySource, name: str) -> ColumnNameError:
    return ColumnNameError(
        f"`{source.name}` has two columns `{name}`",
        location=source.location,
        excerpt=excerpt(source.file_text, source.location),
        help="add `AS name` to one of them",
    )
