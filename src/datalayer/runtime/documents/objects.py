"""Dataclasses and TypedDicts, which are objects in JSON."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from datalayer.runtime.documents.nodes import Build, Node
from datalayer.runtime.documents.unfit import Unfit, is_dict, unfit
from datalayer.runtime.json import JsonValue


@dataclass(frozen=True, slots=True)
class ObjectField:
    """A key of an object."""

    name: str
    hint: Any
    required: bool


def is_typed_dict(cls: object) -> bool:
    """Tell whether a class is a TypedDict, of `typing` or of typing_extensions."""
    return hasattr(cls, "__total__") and hasattr(cls, "__required_keys__")


def object_fields(cls: Any) -> list[ObjectField]:  # noqa: ANN401 - a class of any kind
    """Return the fields of a dataclass, or the keys of a TypedDict.

    Raises `NameError` for what is imported for type checkers only.
    """
    module = sys.modules.get(cls.__module__)
    known = {} if hasattr(module, "JsonValue") else {"JsonValue": JsonValue}
    hints = typing.get_type_hints(cls, localns=known, include_extras=True)
    if is_typed_dict(cls):
        required: frozenset[str] = cls.__required_keys__
        return [
            # In quotes, `NotRequired` is overlooked when the class is made.
            ObjectField(name, hint, _qualified(hint) or name in required)
            if _qualified(hint) is not False
            else ObjectField(name, hint, required=False)
            for name, hint in hints.items()
        ]
    return [
        ObjectField(each.name, hints[each.name], _has_no_default(each))
        for each in dataclasses.fields(cls)
        if each.init
    ]


def _qualified(hint: object) -> bool | None:
    """Return what Required or NotRequired say, under whatever else is said."""
    name = getattr(get_origin(hint), "_name", "")
    if name in ("Required", "NotRequired"):
        return name == "Required"
    if name == "ReadOnly" or get_origin(hint) is typing.Annotated:
        return _qualified(get_args(hint)[0])
    return None


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def tags_of(fields: Sequence[ObjectField]) -> dict[str, frozenset[object]]:
    """Return the values of each key that has a Literal and cannot be missing."""
    return {
        field.name: frozenset(
            each.value if isinstance(each, Enum) else each
            for each in get_args(field.hint)
        )
        for field in fields
        if field.required and get_origin(field.hint) is typing.Literal
    }


def object_node(
    cls: Any,  # noqa: ANN401 - a class of any kind
    fields: Sequence[ObjectField],
    nodes: Mapping[str, Node],
) -> Node:
    """Return the node of a class whose fields have nodes already."""
    keys = [(field.name, nodes[field.name], field.required) for field in fields]
    name: str = cls.__name__
    if is_typed_dict(cls):
        # What the class does not name is kept: a TypedDict is open.
        build = _build(name, keys, lambda value, made: {**value, **made})
        plain = all(node.plain for node in nodes.values())
        return Node(name, frozenset((dict,)), build, plain=plain)
    build = _build(name, keys, lambda _, made: _instance(cls, made))
    return Node(name, frozenset((dict,)), build, plain=False)


def _build(
    name: str,
    keys: Sequence[tuple[str, Node, bool]],
    finish: Callable[[dict[Any, Any], dict[str, object]], object],
) -> Build:
    def build(value: object) -> object:
        made: dict[str, object] = {}
        if not is_dict(value):
            raise unfit(value, name)
        for key, node, required in keys:
            if key in value:
                try:
                    made[key] = node.build(value[key])
                except Unfit as error:
                    raise error.inside(key) from error.__cause__
            elif required:
                raise Unfit(f"found no `{key}`, expected `{node.expected}`")
        return finish(value, made)

    return build


def _instance(cls: Any, arguments: dict[str, object]) -> object:  # noqa: ANN401 - a class of any kind
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        # As its `__post_init__` says.
        raise Unfit(f"`{cls.__name__}` refuses it: {error}") from error
