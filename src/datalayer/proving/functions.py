"""The generated functions of queries, and what their annotations say."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.streams import stream_name
from datalayer.errors import GeneratedModuleMissing
from datalayer.model import Operation
from datalayer.proving.annotations import members
from datalayer.runtime import Page, Unset

if TYPE_CHECKING:
    from pathlib import Path

    from datalayer.config import Config
    from datalayer.model import QueryShape

_NONE = type(None)
_STREAMS = (AbstractContextManager, AbstractAsyncContextManager)


@dataclass(frozen=True, slots=True)
class Function:
    """A generated function with its annotations."""

    call: Callable[..., Any]
    #: Of each parameter of the query, in the order of its header.
    parameters: tuple[tuple[str, Any], ...]
    result: Any
    #: The class of a parameter set, where the function takes many of them.
    parameter_class: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of one query: two, or four where its rows can be streamed."""

    sync: Function
    aio: Function
    #: Those that return an iterator of rows.
    sync_stream: Function | None = None
    aio_stream: Function | None = None

    @property
    def count(self) -> int:
        """Return how many there are."""
        return 2 if self.sync_stream is None else 4


def load_functions(config: Config, shape: QueryShape) -> Functions:
    """Import the functions of a query; raise `GeneratedModuleMissing`."""
    _make_importable(config)
    source = shape.source
    sync = ".".join((config.package, *source.module))
    aio = ".".join((config.package, "aio", *source.module))
    name = python_name(source.name)
    both = _load(shape, sync, name), _load(shape, aio, name)
    if not source.streamed:
        return Functions(*both)
    stream = stream_name(name)
    return Functions(*both, _load(shape, sync, stream), _load(shape, aio, stream))


def _make_importable(config: Config) -> None:
    """Let Python find the package where `generate` writes it."""
    parts = tuple(config.package.split("."))
    base: Path = config.output
    if base.parts[-len(parts) :] == parts:
        folder = str(base.parents[len(parts) - 1])
        if folder not in sys.path:
            sys.path.insert(0, folder)


def _load(shape: QueryShape, module: str, name: str) -> Function:
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise GeneratedModuleMissing(
            f"`{name}` cannot be imported from `{module}`: {error}",
            help="run `datalayer generate`, and where its package can be imported",
        ) from error
    hints = get_type_hints(function)
    given = list(inspect.signature(function).parameters)[1:]
    if shape.source.operation is Operation.MANY_PARAMETERS:
        return _of_sets(function, hints, given[0])
    # Behind them stand an order and a cursor.
    own = given[: len(shape.source.parameters)]
    parameters = tuple((each, _without_unset(hints[each])) for each in own)
    result = hints["return"]
    if get_origin(result) is Page:
        result = list[get_args(result)]  # type: ignore[misc]  # as an annotation
    elif get_origin(result) in _STREAMS:
        # Of an iterator, which a context manager gives.
        (rows,) = get_args(result)
        result = list[get_args(rows)]  # type: ignore[misc]  # as an annotation
    return Function(function, parameters, result)


def _without_unset(hint: Any) -> Any:  # noqa: ANN401 - an annotation
    """Return what is said of an argument that is given."""
    rest = tuple(each for each in members(hint) if each is not Unset)
    return Union[rest] if len(rest) < len(members(hint)) else hint  # noqa: UP007 - of a tuple


def _of_sets(
    function: Callable[..., Any], hints: Mapping[str, Any], name: str
) -> Function:
    # The first of an iterable or an asynchronous one, of parameters or rows.
    first, *_ = get_args(hints[name])
    items = get_args(first)[0] if get_origin(first) is Iterable else first
    cls = members(items)[0]
    fields = get_type_hints(cls)
    parameters = tuple(
        (each.name, fields[each.name]) for each in dataclasses.fields(cls)
    )
    return Function(function, parameters, hints["return"], cls)


def row_hint(hint: Any) -> Any:  # noqa: ANN401 - an annotation
    """Return what a function says of one row.

    Of `list[Job]`, `list[Job | None]`, `dict[int, Job]` and `Job | None` that is `Job`.
    """
    if get_origin(hint) in (dict, list):
        return row_hint(get_args(hint)[-1])
    rest = [each for each in members(hint) if each is not _NONE]
    return rest[0] if len(rest) == 1 else hint


def row_fields(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - an annotation
    """Return the annotations of the columns of a row; nothing for a value."""
    row = row_hint(hint)
    return get_type_hints(row) if dataclasses.is_dataclass(row) else {}


def as_declared(value: object, hint: Any) -> object:  # noqa: ANN401 - an annotation
    """Return what psycopg read as a parameter takes it: an enum as its member."""
    if value is None:
        return None
    for each in members(hint):
        if isinstance(each, type) and issubclass(each, Enum):
            return each(value)
        if dataclasses.is_dataclass(each) and isinstance(value, tuple):
            inner = get_type_hints(each).values()
            return each(*map(as_declared, value, inner))  # type: ignore[operator]  # a class
        arguments = get_args(each)
        if isinstance(value, list) and len(arguments) == 1 and get_origin(each):
            return [as_declared(item, arguments[0]) for item in value]
    return value
