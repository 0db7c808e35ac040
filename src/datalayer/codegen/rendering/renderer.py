"""The text of all generated modules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.memo import Memo
from datalayer.codegen.rendering.annotations import annotated
from datalayer.codegen.rendering.batching import batching_types
from datalayer.codegen.rendering.constants import (
    converters_of,
    decoders_of,
    render_constant,
)
from datalayer.codegen.rendering.document_types import (
    attribute_names,
    document_text,
    document_types,
)
from datalayer.codegen.rendering.expressions import called
from datalayer.codegen.rendering.functions import (
    AIO,
    ANY,
    SYNC,
    Flavour,
    body_names,
    functions_of,
    render_field,
    render_function,
)
from datalayer.codegen.rendering.imports import import_lines, spell, spell_names
from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.module_plan import plan_module
from datalayer.codegen.rendering.naming import export_key
from datalayer.codegen.rendering.nested_classes import nest_types
from datalayer.codegen.rendering.outcomes import Outcome, outcome_of
from datalayer.codegen.rendering.preamble import (
    module_header,
    package_text,
    with_exceptions,
)
from datalayer.codegen.rendering.type_modules import type_modules
from datalayer.codegen.rendering.typemap import PythonType, parts
from datalayer.codegen.rendering.varied import own_types, statement_types
from datalayer.errors import NameClash, ProblemsFound
from datalayer.location import excerpt
from datalayer.model import Operation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from datalayer.codegen.rendering.class_plans import ClassPlan, Field
    from datalayer.codegen.rendering.imports import Name, Spellings
    from datalayer.codegen.rendering.module_plan import ErrorPlan, ModulePlan, QueryPlan
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.errors import LocatedError
    from datalayer.model import QueryShape

_ALWAYS_OURS = {"__init__", "aio", "enums"}


VIOLATION = PythonType("ConstraintViolation", "datalayer.errors")


@dataclass(frozen=True, slots=True)
class _Job:
    """A module with what its synchronous and asynchronous texts share."""

    plan: ModulePlan
    file_text: str
    outcomes: Mapping[str, Outcome]
    type_classes: TypeClasses
    package: str

    @property
    def module(self) -> str:
        """Return the import name of the synchronous module."""
        return ".".join((self.package, *self.plan.path))


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """The texts that are made of a query file by their paths, or what is wrong."""

    texts: Mapping[str, str]
    problems: tuple[LocatedError, ...] = ()


def render_modules(
    shapes: Sequence[QueryShape],
    package: str,
    *,
    new_types: bool = False,
    memory: Memo[RenderedFile] | None = None,
) -> dict[str, str]:
    """Return the text of each module by its path below the output folder.

    Domains have types of their own with `new_types`; `memory` saves making what it has.
    Raises `ProblemsFound` when names clash or defaults do not fit.
    """
    type_classes, modules = type_modules(shapes, package, new_types=new_types)
    reserved = _ALWAYS_OURS | {path.removesuffix(".py") for path in modules}
    grouped: dict[tuple[str, ...], list[QueryShape]] = defaultdict(list)
    for shape in sorted(shapes, key=lambda shape: shape.source.location):
        grouped[shape.source.module].append(shape)
    problems = list(_path_problems(grouped, reserved))
    modules |= {
        f"{folder}__init__.py": package_text(tuple(folder.split("/")[:-1]))
        for folder in _folders(grouped)
    }
    memory = Memo() if memory is None else memory
    for path, members in grouped.items():
        # Sources are equal whatever the text around them.
        file_text = members[0].source.file_text
        rendered = memory.make(
            path, _render_file, path, tuple(members), file_text, type_classes, package
        )
        modules |= rendered.texts
        problems += rendered.problems
    if problems:
        raise ProblemsFound(problems)
    return dict(sorted(modules.items()))


def _folders(paths: Iterable[tuple[str, ...]]) -> set[str]:
    folders = {""}
    for path in paths:
        folders |= {"".join(f"{part}/" for part in path[:n]) for n in range(len(path))}
    return folders | {f"aio/{folder}" for folder in folders}


def _path_problems(
    grouped: Mapping[tuple[str, ...], Sequence[QueryShape]], reserved: Collection[str]
) -> Iterator[LocatedError]:
    folders = {path[:depth] for path in grouped for depth in range(1, len(path))}
    for path, shapes in grouped.items():
        source = shapes[0].source
        if path[0] in reserved or path[-1] == "__init__":
            reason = f"`{path[0]}` is a module that datalayer itself makes"
        elif path in folders:
            reason = f"`{path[-1]}` is a file and a folder, which both become a module"
        else:
            continue
        yield NameClash(
            reason,
            location=source.location,
            excerpt=excerpt(source.file_text, source.location),
            help="rename the file or the folder",
        )


def _render_file(
    path: tuple[str, ...],
    shapes: Sequence[QueryShape],
    file_text: str,
    type_classes: TypeClasses,
    package: str,
) -> RenderedFile:
    plan, problems = plan_module(path, shapes, type_classes)
    if problems:
        return RenderedFile({}, tuple(problems))
    outcomes = {
        query.function: outcome_of(query, type_classes) for query in plan.queries
    }
    job = _Job(plan, file_text, outcomes, type_classes, package)
    name = "/".join(path) + ".py"
    return RenderedFile({name: _sync_text(job), f"aio/{name}": _aio_text(job)})


def _sync_text(job: _Job) -> str:
    plan = job.plan
    spellings = _spellings(
        job, SYNC, [*_signature_types(job, SYNC), *_definition_types(job)]
    )
    blocks = [_error_text(each, spellings) for each in plan.errors]
    blocks += [document_text(each, spellings) for each in plan.documents]
    blocks += [_class_text(each, spellings) for each in plan.classes]
    for query in plan.queries:
        outcome = job.outcomes[query.function]
        constant = render_constant(query, outcome, job.type_classes, spellings)
        blocks += [constant, *_functions(job, query, SYNC, spellings)]
    imports = import_lines(spellings, job.package)
    return _module_text(job, "functions", imports, plan.names, blocks)


def _aio_text(job: _Job) -> str:
    plan = job.plan
    spellings = _spellings(job, AIO, _signature_types(job, AIO))
    classes = plan.class_names
    shared = classes | {query.constant for query in plan.queries}
    imports = import_lines(
        {**spellings, **{(job.module, name): name for name in shared}}, job.package
    )
    blocks = [
        function
        for query in plan.queries
        for function in _functions(job, query, AIO, spellings)
    ]
    exported = classes.union(*(query.functions for query in plan.queries))
    return _module_text(job, "asynchronous functions", imports, exported, blocks)


def _functions(
    job: _Job, query: QueryPlan, flavour: Flavour, spellings: Spellings
) -> Iterator[str]:
    outcome = job.outcomes[query.function]
    for plan, returned, how in functions_of(query, outcome, flavour):
        yield render_function(plan, returned, job.type_classes, how, spellings)


def _module_text(
    job: _Job,
    what: str,
    imports: list[str],
    exported: Collection[str],
    blocks: Iterable[str],
) -> str:
    source = job.plan.queries[0].shape.source
    path = source.location.path
    names = tuple(string(name) for name in sorted(exported, key=export_key))
    body = "\n".join(
        [
            docstring([f"Typed {what} for the queries of `{path}`."]),
            "",
            *imports,
            "",
            lay_out(Brackets("[", names, "]"), before="__all__ = "),
            *(f"\n\n{block}" for block in blocks),
            "",
        ]
    )
    return with_exceptions(module_header(path, _source_text(job)), body)


def _source_text(job: _Job) -> str:
    """Return what a module is made of: its file, and what it uses of others."""
    sources = [query.shape.source for query in job.plan.queries]
    used = {
        fragment.location: fragment.text
        for source in sources
        for fragment in source.fragments
        if fragment.location.path != source.location.path
    }
    texts = [text for _, text in sorted(used.items())]
    return "\0".join([job.file_text, *texts])


def _spellings(job: _Job, flavour: Flavour, types: Iterable[PythonType]) -> Spellings:
    """Choose the names of what a module imports.

    A type must not be called like an attribute of a class here, which would hide it
    from the annotations below, and a function not like a parameter.
    """
    plan = job.plan
    attributes = {field.name for each in plan.classes for field in each.fields}
    attributes |= {name for each in plan.documents for name in attribute_names(each)}
    parameters = {field.name for query in plan.queries for field in query.parameters}
    own = {("", name): name for name in plan.class_names}
    named: set[Name] = {
        (part.module, part.name)
        for type_ in (*types, ANY, PythonType(flavour.connection, "psycopg"))
        for part in parts(type_)
        if part.module
    }
    functions = {
        name
        for query in plan.queries
        for planned, outcome, how in functions_of(
            query, job.outcomes[query.function], flavour
        )
        for name in body_names(planned, outcome, job.type_classes, how)
    }
    spelled = spell_names(named - functions, plan.names | attributes)
    taken = plan.names | parameters | set(spelled.values())
    spelled |= spell_names(named & functions, taken | attributes)
    taken |= set(spelled.values())
    return {**own, **spelled, **spell_names(functions - named, taken)}


def _signature_types(job: _Job, flavour: Flavour) -> Iterator[PythonType]:
    for query in job.plan.queries:
        outcome = job.outcomes[query.function]
        for _, returned, _ in functions_of(query, outcome, flavour):
            yield returned.type
        if query.shape.source.operation is Operation.MANY_PARAMETERS:
            yield flavour.items
            continue
        yield from own_types(query.shape.source)
        for field in query.parameters:
            yield field.type
            if field.default is not None and field.default.type is not None:
                yield field.default.type


def _definition_types(job: _Job) -> Iterator[PythonType]:
    for query in job.plan.queries:
        yield from statement_types(query.shape.source)
        yield from nest_types(query.nest)
    yield from batching_types(query.shape for query in job.plan.queries)
    yield from _class_types(job.plan)
    for query in job.plan.queries:
        yield from filter(None, [job.outcomes[query.function].value])
        for _, reader in (
            *converters_of(query, job.type_classes),
            *decoders_of(query, job.type_classes),
        ):
            yield from called(reader)


def _class_types(plan: ModulePlan) -> Iterator[PythonType]:
    if plan.errors:
        yield VIOLATION
    for document in plan.documents:
        yield from document_types(document)
    if plan.classes:
        yield PythonType("dataclass", "dataclasses")
    for each in plan.classes:
        for field in each.fields:
            yield field.type
            if field.default is not None and field.default.type is not None:
                yield field.default.type


def _error_text(plan: ErrorPlan, spellings: Spellings) -> str:
    names = ", ".join(f"`{name}`" for name in plan.constraints)
    base = spell(VIOLATION, spellings)
    sentence = docstring([f"A violation of {names}."], indent=4)
    return f"class {plan.name}({base}):\n{sentence}"


def _class_text(plan: ClassPlan, spellings: Spellings) -> str:
    dataclass_ = spellings["dataclasses", "dataclass"]
    options = "slots=True, kw_only=True" if plan.takes_parameters else "slots=True"
    lines = [
        f"@{dataclass_}({options})",
        f"class {plan.name}:",
        docstring([_class_sentence(plan)], indent=4),
    ]
    if plan.fields:
        lines.append("")
    lines += (f"    {_attribute(field, spellings)}" for field in plan.fields)
    return "\n".join(lines)


def _attribute(field: Field, spellings: Spellings) -> str:
    if field.default is not None:
        return render_field(field, spellings, field.name)
    return annotated(field.name, field.type, spellings, 4)


def _class_sentence(plan: ClassPlan) -> str:
    queries = ", ".join(f"`{name}`" for name in plan.queries)
    if plan.takes_parameters:
        return f"One call of {queries}."
    nested = ", ".join(f"`{name}`" for name in plan.nested_in)
    if not nested:
        return f"A row of {queries}."
    if not queries:
        return f"A part of a row of {nested}."
    return f"A row of {queries}; a part of one of {nested}."
