"""What callers give, and what of it is refused before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.domains.arguments import MOST_SMALL, check_texts
from datalayer.domains.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_NAME = 63


def check_given(**texts: str | None) -> None:
    """Raise `InvalidArgument` for the first of these that is empty, or not storable."""
    check_texts(**texts)
    for name, text in texts.items():
        if text == "":
            raise InvalidArgument(name, text, "a text that is not empty")


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """Raise `InvalidArgument` for a value that is none of the choices."""
    allowed = sorted(choices)
    if value not in allowed:
        raise InvalidArgument(name, value, " or ".join(map(repr, allowed)))


def check_sizes(**sizes: int | None) -> None:
    """Raise `InvalidArgument` for the first of these below 0, or far too large."""
    for name, size in sizes.items():
        if size is not None and not 0 <= size <= MOST_SMALL:
            raise InvalidArgument(name, size, f"a whole number from 0 to {MOST_SMALL}")


def check_role(role: str | None) -> None:
    """Raise `InvalidArgument` for what cannot be the name of a role.

    The server would cut it, and take the name of another one.
    """
    check_given(role=role)
    if role is not None and len(role.encode()) > _LONGEST_NAME:
        raise InvalidArgument("role", role, f"a name of at most {_LONGEST_NAME} bytes")
