"""Values of classes as what JSON has: objects, arrays, texts and numbers."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def plain(value: Any) -> object:  # noqa: ANN401 - whatever an encoder does not know
    """Return a value one step nearer to JSON, as its own library does it.

    Raises `TypeError` for what has no form in JSON.
    """
    if hasattr(value, "__struct_fields__"):
        return _of_struct(value)
    if hasattr(value, "__pydantic_serializer__"):
        return _of_model(value)
    if dataclasses.is_dataclass(value):
        return {
            field.name: getattr(value, field.name)
            for field in dataclasses.fields(value)
            if field.init
        }
    return _of_standard_class(value)


def _of_struct(value: object) -> object:
    import msgspec  # noqa: PLC0415 - there, as the value shows

    found: object = msgspec.to_builtins(value)
    return found


def _of_model(value: Any) -> object:  # noqa: ANN401 - a class that may not be there
    # By the names and in the form in which the class reads it again.
    found: object = _adapter_of(value.__class__).dump_python(
        value, mode="json", by_alias=True, round_trip=True
    )
    return found


@functools.cache
def _adapter_of(cls: Any) -> TypeAdapter[object]:  # noqa: ANN401 - a class that may not be there
    import pydantic  # noqa: PLC0415 - there, as its class shows

    return pydantic.TypeAdapter(cls)


def _of_standard_class(value: Any) -> object:  # noqa: ANN401 - of any class
    for kind, convert in _CONVERSIONS.items():
        # `isinstance` would make pyright forget that the value is Any.
        if issubclass(type(value), kind):
            return convert(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _isoformat(value: datetime.date | datetime.time) -> str:
    return value.isoformat()


def _value(member: Enum) -> object:
    found: object = member.value
    return found


_CONVERSIONS: Mapping[type, Callable[[Any], object]] = {
    Decimal: str,
    Enum: _value,
    Mapping: dict,
    Sequence: list,
    UUID: str,
    datetime.date: _isoformat,
    datetime.time: _isoformat,
}
