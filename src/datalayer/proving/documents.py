"""Documents that fit the classes that `@type` names."""

from __future__ import annotations

import dataclasses
import datetime
import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from datalayer.errors import UnsupportedJsonType
from datalayer.proving.schemas import schema_samples
from datalayer.runtime import json_type
from datalayer.runtime.documents.libraries import libraries_of
from datalayer.runtime.documents.objects import is_typed_dict, object_fields
from datalayer.runtime.documents.unfit import Unfit

#: How deep a class that contains itself is followed.
_DEPTH = 4
_UNIONS = (Union, types.UnionType)
_SCALARS: Mapping[object, tuple[object, ...]] = {
    bool: (True, False),
    datetime.date: ("2024-02-29",),
    datetime.datetime: ("2024-02-29T12:00:00+00:00", "2024-02-29T12:00:00"),
    datetime.time: ("12:00:00",),
    Decimal: ("1.50", 0),
    float: (1.5, 0),
    int: (1, 0),
    str: ("a", ""),
    type(None): (None,),
    UUID: ("00000000-0000-4000-8000-000000000001",),
}


def documents_of(hint: Any, name: str) -> tuple[str, ...]:  # noqa: ANN401 - an annotation
    """Return a few documents that fit an annotation; `name` is that of `@type`."""
    reader = json_type(hint, name, validated=True)
    fitting: dict[str, None] = {}
    for sample in samples(hint):
        text = json.dumps(sample)
        try:
            reader(text.encode())
        except (Unfit, UnsupportedJsonType):
            continue
        fitting[text] = None
    return tuple(fitting)


def samples(hint: Any, depth: int = _DEPTH) -> list[object]:  # noqa: ANN401 - an annotation
    """Return values of JSON that may fit, each the simplest of its kind first."""
    if libraries_of(hint):
        return schema_samples(hint)
    if hint in _SCALARS:
        return list(_SCALARS[hint])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [member.value for member in hint]
    if is_typed_dict(hint) or dataclasses.is_dataclass(hint):
        return list(_objects(hint, depth)) if depth else []
    return _of_several(get_origin(hint) or hint, get_args(hint), depth)


def _of_several(
    origin: object,
    arguments: tuple[Any, ...],
    depth: int,
) -> list[object]:
    if origin in _UNIONS:
        return [each for member in arguments for each in samples(member, depth)]
    if origin is typing.Literal:
        return [each.value if isinstance(each, Enum) else each for each in arguments]
    if origin in (typing.Annotated, typing.NotRequired, typing.Required):
        return samples(arguments[0], depth)
    if isinstance(origin, typing.NewType):
        return samples(origin.__supertype__, depth)
    if origin is tuple and Ellipsis not in arguments:
        parts = [samples(each, depth) for each in arguments]
        return [[each[0] for each in parts]] if all(parts) else []
    if isinstance(origin, type) and issubclass(origin, Mapping):
        keys, values = (samples(each, depth) for each in arguments or (str, object))
        return [{}, *({str(key): value} for key in keys[:1] for value in values)]
    if isinstance(origin, type) and issubclass(origin, Sequence):
        items = samples(arguments[0] if arguments else object, depth)
        return [[], *([item] for item in items)]
    return [{}]


def _objects(cls: Any, depth: int) -> Iterator[object]:  # noqa: ANN401 - a class of any kind
    """Yield objects with everything, with the other ends, and with the least."""
    fields = object_fields(cls)
    known = {field.name: samples(field.hint, depth - 1) for field in fields}
    yield {name: values[0] for name, values in known.items() if values}
    yield {name: values[-1] for name, values in known.items() if values}
    yield {
        field.name: known[field.name][-1]
        for field in fields
        if field.required and known[field.name]
    }
