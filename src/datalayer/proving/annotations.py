"""Whether a value at run time is what an annotation says."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ForwardRef, Union, get_args, get_origin, get_type_hints

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from datalayer.runtime import JsonValue

_NONE = type(None)
_JSON_NAME = "JsonValue"
_UNIONS = (Union, types.UnionType)
#: Values of the second are values of the first, and yet not what is meant by it.
_NOT_MEANT = {int: (bool,), datetime.date: (datetime.datetime,)}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value that is not what is said about the place where it stands."""

    #: `name`, `tags[]`, `home.street`; empty for a value by itself.
    where: str
    #: `null` or `type`.
    kind: str
    declared: str
    found: str


def mismatches(value: object, hint: Any, where: str = "") -> Iterator[Mismatch]:  # noqa: ANN401 - an annotation
    """Yield where a value, or a part of it, is not what an annotation says."""
    hint = _plain(hint)
    if hint in (Any, object) or _is_json(hint):
        return
    if get_origin(hint) in _UNIONS:
        yield from _of_union(value, hint, where)
    elif hint in (None, _NONE):
        if value is not None:
            yield _mismatch(value, hint, where)
    elif value is None or not _is_instance(value, hint):
        yield _mismatch(value, hint, where)
    else:
        yield from _inside(value, hint, where)


def accepts_none(hint: Any) -> bool:  # noqa: ANN401 - an annotation
    """Tell whether None is one of the values of an annotation."""
    return next(mismatches(None, hint), None) is None


def members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an annotation
    """Return the members of a union, or the annotation by itself."""
    hint = _plain(hint)
    return get_args(hint) if get_origin(hint) in _UNIONS else (hint,)


def spelled(hint: Any) -> str:  # noqa: ANN401 - an annotation
    """Return an annotation as its author spells it."""
    if _is_json(hint):
        return _JSON_NAME
    if hint in (None, _NONE):
        return "None"
    if get_origin(hint) in _UNIONS:
        return " | ".join(map(spelled, get_args(hint)))
    arguments = ", ".join(
        "..." if each is Ellipsis else spelled(each) for each in get_args(hint)
    )
    name = getattr(get_origin(hint) or hint, "__name__", str(hint))
    return f"{name}[{arguments}]" if arguments else name


def _plain(hint: Any) -> Any:  # noqa: ANN401 - an annotation
    """Return what a NewType or an Annotated stands for."""
    while True:
        if isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif get_origin(hint) is typing.Annotated:
            hint = get_args(hint)[0]
        else:
            return hint


def _is_json(hint: Any) -> bool:  # noqa: ANN401 - an annotation
    # Anything that JSON has is right, and psycopg makes nothing else of it.
    if hint in (JsonValue, _JSON_NAME):
        return True
    if isinstance(hint, ForwardRef):
        return hint.__forward_arg__ == _JSON_NAME
    return get_origin(hint) in _UNIONS and set(get_args(JsonValue)) <= set(
        get_args(hint)
    )


def _of_union(value: object, hint: Any, where: str) -> Iterator[Mismatch]:  # noqa: ANN401 - an annotation
    """Yield nothing if any member fits, else what speaks against the nearest one."""
    nearest: list[Mismatch] | None = None
    for member in get_args(hint):
        found = list(mismatches(value, member, where))
        if not found:
            return
        # One that fails further inside is nearer.
        if nearest is None or len(found[0].where) > len(nearest[0].where):
            nearest = found
    if nearest and nearest[0].where != where:
        yield from nearest
    else:
        yield _mismatch(value, hint, where)


def _is_instance(value: object, hint: Any) -> bool:  # noqa: ANN401 - an annotation
    if get_origin(hint) is typing.Literal:
        return value in get_args(hint)
    if typing.is_typeddict(hint):
        return isinstance(value, dict)
    cls = get_origin(hint) or hint
    if not isinstance(cls, type):
        # Nothing is known about such an annotation.
        return True
    return isinstance(value, cls) and not isinstance(value, _NOT_MEANT.get(cls, ()))


def _inside(value: Any, hint: Any, where: str) -> Iterator[Mismatch]:  # noqa: ANN401 - both of any kind
    if dataclasses.is_dataclass(value):
        cls: Any = type(value)
        for name, inner in _fields(cls).items():
            place = f"{where}.{name}" if where else name
            yield from mismatches(getattr(value, name), inner, place)
        return
    if typing.is_typeddict(hint):
        yield from _inside_document(value, hint, where)
        return
    for each, inner in _elements(value, get_args(hint)):
        yield from mismatches(each, inner, f"{where}[]")


def _inside_document(
    value: Mapping[str, object],
    hint: Any,  # noqa: ANN401 - an annotation
    where: str,
) -> Iterator[Mismatch]:
    """Yield which keys are missing or wrong; others than those named are no lie."""
    for name, inner in get_type_hints(hint).items():
        place = f"{where}.{name}" if where else name
        if name in value:
            yield from mismatches(value[name], inner, place)
        elif name in hint.__required_keys__:
            yield Mismatch(place, "type", spelled(inner), "nothing")


@functools.cache
def _fields(cls: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a class
    return get_type_hints(cls)


def _elements(value: Any, arguments: tuple[Any, ...]) -> Iterable[tuple[Any, Any]]:  # noqa: ANN401 - of any kind
    """Return what a value consists of, each with its annotation."""
    if not arguments or isinstance(value, str | bytes):
        return ()
    if isinstance(value, Multirange):
        return [pair for each in value for pair in _elements(each, arguments)]
    if isinstance(value, Range):
        bounds = (value.lower, value.upper)
        return [(each, arguments[0]) for each in bounds if each is not None]
    if isinstance(value, Mapping):
        return [(each, arguments[-1]) for each in value.values()]
    if isinstance(value, tuple) and arguments[-1] is not Ellipsis:
        return zip(value, arguments, strict=False)
    if isinstance(value, Sequence):
        return [(each, arguments[0]) for each in value]
    return ()


def _mismatch(value: object, hint: Any, where: str) -> Mismatch:  # noqa: ANN401 - an annotation
    kind = "null" if value is None else "type"
    found = "NULL" if value is None else f"`{type(value).__name__}`"
    return Mismatch(where, kind, spelled(hint), found)
