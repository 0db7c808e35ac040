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


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator expression."""

    element: Code
    loop: str


Code: TypeAlias = str | Brackets | Generator


def tuple_of(items: tuple[Code, ...]) -> Brackets:
    """Return a tuple; of one item with its comma."""
    return Brackets("(", items, ",)" if len(items) == 1 else ")")


def lay_out(code: Code, *, indent: int = 0, before: str = "", after: str = "") -> str:
    """Return the lines of some code between two texts, without a final newline."""
    margin = " " * indent
    flat = f"{before}{_flat(code)}{after}"
    if isinstance(code, str) or len(margin) + len(flat) <= WIDTH:
        return margin + flat
    if isinstance(code, Generator):
        inner = [
            lay_out(code.element, indent=indent + 4),
            lay_out(code.loop, indent=indent + 4),
        ]
        opening, closing = "(", ")"
    else:
        inner = _items(code, indent + 4)
        opening, closing = code.opening, code.closing.removeprefix(",")
    lines = [f"{margin}{before}{opening}", *inner, f"{margin}{closing}{after}"]
    return "\n".join(lines)


def _items(code: Brackets, indent: int) -> list[str]:
    together = ", ".join(map(_flat, code.items))
    # Only a tuple or a list begins with its bracket.
    is_call = len(code.opening) > 1
    # A parameter alone gets the comma that several in one line do not.
    is_lone_parameter = "def " in code.opening and len(code.items) == 1
    if is_call and not is_lone_parameter and indent + len(together) <= WIDTH:
        return [" " * indent + together]
    return [lay_out(item, indent=indent, after=",") for item in code.items]


def _flat(code: Code) -> str:
    if isinstance(code, str):
        return code
    if isinstance(code, Generator):
        return f"({_flat(code.element)} {code.loop})"
    return f"{code.opening}{', '.join(map(_flat, code.items))}{code.closing}"
