"""Shapes as JSON, so that they can be kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from datalayer import errors, json_shapes, location, model, nesting
from datalayer.location import Location
from datalayer.model import Column, Finding, QueryShape

if TYPE_CHECKING:
    from datalayer.model import QuerySource

Plain: TypeAlias = "Mapping[str, Plain] | list[Plain] | str | int | float | bool | None"

_CLASS, _VALUE, _SET = "class", "value", "frozenset"
_KNOWN: Mapping[str, type] = {
    name: value
    for module in (errors, json_shapes, location, model, nesting)
    for name, value in vars(module).items()
    if isinstance(value, type)
    and (dataclasses.is_dataclass(value) or issubclass(value, Enum))
}


class NotAShape(Exception):
    """What was kept is not what is kept today."""


def shape_to_plain(shape: QueryShape) -> Plain:
    """Return a shape without its source, with places as seen from its header."""
    first = shape.source.location.line
    findings = tuple(_moved(finding, -first) for finding in shape.findings)
    fields = {
        field.name: getattr(shape, field.name)
        for field in dataclasses.fields(shape)
        if field.name not in {"source", "findings"}
    }
    return {name: _encode(value) for name, value in fields.items()} | {
        "findings": _encode(findings)
    }


def shape_of_plain(plain: Plain, source: QuerySource) -> QueryShape:
    """Return the shape of a query; raise `NotAShape` when it was kept otherwise."""
    try:
        if not isinstance(plain, Mapping):
            raise NotAShape
        fields = {name: _decode(value) for name, value in plain.items()}
        shape = QueryShape(source, **fields)  # type: ignore[arg-type]  # as they were kept
        if not all(isinstance(each, Column) for each in shape.columns):
            raise NotAShape
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotAShape(repr(error)) from error
    first = source.location.line
    findings = tuple(_moved(each, first, source) for each in shape.findings)
    return dataclasses.replace(shape, findings=findings)


def _moved(finding: Finding, lines: int, source: QuerySource | None = None) -> Finding:
    place = finding.location
    moved = Location(
        source.location.path if source else "", place.line + lines, place.column
    )
    return dataclasses.replace(finding, location=moved)


def _encode(value: object) -> Plain:
    if isinstance(value, Enum):
        return {_CLASS: type(value).__name__, _VALUE: value.value}
    if dataclasses.is_dataclass(value):
        given = {
            field.name: _encode(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
        return {_CLASS: type(value).__name__, **given}
    if isinstance(value, tuple):
        return [_encode(each) for each in value]
    if isinstance(value, frozenset):
        return {_CLASS: _SET, _VALUE: [_encode(each) for each in sorted(value)]}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _decode(plain: Plain) -> object:
    if isinstance(plain, list):
        return _decode_each(plain)
    if not isinstance(plain, Mapping):
        return plain
    if plain[_CLASS] == _SET:
        return frozenset(_decode_each(plain[_VALUE]))
    cls = _KNOWN[str(plain[_CLASS])]
    if issubclass(cls, Enum):
        return cls(plain[_VALUE])
    fields = {name: _decode(value) for name, value in plain.items() if name != _CLASS}
    return cls(**fields)


def _decode_each(plain: Plain) -> tuple[object, ...]:
    if not isinstance(plain, list):
        raise NotAShape
    return tuple(_decode(each) for each in plain)
