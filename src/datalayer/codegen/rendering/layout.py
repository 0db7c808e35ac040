"""Lines of code no longer than 88 columns, broken as ruff would break them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 88


@dataclass(frozen=True, slots=True)
class Brackets:
    """Items between brackets: a call, a tuple or a signature."""

    opening: str
    items: tuple[Code, ...]
    closing: str


Code: TypeAlias = str | Brackets


def tuple_of(items: tuple[Code, ...]) -> Brackets:
    """Return a tuple; of one item with its comma."""
    return Brackets("(", items, ",)" if len(items) == 1 else ")")


def lay_out(code: Code, *, indent: int = 0, before: str = "", after: str = "") -> str:
    """Return the lines of some code between two texts, without a final newline."""
    margin = " " * indent
    flat = f"{before}{_flat(code)}{after}"
    if isinstance(code, str) or len(margin) + len(flat) <= WIDTH:
        return margin + flat
    inner = _items(code, indent + 4)
    opening, closing = code.opening, code.closing.removeprefix(",")
    lines = [f"{margin}{before}{opening}", *inner, f"{margin}{closing}{after}"]
    return "\n".join(lines)


def _items(code: Brackets, indent: int) -> list[str]:
    together = ", ".join(map(_flat, code.items))
    # Only a tuple or a list begins with its bracket, or has it behind a sign.
    is_call = len(code.opening) > 1 and not code.opening.endswith((": (", "=("))
    # A parameter alone gets the comma that several in one line do not.
    is_lone_parameter = "def " in code.opening and len(code.items) == 1
    if is_call and not is_lone_parameter and indent + len(together) <= WIDTH:
        return [" " * indent + together]
    return [lay_out(item, indent=indent, after=",") for item in code.items]


def _flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    return f"{code.opening}{', '.join(map(_flat, code.items))}{code.closing}"
