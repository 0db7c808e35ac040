"""From what psycopg returns to what generated code declares, where they differ."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from enum import Enum, StrEnum
from typing import Any, TypeVar

EnumT = TypeVar("EnumT", bound=StrEnum)
ValueT = TypeVar("ValueT")

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def enum_value(cls: type[EnumT]) -> Callable[[Any], EnumT]:
    """Return a function that makes members of an enum from what psycopg returns.

    That is text, or a member of another enum that was registered on the connection.
    """

    def convert(value: object) -> EnumT:
        if isinstance(value, Enum) and not isinstance(value, cls):
            return _translate(cls, value)
        return cls(str(value))

    return convert


def from_text(cls: Callable[[str], ValueT]) -> Callable[[Any], ValueT]:
    """Return a function that calls a class with the text of a value."""

    def convert(value: object) -> ValueT:
        return cls(str(value))

    return convert


def text_array(
    convert: Callable[[Any], Any] = str, *, delimiter: str = ","
) -> Callable[[Any], list[Any]]:
    """Return a function that makes a list of an array of a type unknown to psycopg.

    psycopg returns its text, or a list where the type was registered.
    """

    def convert_array(value: object) -> list[Any]:
        items = parse_array(value, delimiter) if isinstance(value, str) else value
        return convert_items(items, convert)

    return convert_array


def parse_array(text: str, delimiter: str = ",") -> list[Any]:
    """Return the elements of an array written as text, nested as in the text.

    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    # Bounds that do not start at 1 come first: `[0:1]={a,b}`.
    start = text.index("{")
    tokens = (match[0] for match in _token(delimiter).finditer(text, start))
    next(tokens)
    return list(_parse_items(tokens, delimiter))


def convert_items(items: Any, convert: Callable[[Any], Any]) -> list[Any]:  # noqa: ANN401 - nested as deep as the array
    """Return the items of an array with each converted that is not None."""
    return [
        item
        if item is None
        else convert_items(item, convert)
        if isinstance(item, list)
        else convert(item)
        for item in items
    ]


@functools.cache
def _token(delimiter: str) -> re.Pattern[str]:
    ends = "{}" + re.escape(delimiter)
    return re.compile(rf'[{ends}]|"(?:[^"\\]|\\.)*"|[^{ends}"]+', re.DOTALL)


def _parse_items(tokens: Iterator[str], delimiter: str) -> Iterator[Any]:
    for token in tokens:
        if token == "}":
            return
        if token == "{":
            yield list(_parse_items(tokens, delimiter))
        elif token.startswith('"'):
            yield _ESCAPE.sub(r"\1", token[1:-1])
        elif token != delimiter:
            # An unquoted backslash escapes nothing that PostgreSQL writes.
            yield None if token == "NULL" else token


def _translate(cls: type[EnumT], value: Enum) -> EnumT:
    # psycopg pairs labels with names, unless it was given a mapping of its own.
    labels = {str(member) for member in cls}
    return cls(value.name if value.name in labels else str(value.value))
