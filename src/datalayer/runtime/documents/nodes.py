"""How values of one type are made of what `json.loads` returns."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union, get_args, get_origin

from datalayer.runtime.documents.unfit import Unfit, is_dict, is_list, unfit

Build = Callable[[object], object]

NONE = type(None)
#: What JSON consists of; the numbers of a document may be decimals.
KINDS: frozenset[type] = frozenset((bool, dict, float, int, list, str, NONE))


def _unmade(_: object) -> object:
    raise AssertionError("a node is used before it is made")


@dataclass(slots=True, eq=False)
class Node:
    """One type; a type that contains itself is one node, found again below itself."""

    #: As its author spells it.
    expected: str
    #: What values of it are in JSON.
    kinds: frozenset[type] = frozenset()
    build: Build = _unmade
    #: Whether a value is what `json.loads` makes already.
    plain: bool = True

    def become(self, other: Node) -> None:
        """Take over what another node does."""
        self.expected, self.kinds = other.expected, other.kinds
        self.build, self.plain = other.build, other.plain
        if other.build is _unmade:
            # It contains this one, and is made only later.
            self.build = lambda value: other.build(value)


def spell(hint: object) -> str:
    """Return an annotation as its author would write it."""
    if hint is NONE or hint is None:
        return "None"
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return " | ".join(map(spell, get_args(hint)))
    name = getattr(hint, "__name__", None)
    if isinstance(hint, type) and origin is None and name is not None:
        return str(name)
    return str(hint).replace("typing.", "")


def build_list(item: Node) -> Build:
    """Return what makes lists of what another node makes."""

    def build(value: object) -> object:
        made: list[object] = []
        if not is_list(value):
            raise unfit(value, f"list[{item.expected}]")
        try:
            for each in value:
                made.append(item.build(each))
        except Unfit as error:
            raise error.inside(len(made)) from error.__cause__
        return made

    return build


def build_endless_tuple(item: Node) -> Build:
    """Return what makes tuples of any length."""
    build_items = build_list(item)

    def build(value: object) -> object:
        made = build_items(value)
        return tuple(made) if is_list(made) else made

    return build


def build_tuple(items: tuple[Node, ...], expected: str) -> Build:
    """Return what makes tuples of a fixed length."""

    def build(value: object) -> object:
        made: list[object] = []
        if not is_list(value):
            raise unfit(value, expected)
        if len(value) != len(items):
            raise Unfit(f"found {len(value)} elements, expected {len(items)}")
        try:
            for item, each in zip(items, value, strict=True):
                made.append(item.build(each))
        except Unfit as error:
            raise error.inside(len(made)) from error.__cause__
        return tuple(made)

    return build


def build_dict(key: Node, item: Node) -> Build:
    """Return what makes dictionaries."""

    def build(value: object) -> object:
        made: dict[object, object] = {}
        if not is_dict(value):
            raise unfit(value, f"dict[{key.expected}, {item.expected}]")
        for name, each in value.items():
            try:
                made[key.build(name)] = item.build(each)
            except Unfit as error:
                raise error.inside(name) from error.__cause__
        return made

    return build
