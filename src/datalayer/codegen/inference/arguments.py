"""Puts the arguments of a call in their places, as PostgreSQL does when it plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.function_catalog import Function
    from datalayer.codegen.nodetree import Node


def call_arguments(
    function: Function, written: Sequence[Node], catalog: Catalog
) -> tuple[Node, ...] | None:
    """Return all arguments of a call in order, with the defaults of missing ones.

    None when one is neither there nor has a default.
    """
    named = any(argument.tag == "NAMEDARGEXPR" for argument in written)
    if not named and len(written) >= len(function.arguments):
        # A function of any number of arguments has more than it declares.
        return tuple(written)
    defaults = catalog.defaults(function.oid)
    count = len(function.arguments)
    places: list[Node | None] = [None] * (count - len(defaults))
    places += defaults
    for position, argument in enumerate(written):
        value: Node | None = argument
        if argument.tag == "NAMEDARGEXPR":
            position, value = argument.number("argnumber"), argument.node("arg")
        if position >= count:
            return None
        places[position] = value
    found = [place for place in places if place is not None]
    return tuple(found) if len(found) == count else None
