"""The types of documents that a query is seen to make."""

from __future__ import annotations

import keyword
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.annotations import annotated
from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import Brackets, lay_out
from datalayer.codegen.rendering.literals import docstring, string
from datalayer.codegen.rendering.naming import class_name
from datalayer.codegen.rendering.typemap import JSON, NONE, STR, PythonType, union
from datalayer.json_shapes import NEVER, either_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.json_shapes import JsonShape
    from datalayer.model import QueryShape

_NOT_REQUIRED = PythonType("NotRequired", "typing")
_TYPED_DICT = PythonType("TypedDict", "typing")
#: In the order in which a union names them.
_SCALARS = {
    "bool": PythonType("bool"),
    "int": PythonType("int"),
    "float": PythonType("float"),
    "str": STR,
    "null": NONE,
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an object."""

    name: str
    type: PythonType


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """A TypedDict: an object in a document."""

    name: str
    #: Where it stands: `` `lines[]` of `Order` ``.
    place: str
    keys: tuple[Key, ...]

    @property
    def is_class(self) -> bool:
        """Return whether all keys can be attributes, as the syntax of classes needs."""
        return all(_is_attribute(key.name) for key in self.keys)


@dataclass(frozen=True, slots=True)
class DocumentNames:
    """The classes of the documents in one row class, or in the result of a query."""

    owner: str
    #: What a class cannot be called.
    taken: set[str]
    #: Inner ones first.
    plans: dict[str, DocumentPlan] = field(default_factory=dict)
    columns: dict[str, PythonType] = field(default_factory=dict)


def with_shared_documents(shapes: Sequence[QueryShape]) -> list[QueryShape]:
    """Return the queries of a module; those of one row class have the same documents.

    What is not a key for all of them may be missing.
    """
    known: dict[tuple[str, str], list[JsonShape | None]] = defaultdict(list)
    for shape in shapes:
        for column in shape.columns:
            if shape.source.record_class:
                known[shape.source.record_class, column.name].append(column.document)
    return [_sharing(shape, known) for shape in shapes]


def _sharing(
    shape: QueryShape, known: dict[tuple[str, str], list[JsonShape | None]]
) -> QueryShape:
    name = shape.source.record_class
    if name is None:
        return shape
    columns = tuple(
        replace(column, document=_either(known[name, column.name]))
        for column in shape.columns
    )
    return replace(shape, columns=columns)


def _either(documents: list[JsonShape | None]) -> JsonShape | None:
    found = documents[0]
    for document in documents[1:]:
        found = either_document(found, document)
    return found


def name_documents(
    known: dict[tuple[bool, str], DocumentNames], shape: QueryShape
) -> tuple[dict[str, PythonType], list[str]]:
    """Return the types of a query's documents by column, and the names of new classes.

    Known are those of other queries, by row class or by query.
    """
    source = shape.source
    # Queries that share a row class share its documents.
    owner = source.record_class or class_name(source.name)
    key = (source.record_class is not None, owner)
    names = known.setdefault(key, DocumentNames(owner, {owner, f"{owner}Row"}))
    before = set(names.plans)
    types = {
        column.name: _add_document(names, column.name, column.document)
        for column in shape.columns
        if column.document is not None
    }
    return types, [name for name in names.plans if name not in before]


def _add_document(names: DocumentNames, column: str, document: JsonShape) -> PythonType:
    if column not in names.columns:
        name = class_name(f"{names.owner}_{column}")
        names.columns[column] = _type_of(document, name, column, names)
    return names.columns[column]


def _type_of(
    shape: JsonShape, name: str, place: str, naming: DocumentNames
) -> PythonType:
    if shape.is_anything or shape == NEVER:
        return JSON
    members = [type_ for known, type_ in _SCALARS.items() if known in shape.scalars]
    if shape.elements is not None:
        element = _type_of(shape.elements, f"{name}Item", f"{place}[]", naming)
        members.append(PythonType("list", arguments=(element,)))
    if shape.values is not None:
        value = _type_of(shape.values, f"{name}Value", f"{place}.*", naming)
        members.append(_mapping(value))
    if shape.fields:
        members.append(_object(shape, name, place, naming))
    elif shape.fields is not None:
        members.append(_mapping(JSON))
    return members[0] if len(members) == 1 else union(*members)


def _mapping(value: PythonType) -> PythonType:
    return PythonType("dict", arguments=(STR, value))


def _object(
    shape: JsonShape, name: str, place: str, naming: DocumentNames
) -> PythonType:
    chosen, number = name, 2
    while chosen in naming.taken:
        chosen, number = f"{name}{number}", number + 1
    naming.taken.add(chosen)
    keys = []
    for each in shape.fields or ():
        inner_name = class_name(f"{chosen}_{each.name}")
        inner = _type_of(each.shape, inner_name, f"{place}.{each.name}", naming)
        if not each.required:
            inner = replace(_NOT_REQUIRED, arguments=(inner,))
        keys.append(Key(each.name, inner))
    where = f"`{place}` of `{naming.owner}`".replace("\n", " ")
    naming.plans[chosen] = DocumentPlan(chosen, where, tuple(keys))
    return PythonType(chosen, "")


def document_types(plan: DocumentPlan) -> Iterator[PythonType]:
    """Yield what the definition of a class names."""
    yield _TYPED_DICT
    for key in plan.keys:
        yield key.type


def attribute_names(plan: DocumentPlan) -> set[str]:
    """Return the names in the body of a class."""
    return {key.name for key in plan.keys} if plan.is_class else set()


def document_text(plan: DocumentPlan, spellings: Spellings) -> str:
    """Return the definition of a class."""
    base = spell(_TYPED_DICT, spellings)
    if not plan.is_class:
        items = tuple(
            f"{string(key.name)}: {spell(key.type, spellings)}" for key in plan.keys
        )
        arguments = (string(plan.name), Brackets("{", items, "}"))
        call = Brackets(f"{base}(", arguments, ")")
        return lay_out(call, before=f"{plan.name} = ")
    attributes = (annotated(key.name, key.type, spellings, 4) for key in plan.keys)
    return "\n".join(
        [
            lay_out(Brackets(f"class {plan.name}(", (base,), ")"), after=":"),
            docstring([f"An object in {plan.place}."], indent=4),
            "",
            *(f"    {attribute}" for attribute in attributes),
        ]
    )


def _is_attribute(name: str) -> bool:
    is_plain = name.isidentifier() and not keyword.iskeyword(name)
    # Two underscores would be mangled, and Python normalises what is not ASCII.
    return is_plain and name.isascii() and not name.startswith("__")
