"""What is wrong with a line of a file."""

from __future__ import annotations


class LineProblem(Exception):
    """A line cannot be stored; its text says why. The import goes on without it."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


def kind_of(value: object) -> str:
    """Return what JSON calls a value: `a list`, `null`."""
    return _KINDS[type(value)]


_KINDS: dict[type, str] = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "text",
    type(None): "null",
}
