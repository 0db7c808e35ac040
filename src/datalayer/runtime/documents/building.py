"""From annotations to what makes their values of documents."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, ForwardRef, NoReturn, Union, get_args, get_origin

from datalayer.errors import UnsupportedJsonType
from datalayer.runtime.documents.libraries import libraries_of, reader_of
from datalayer.runtime.documents.nodes import (
    KINDS,
    Node,
    build_dict,
    build_endless_tuple,
    build_list,
    build_tuple,
    spell,
)
from datalayer.runtime.documents.objects import (
    ObjectField,
    is_typed_dict,
    object_fields,
    object_node,
    tags_of,
)
from datalayer.runtime.documents.scalars import SCALARS, enum_node, literal_node
from datalayer.runtime.documents.unfit import is_dict, is_list
from datalayer.runtime.documents.unions import Member, union_node
from datalayer.runtime.json import JsonValue, dumps

_LISTS = (list, Sequence, MutableSequence)
_DICTS = (dict, Mapping, MutableMapping)
_LIST: frozenset[type] = frozenset((list,))
_DICT: frozenset[type] = frozenset((dict,))
_TEXT: frozenset[type] = frozenset((str,))
_UNIONS = (Union, types.UnionType)
_QUALIFIERS = ("NotRequired", "ReadOnly", "Required")


class Building:
    """The nodes of one annotation and of all that it names, each made once."""

    def __init__(self, name: str) -> None:
        """Keep the dotted name, by which names in quotes are looked up."""
        self._name = name
        self._module = name.rpartition(".")[0]
        self._known: dict[object, Node] = {}
        #: Whether numbers have to keep all their digits.
        self.needs_decimals = False

    def node_of(self, hint: Any) -> Node:  # noqa: ANN401 - an annotation
        """Return the node of an annotation; raise `UnsupportedJsonType`."""
        hint = _stripped(hint)
        key = (self._module, hint) if isinstance(hint, ForwardRef) else hint
        if key not in self._known:
            # It may be found again below itself.
            kinds: frozenset[type] = _DICT if _is_object(hint) else frozenset()
            node = self._known[key] = Node(spell(hint), kinds)
            node.become(self._made(hint))
        return self._known[key]

    def _made(self, hint: Any) -> Node:  # noqa: ANN401 - an annotation
        if isinstance(hint, ForwardRef):
            return self._looked_up(hint.__forward_arg__)
        if hint in (Any, object, JsonValue):
            return Node("JsonValue", KINDS, self._keep)
        if hint in SCALARS:
            self.needs_decimals |= hint is Decimal
            return SCALARS[hint]
        if libraries_of(hint):
            return self._of_library(hint)
        return self._of_several(hint) or self._of_class(hint)

    def _looked_up(self, text: str) -> Node:
        module = sys.modules.get(self._module)
        namespace = {"JsonValue": JsonValue, **(vars(module) if module else {})}
        try:
            return self.node_of(eval(text, namespace))
        except NameError as error:
            return self._refuse(f"{error}")

    def _keep(self, value: object) -> object:
        return _with_floats(value) if self.needs_decimals else value

    def _of_library(self, hint: Any) -> Node:  # noqa: ANN401 - an annotation
        first, *others = libraries_of(hint)
        if others:
            self._refuse(f"`{spell(hint)}` mixes classes of two libraries")
        read = reader_of(first, hint)
        # As text again: the libraries read documents otherwise than Python's values.
        return Node(spell(hint), KINDS, lambda value: read(dumps(value)), plain=False)

    def _of_several(self, hint: Any) -> Node | None:  # noqa: ANN401 - an annotation
        """Return the node of what consists of other types."""
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if origin in _UNIONS:
            return self._of_union(hint)
        if origin is typing.Literal:
            return literal_node(arguments, spell(hint))
        if origin is tuple:
            return self._of_tuple(hint, arguments)
        if origin in _LISTS:
            item = self.node_of(arguments[0] if arguments else object)
            return Node(spell(hint), _LIST, build_list(item), plain=item.plain)
        if origin in _DICTS:
            key, value = map(self.node_of, arguments or (str, object))
            if key.kinds != _TEXT or not _is_text(arguments[:1]):
                self._refuse(f"the keys of `{spell(hint)}` are not texts")
            build = build_dict(key, value)
            return Node(spell(hint), _DICT, build, plain=key.plain and value.plain)
        return None

    def _of_tuple(self, hint: Any, arguments: tuple[Any, ...]) -> Node:  # noqa: ANN401 - an annotation
        expected = spell(hint)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            build = build_endless_tuple(self.node_of(arguments[0]))
            return Node(expected, _LIST, build, plain=False)
        items = tuple(map(self.node_of, arguments))
        return Node(expected, _LIST, build_tuple(items, expected), plain=False)

    def _of_union(self, hint: Any) -> Node:  # noqa: ANN401 - an annotation
        members = [self._member(each) for each in get_args(hint)]
        node = union_node(members, spell(hint))
        if node is None:
            self._refuse(f"the members of `{spell(hint)}` look alike in JSON")
        return node

    def _member(self, hint: Any) -> Member:  # noqa: ANN401 - an annotation
        hint = _stripped(hint)
        tags = tags_of(self._fields(hint)) if _is_object(hint) else None
        is_literal = get_origin(hint) is typing.Literal
        return Member(self.node_of(hint), is_literal, tags)

    def _of_class(self, cls: Any) -> Node:  # noqa: ANN401 - an annotation
        node: Node | None = None
        if inspect.isclass(cls) and issubclass(cls, Enum):
            node = enum_node(cls)
        elif _is_object(cls):
            node = self._of_object(cls)
        if node is None:
            self._refuse(f"`{spell(cls)}` has no form in JSON")
        return node

    def _of_object(self, cls: Any) -> Node:  # noqa: ANN401 - a class of any kind
        outer, self._module = self._module, cls.__module__
        try:
            fields = self._fields(cls)
            nodes = {field.name: self.node_of(field.hint) for field in fields}
        finally:
            self._module = outer
        return object_node(cls, fields, nodes)

    def _fields(self, cls: Any) -> list[ObjectField]:  # noqa: ANN401 - a class of any kind
        try:
            return object_fields(cls)
        except NameError as error:
            return self._refuse(f"in `{spell(cls)}`, {error}")

    def _refuse(self, reason: str) -> NoReturn:
        raise UnsupportedJsonType(self._name, reason)


def _is_object(cls: object) -> bool:
    # What has an argument is a generic class, whose fields say `T`.
    return is_typed_dict(cls) or (
        inspect.isclass(cls) and dataclasses.is_dataclass(cls)
    )


def _is_text(keys: Sequence[Any]) -> bool:
    """Tell whether keys are texts in Python as well, as json demands of keys."""
    return not any(
        isinstance(key, type) and issubclass(key, Enum) and not issubclass(key, str)
        for key in keys
    )


def _stripped(hint: Any) -> Any:  # noqa: ANN401 - an annotation
    """Return what an annotation stands for."""
    while True:
        if isinstance(hint, str):
            return ForwardRef(hint)
        if hint is None:
            return type(None)
        if isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif hasattr(hint, "__value__"):
            # `type Items = list[Item]`, since Python 3.12.
            hint = hint.__value__
        elif _is_qualified(hint):
            hint = get_args(hint)[0]
        else:
            return hint


def _is_qualified(hint: object) -> bool:
    if get_origin(hint) is typing.Annotated:
        return not libraries_of(hint)
    return getattr(get_origin(hint), "_name", "") in _QUALIFIERS


def _with_floats(value: object) -> object:
    """Return a value as `json.loads` makes it if nobody asks for decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if is_list(value):
        return [_with_floats(each) for each in value]
    if is_dict(value):
        return {key: _with_floats(each) for key, each in value.items()}
    return value
