"""The text of values that psycopg does not know: composite values and what is in them.

A form reads the text that PostgreSQL writes and writes what PostgreSQL reads, so that
nothing depends on OIDs, which differ between databases. What psycopg does know, its own
loaders read: they know the settings of the session, and what was registered.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from psycopg.abc import AdaptContext, Loader
from psycopg.pq import Format
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from datalayer.runtime.conversion import convert_items, parse_array
from datalayer.runtime.intervals import FiniteIntervalLoader
from datalayer.runtime.json import dumps
from datalayer.runtime.parameters import (
    date_,
    multirange,
    range_,
    time_,
    timestamp,
    tsmultirange,
    tsrange,
)
from datalayer.runtime.records import parse_record, quoted, write_record

Read: TypeAlias = Callable[[str], Any]

#: Loaders that know better than psycopg's own.
_LOADERS: Mapping[str, type[Loader]] = {"interval": FiniteIntervalLoader}


class Form(Protocol):
    """How the values of a type look as text."""

    def reader(self, context: AdaptContext) -> Read:
        """Return what makes a value of a text from a connection."""
        ...

    def write(self, value: Any) -> str:  # noqa: ANN401 - of the type at hand
        """Return a value that is not None as text."""
        ...


@dataclass(frozen=True, slots=True)
class TextForm:
    """Values that are their own text."""

    def reader(self, context: AdaptContext) -> Read:
        """Return the text itself."""
        return str

    def write(self, value: str) -> str:
        """Return the text itself."""
        return str(value)


@dataclass(frozen=True, slots=True)
class BuiltinForm:
    """Values of a type of PostgreSQL's own, by its name in `pg_catalog`."""

    name: str

    def reader(self, context: AdaptContext) -> Read:
        """Return psycopg's loader for the connection."""
        oid = context.adapters.types[self.name].oid
        cls = _LOADERS.get(self.name) or context.adapters.get_loader(oid, Format.TEXT)
        assert cls is not None
        load = cls(oid, context).load
        encoding = context.connection.info.encoding if context.connection else "utf-8"
        return lambda text: load(text.encode(encoding))

    def write(self, value: Any) -> str:  # noqa: ANN401 - of the type at hand
        """Return a value as text that PostgreSQL reads whatever its settings are."""
        write = _OF_NAME.get(self.name) or _OF_CLASS.get(_class_of(value), str)
        return write(value)


@dataclass(frozen=True, slots=True)
class CustomForm:
    """Values that functions make of their text, and text of them."""

    read: Read
    #: May return anything that has the text.
    sender: Callable[[Any], object]

    def reader(self, context: AdaptContext) -> Read:
        """Return the function that reads."""
        return self.read

    def write(self, value: Any) -> str:  # noqa: ANN401 - of the type at hand
        """Return the text that the other function makes."""
        return str(self.sender(value))


@dataclass(frozen=True, slots=True)
class EnumForm:
    """Members of a generated enum."""

    cls: type[StrEnum]

    def reader(self, context: AdaptContext) -> Read:
        """Return the class."""
        return self.cls

    def write(self, value: StrEnum) -> str:
        """Return the label."""
        return str(value)


@dataclass(frozen=True, slots=True)
class ArrayForm:
    """Lists of values of one form; lists of lists for more dimensions."""

    element: Form
    delimiter: str = ","

    def reader(self, context: AdaptContext) -> Read:
        """Return what makes a list of the text of an array."""
        read = self.element.reader(context)
        return lambda text: convert_items(parse_array(text, self.delimiter), read)

    def write(self, value: list[Any]) -> str:
        """Return a list as the text of an array."""
        return f"{{{self.delimiter.join(map(self._item, value))}}}"

    def _item(self, item: Any) -> str:  # noqa: ANN401 - an element, or a list of them
        if item is None:
            return "NULL"
        # The elements of an array of domains can be arrays themselves.
        # `isinstance` would make pyright forget that the item is Any.
        if issubclass(type(item), list) and not isinstance(self.element, ArrayForm):
            return self.write(item)
        return quoted(self.element.write(item))


@dataclass(frozen=True, slots=True)
class CompositeForm:
    """Values of a generated class whose fields have a form each."""

    cls: type[Any]
    fields: tuple[Form, ...]
    #: The attributes of the class, in the order of the fields.
    names: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Ask the class for its attributes once."""
        names = tuple(each.name for each in fields(self.cls))
        object.__setattr__(self, "names", names)

    def reader(self, context: AdaptContext) -> Read:
        """Return what makes an object of the text of a composite value."""
        cls = self.cls
        readers = [each.reader(context) for each in self.fields]

        def read(text: str) -> object:
            texts = parse_record(text) if readers else []
            if len(texts) != len(readers):
                raise ValueError(
                    f"{cls.__name__} has {len(readers)} fields, and {len(texts)} came:"
                    " run `datalayer generate` after a change of the type"
                )
            values = zip(readers, texts, strict=True)
            return cls(*[None if text is None else read(text) for read, text in values])

        return read

    def write(self, value: Any) -> str:  # noqa: ANN401 - an object of the class
        """Return an object as the text of a composite value."""
        values = [getattr(value, name) for name in self.names]
        pairs = zip(self.fields, values, strict=True)
        return write_record(
            None if value is None else form.write(value) for form, value in pairs
        )


def as_text(form: Form, value: Any) -> str | None:  # noqa: ANN401 - of the form's type
    """Return a parameter as text of unknown type."""
    return None if value is None else form.write(value)


def _class_of(value: object) -> type[object]:
    return type(value)


def _json(value: object) -> str:
    return dumps(value).decode()


def _whole(value: int) -> str:
    # A bool is an int, and yet not written like one.
    return str(int(value))


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return f"\\x{value.hex()}"


def _interval(value: datetime.timedelta) -> str:
    # A sign for each: without, the first may count for all (`intervalstyle`).
    days, seconds, rest = value.days, value.seconds, value.microseconds
    return f"{days:+d} day {seconds:+d} second {rest:+d} microsecond"


def _of_sender(sender: Callable[[Any], object]) -> Callable[[Any], str]:
    return lambda value: str(sender(value))


#: How values are written where `str` does not do: by the names of types.
_OF_NAME: Mapping[str, Callable[[Any], str]] = {
    "date": _of_sender(date_),
    "int2": _whole,
    "int4": _whole,
    "int8": _whole,
    "json": _json,
    "jsonb": _json,
    "oid": _whole,
    "time": _of_sender(time_),
    "timestamp": _of_sender(timestamp),
    "tsmultirange": _of_sender(tsmultirange),
    "tsrange": _of_sender(tsrange),
}
#: By the classes of values.
_OF_CLASS: Mapping[type[object], Callable[[Any], str]] = {
    Multirange: _of_sender(multirange),
    Range: _of_sender(range_),
    bytearray: _bytes,
    bytes: _bytes,
    datetime.timedelta: _interval,
    memoryview: _bytes,
}
