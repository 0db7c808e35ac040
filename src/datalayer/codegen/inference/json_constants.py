"""Reads the shape of constants of `json` and `jsonb`, as PostgreSQL stores them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

from datalayer.json_shapes import (
    ANYTHING,
    NEVER,
    NULL,
    JsonField,
    JsonShape,
    array_of,
    joined,
    object_of,
    scalar,
)

if TYPE_CHECKING:
    from datalayer.codegen.nodetree import Node

Document: TypeAlias = (
    "dict[str, Document] | list[Document] | str | int | float | bool | None"
)

_JSON, _JSONB = 114, 3802
_LENGTH = 4
# Of a container: how many members it has, and what it is.
_COUNT, _OBJECT, _ARRAY, _ALONE = 0x0FFFFFFF, 0x20000000, 0x40000000, 0x10000000
# Of a member: its length or where it ends, which of both it is, and its kind.
_EXTENT, _IS_END, _KIND = 0x0FFFFFFF, 0x80000000, 0x70000000
_TEXT, _NUMBER, _FALSE, _TRUE, _NOTHING, _CONTAINER = (kind << 28 for kind in range(6))
_KINDS = {
    _TEXT: scalar("str"),
    _FALSE: scalar("bool"),
    _TRUE: scalar("bool"),
    _NOTHING: NULL,
}
# Of a number: whether its head is a short one, and the digits behind the point.
_SHORT, _SHORT_DIGITS, _DIGITS = 0x8000, 0x1F80, 0x3FFF
_SCALARS = {bool: "bool", int: "int", str: "str"}


def constant_document(node: Node) -> JsonShape:
    """Return the shape of a constant; NULL is no document at all."""
    if node.flag("constisnull"):
        return NEVER
    value = node.fields.get("constvalue")
    if not isinstance(value, bytes):
        return ANYTHING
    try:
        if node.number("consttype") == _JSON:
            return _shape_of(json.loads(value[_LENGTH:]))
        if node.number("consttype") == _JSONB:
            return _container(value[_LENGTH:])
    except (IndexError, ValueError, KeyError):
        # Stored in a way that is not known here: compressed, or of a new version.
        return ANYTHING
    return ANYTHING


def _shape_of(document: Document) -> JsonShape:
    if isinstance(document, dict):
        fields = ((name, _shape_of(value)) for name, value in document.items())
        return object_of(tuple(JsonField(name, shape) for name, shape in fields))
    if isinstance(document, list):
        return array_of(joined(*map(_shape_of, document)))
    if isinstance(document, float):
        # `jsonb` makes a whole number of 1e5.
        return scalar("float", "int")
    return NULL if document is None else scalar(_SCALARS[type(document)])


def _container(data: bytes) -> JsonShape:
    """Return the shape of an array or an object in PostgreSQL's jsonb.h."""
    head = _word(data, 0)
    count = head & _COUNT
    if head & _OBJECT:
        members = _members(data, 2 * count)
        names = [text.decode() for _, text in members[:count]]
        shapes = [_member(kind, part) for kind, part in members[count:]]
        fields = zip(names, shapes, strict=True)
        return object_of(tuple(JsonField(name, shape) for name, shape in fields))
    if not head & _ARRAY:
        raise ValueError("neither an array nor an object")
    shapes = [_member(kind, part) for kind, part in _members(data, count)]
    return shapes[0] if head & _ALONE else array_of(joined(*shapes))


def _members(data: bytes, count: int) -> list[tuple[int, bytes]]:
    """Return the kind and the bytes of each member, without those that align them."""
    start = 4 * (1 + count)
    found, end = [], 0
    for index in range(count):
        entry = _word(data, 4 * (1 + index))
        begin = end
        end = entry & _EXTENT if entry & _IS_END else begin + (entry & _EXTENT)
        kind = entry & _KIND
        if kind in (_NUMBER, _CONTAINER):
            begin += -begin % 4
        found.append((kind, data[start + begin : start + end]))
    return found


def _member(kind: int, data: bytes) -> JsonShape:
    if kind == _CONTAINER:
        return _container(data)
    if kind == _NUMBER:
        head = int.from_bytes(data[_LENGTH : _LENGTH + 2], "little")
        digits = head & _SHORT_DIGITS if head & _SHORT else head & _DIGITS
        return scalar("float") if digits else scalar("int")
    return _KINDS[kind]


def _word(data: bytes, offset: int) -> int:
    if offset + 4 > len(data):
        raise IndexError(offset)
    return int.from_bytes(data[offset : offset + 4], "little")
