"""The types that are one string, number or word of JSON."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from uuid import UUID

from datalayer.runtime.documents.nodes import KINDS, NONE, Build, Node, spell
from datalayer.runtime.documents.unfit import Unfit, unfit


def _is(kind: type, expected: str) -> Build:
    def build(value: object) -> object:
        # A bool is an int to `isinstance`.
        if type(value) is not kind:
            raise unfit(value, expected)
        return value

    return build


def _float(value: object) -> object:
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        raise unfit(value, "float")
    try:
        # jsonb keeps numbers as numeric: 1e300 comes back as an int.
        return float(value)
    except OverflowError:
        raise Unfit("found a number too large, expected `float`") from None


def _decimal(value: object) -> object:
    if not isinstance(value, int | str | Decimal) or isinstance(value, bool):
        raise unfit(value, "Decimal")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise Unfit("found another string, expected `Decimal`") from None


def _text(make: Callable[[str], object], expected: str) -> Build:
    def build(value: object) -> object:
        if not isinstance(value, str):
            raise unfit(value, expected)
        try:
            return make(value)
        except ValueError:
            raise Unfit(f"found another string, expected `{expected}`") from None

    return build


def _plain(kind: type) -> Node:
    name = spell(kind)
    return Node(name, frozenset((kind,)), _is(kind, name))


def _spelled(kind: type, make: Callable[[str], object]) -> Node:
    name = kind.__name__
    return Node(name, frozenset((str,)), _text(make, name), plain=False)


#: The nodes of types that need no looking at.
SCALARS: Mapping[type, Node] = {
    bool: _plain(bool),
    datetime.date: _spelled(datetime.date, datetime.date.fromisoformat),
    datetime.datetime: _spelled(datetime.datetime, datetime.datetime.fromisoformat),
    datetime.time: _spelled(datetime.time, datetime.time.fromisoformat),
    Decimal: Node("Decimal", frozenset((int, float, str)), _decimal, plain=False),
    float: Node("float", frozenset((int, float)), _float),
    int: _plain(int),
    NONE: _plain(NONE),
    str: _plain(str),
    UUID: _spelled(UUID, UUID),
}


def enum_node(cls: type[Enum]) -> Node | None:
    """Return the node of an enum by its values; None if they are not in JSON."""
    kinds = frozenset(type(_json_of(member)) for member in cls)
    if not kinds <= KINDS - {dict, list}:
        return None

    def build(value: object) -> object:
        plain = float(value) if isinstance(value, Decimal) else value
        if type(plain) in kinds:
            # Not by a table: an enum may know more values than its members have.
            with contextlib.suppress(ValueError):
                return cls(plain)
        values = [_json_of(member) for member in cls]
        raise Unfit(f"found another value, expected {_listed(values)}")

    return Node(cls.__name__, kinds, build, plain=False)


def literal_node(values: Iterable[object], expected: str) -> Node:
    """Return the node of a Literal, which can have members of enums."""
    # 1 is not True here.
    known = {(type(_json_of(each)), _json_of(each)): each for each in values}

    def build(value: object) -> object:
        if type(value) in kinds and (type(value), value) in known:
            return known[type(value), value]
        raise Unfit(f"found another value, expected {_listed([v for _, v in known])}")

    kinds = frozenset(kind for kind, _ in known)
    plain = not any(isinstance(each, Enum) for each in known.values())
    return Node(expected, kinds, build, plain=plain)


def _json_of(value: object) -> object:
    """Return what a value is in a document; an enum is its value."""
    if not isinstance(value, Enum):
        return value
    found: object = value.value
    return found


def _listed(values: list[object]) -> str:
    words = [f"`{value!r}`" for value in values]
    return ", ".join(words[:-1]) + (" or " if words[1:] else "") + words[-1]
