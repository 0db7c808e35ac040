"""The classes of a query's rows, and of what is nested in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from datalayer.codegen.rendering.class_plans import ClassPlan, Field, NestPlan
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import Brackets, tuple_of
from datalayer.codegen.rendering.naming import class_name, python_name
from datalayer.codegen.rendering.typemap import NONE, RUNTIME, PythonType, union
from datalayer.nesting import Nest, Nesting, NestKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.layout import Code
    from datalayer.location import Location
    from datalayer.model import QueryShape

    #: What makes the attributes of a class: columns with the names that they get.
    FieldMaker: TypeAlias = Callable[[int, str], Field]

NEST = PythonType("Nest", RUNTIME)


@dataclass(frozen=True, slots=True)
class RowClasses:
    """The classes of one query, inner ones first, and where each is asked for."""

    classes: tuple[tuple[ClassPlan, Location], ...]
    nest: NestPlan | None = None


def plan_rows(shape: QueryShape, name: str, field_of: FieldMaker) -> RowClasses:
    """Return the classes of a query that returns rows of the class `name`."""
    source = shape.source
    if shape.nesting is None:
        columns = enumerate(shape.columns)
        fields = tuple(field_of(index, column.name) for index, column in columns)
        row = ClassPlan(name, fields, (source.name,))
        return RowClasses(((row, source.location),))
    planner = _Planner(shape, shape.nesting, field_of, [])
    fields, plans = planner.fields((), name, shape.nesting.members, "")
    key = shape.nesting.key if shape.nesting.groups else None
    row = ClassPlan(name, fields, (source.name,))
    return RowClasses(
        (*planner.classes, (row, source.location)), NestPlan(name, plans, key)
    )


@dataclass(frozen=True, slots=True)
class _Planner:
    shape: QueryShape
    nesting: Nesting
    field_of: FieldMaker
    classes: list[tuple[ClassPlan, Location]]

    def fields(
        self, path: tuple[str, ...], cls: str, members: Sequence[int], prefix: str
    ) -> tuple[tuple[Field, ...], tuple[int | NestPlan, ...]]:
        """Return the attributes of a class, in the order of their first columns."""
        found: list[tuple[int, Field, int | NestPlan]] = []
        for number in members:
            name = self.shape.columns[number].name.removeprefix(prefix)
            found.append((number, self.field_of(number, name), number))
        for nest in self.nesting.nests:
            if nest.directive.path[:-1] == path:
                found.append((self._first(nest), *self._nested(nest, cls)))
        found.sort(key=lambda each: each[0])
        return tuple(each[1] for each in found), tuple(each[2] for each in found)

    def _first(self, nest: Nest) -> int:
        path = nest.directive.path
        return min(
            number
            for each in self.nesting.nests
            if each.directive.path[: len(path)] == path
            for number in each.members
        )

    def _nested(self, nest: Nest, outer: str) -> tuple[Field, NestPlan]:
        said = nest.directive
        attribute = said.path[-1]
        name = said.class_name or f"{outer.removesuffix('Row')}{class_name(attribute)}"
        prefix = _common_prefix(self.shape, nest)
        fields, plans = self.fields(said.path, name, nest.members, prefix)
        query = self.shape.source.name
        plan = ClassPlan(name, fields, (), nested_in=(query,))
        self.classes.append((plan, said.location))
        type_ = PythonType(name, "")
        many = said.kind is NestKind.GROUP
        if many:
            type_ = PythonType("list", arguments=(type_,))
        elif nest.is_optional:
            type_ = union(type_, NONE)
        present = nest.witnesses[0] if nest.is_optional else None
        field = Field(attribute, python_name(attribute), type_)
        return field, NestPlan(name, plans, nest.key, present, many)


def _common_prefix(shape: QueryShape, nest: Nest) -> str:
    """Return what all of the columns begin with: `author_` for `author`."""
    said = nest.directive
    if said.prefix is not None:
        return said.prefix
    names = [shape.columns[number].name for number in nest.members]
    for stem in (said.path[-1], said.relation):
        if all(name.startswith(f"{stem}_") for name in names):
            return f"{stem}_"
    return ""


def attribute_names(shape: QueryShape, path: tuple[str, ...]) -> dict[int, str]:
    """Return what the columns of one object are called in it, by their numbers."""
    assert shape.nesting is not None  # the caller asked
    prefix, members = "", shape.nesting.members
    for nest in shape.nesting.nests:
        if nest.directive.path == path:
            prefix, members = _common_prefix(shape, nest), nest.members
    names = {number: shape.columns[number].name for number in members}
    return {n: python_name(name.removeprefix(prefix)) for n, name in names.items()}


def nest_types(plan: NestPlan | None) -> Iterator[PythonType]:
    """Yield what the constant of a query with nested rows is made of."""
    if plan is not None:
        yield NEST


def nest_code(plan: NestPlan, spellings: Spellings) -> Code:
    """Return the expression that says how rows are nested."""
    fields: list[Code] = [
        str(each) if isinstance(each, int) else nest_code(each, spellings)
        for each in plan.fields
    ]
    items: list[Code] = [spellings["", plan.class_name], tuple_of(tuple(fields))]
    if plan.key is not None:
        key = tuple_of(tuple(map(str, plan.key)))
        items.append(Brackets(f"key={key.opening}", key.items, key.closing))
    if plan.present is not None:
        items.append(f"present={plan.present}")
    if plan.many:
        items.append("many=True")
    return Brackets(f"{spell(NEST, spellings)}(", tuple(items), ")")
