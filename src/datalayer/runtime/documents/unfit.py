"""Why a document is not what a class says, and where in the document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeGuard

_KINDS: dict[type, str] = {
    bool: "a boolean",
    dict: "an object",
    Decimal: "a number",
    float: "a number",
    int: "a number",
    list: "an array",
    str: "a string",
    type(None): "null",
}


class Unfit(Exception):
    """A part of a document that does not fit; the path grows on the way up."""

    def __init__(self, reason: str, path: Sequence[str | int] = ()) -> None:
        """Keep the reason, and the path within the part that is looked at."""
        super().__init__(reason)
        self.reason = reason
        self.path = tuple(path)

    def inside(self, step: str | int) -> Unfit:
        """Return the same of the part that contains this one."""
        self.path = (step, *self.path)
        return self


def unfit(value: object, expected: str) -> Unfit:
    """Return that a value is of another kind than expected."""
    kind = _KINDS.get(type(value), f"`{type(value).__name__}`")
    return Unfit(f"found {kind}, expected `{expected}`")


def is_list(value: object) -> TypeGuard[list[object]]:
    """Tell whether a value is an array of JSON."""
    return isinstance(value, list)


def is_dict(value: object) -> TypeGuard[dict[str, object]]:
    """Tell whether a value is an object of JSON."""
    return isinstance(value, dict)


def spell_path(path: Sequence[str | int]) -> str:
    """Return a path as JSON paths are written: `$.tags[0]`."""
    return "$" + "".join(map(_step, path))


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f'["{step}"]'
