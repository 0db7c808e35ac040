"""Apply RFC 6902 patches, strictly and all or nothing.

The library changes documents; what it is given is checked first, because its releases
differ in what they let pass: a path through a string, `-` where an element must exist,
an index with a leading zero, `test` taking 1 for true, operations of its own.
"""

from __future__ import annotations

import copy
import importlib
import re
from typing import TYPE_CHECKING

from datalayer.domains.artifacts.errors import PatchFailed, PatchLibraryMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType
    from typing import TypeAlias

    from datalayer.runtime import JsonValue

    Operation: TypeAlias = dict[str, JsonValue]
    Path: TypeAlias = tuple[str, ...]

_INDEX = re.compile(r"0|[1-9][0-9]*")
_BAD_ESCAPE = re.compile(r"~(?![01])")


class _Refused(Exception):
    """Why an operation cannot be applied."""


def apply_patch(document: JsonValue, operations: JsonValue) -> JsonValue:
    """Return a document with the operations of a patch applied, in their order.

    Neither argument is changed. Raises `PatchFailed` for the first operation that is
    malformed or does not fit.
    """
    library = _library()
    if not isinstance(operations, list):
        raise PatchFailed(0, "a patch is an array of operations")
    result = copy.deepcopy(document)
    for index, operation in enumerate(operations):
        try:
            result = _apply(library, result, operation)
        except _Refused as refusal:
            raise PatchFailed(index, str(refusal)) from None
        except Exception as error:
            # Whatever a release of the library raises: the patch does not apply.
            raise PatchFailed(index, f"{type(error).__name__}: {error}") from error
    return result


def _library() -> ModuleType:
    try:
        return importlib.import_module("jsonpatch")
    except ModuleNotFoundError as error:
        raise PatchLibraryMissing from error


def _apply(library: ModuleType, document: JsonValue, operation: JsonValue) -> JsonValue:
    if not isinstance(operation, dict):
        raise _Refused("an operation is an object")
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise _Refused(f"`op` is one of {', '.join(sorted(_OPERATIONS))}")
    result: JsonValue = document
    # Each change is made before the next one is asked for.
    for change in _OPERATIONS[name](document, operation):
        result = library.apply_patch(result, [change], in_place=True)
    return result


def _add(document: JsonValue, operation: Operation) -> list[Operation]:
    path = _path(operation, "path")
    _check_place(document, path)
    return [_change("add", path, _value(operation))]


def _remove(document: JsonValue, operation: Operation) -> list[Operation]:
    path = _path(operation, "path")
    if not path:
        raise _Refused("the whole document cannot be removed")
    _resolve(document, path)
    return [_change("remove", path)]


def _replace(document: JsonValue, operation: Operation) -> list[Operation]:
    path = _path(operation, "path")
    _resolve(document, path)
    return [_change("replace", path, _value(operation))]


def _move(document: JsonValue, operation: Operation) -> Iterator[Operation]:
    source, path = _path(operation, "from"), _path(operation, "path")
    value = _resolve(document, source)
    if source == path:
        return
    if path[: len(source)] == source:
        raise _Refused("a value cannot move into itself")
    yield _change("remove", source)
    # The place is looked for in the document without the value, which it is by now.
    _check_place(document, path)
    yield _change("add", path, value)


def _copy(document: JsonValue, operation: Operation) -> list[Operation]:
    source, path = _path(operation, "from"), _path(operation, "path")
    value = _resolve(document, source)
    _check_place(document, path)
    return [_change("add", path, value)]


def _test(document: JsonValue, operation: Operation) -> list[Operation]:
    path = _path(operation, "path")
    if not _same(_resolve(document, path), _value(operation)):
        raise _Refused(f"`{_pointer(path)}` has another value")
    return []


_OPERATIONS: dict[str, Callable[[JsonValue, Operation], Iterable[Operation]]] = {
    "add": _add,
    "copy": _copy,
    "move": _move,
    "remove": _remove,
    "replace": _replace,
    "test": _test,
}


def _change(name: str, path: Path, value: JsonValue = None) -> Operation:
    change: Operation = {"op": name, "path": _pointer(path)}
    if name != "remove":
        # A copy: later operations change the document, never the patch.
        change["value"] = copy.deepcopy(value)
    return change


def _value(operation: Operation) -> JsonValue:
    if "value" not in operation:
        raise _Refused("`value` is missing")
    return operation["value"]


def _path(operation: Operation, member: str) -> Path:
    """Return the parts of a JSON pointer (RFC 6901)."""
    pointer = operation.get(member)
    if not isinstance(pointer, str):
        raise _Refused(f"`{member}` is missing or not a string")
    if pointer and not pointer.startswith("/"):
        raise _Refused(f"`{member}` neither is empty nor starts with `/`")
    if _BAD_ESCAPE.search(pointer):
        raise _Refused(f"`{member}` holds a `~` without 0 or 1 after it")
    return tuple(
        part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]
    )


def _pointer(path: Path) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _resolve(document: JsonValue, path: Path) -> JsonValue:
    """Return the value at a path, which must exist."""
    value = document
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and _index(part) < len(value):
            value = value[_index(part)]
        else:
            raise _Refused(f"there is no `{_pointer(path)}`")
    return value


def _check_place(document: JsonValue, path: Path) -> None:
    """Refuse a path where nothing can be added."""
    if not path:
        return
    parent = _resolve(document, path[:-1])
    if isinstance(parent, list):
        if path[-1] != "-" and _index(path[-1]) > len(parent):
            raise _Refused(f"`{_pointer(path)}` is beyond the end of the array")
    elif not isinstance(parent, dict):
        raise _Refused(f"`{_pointer(path[:-1])}` is neither an object nor an array")


def _index(part: str) -> int:
    if not _INDEX.fullmatch(part):
        raise _Refused(f"`{part}` is not an index of an array")
    return int(part)


def _same(left: JsonValue, right: JsonValue) -> bool:
    """Compare as RFC 6902 does: numbers by value, and never with a boolean."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            _same(left[name], right[name]) for name in left
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and left == right
