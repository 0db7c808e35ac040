"""Knows how many rows a call gives, where constants decide: shorter sets are padded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.codegen.inference.types import integer_constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datalayer.codegen.catalog import Catalog
    from datalayer.codegen.nodetree import Node

_LARGE = 1 << 31


@dataclass(frozen=True, slots=True)
class Length:
    """The fewest and the most rows of a set; None for any number."""

    fewest: int = 0
    most: int | None = None


_ANY_LENGTH = Length()


def is_longest(call: Node, others: Iterable[Node], catalog: Catalog) -> bool:
    """Return whether none of the other sets can have more rows."""
    fewest = length_of(call, catalog).fewest
    lengths = [length_of(other, catalog) for other in others]
    return all(each.most is not None and each.most <= fewest for each in lengths)


def length_of(call: Node, catalog: Catalog) -> Length:
    """Return how many rows a call gives."""
    if not (call.flag("funcretset") or call.flag("opretset")):
        return Length(1, 1)
    function = catalog.function(call.number("funcid"))
    if call.tag != "FUNCEXPR" or function is None or not function.builtin:
        return _ANY_LENGTH
    rule = _LENGTHS.get(function.signature)
    count = rule(call.nodes("args")) if rule else None
    return _ANY_LENGTH if count is None else Length(count, count)


def _series(arguments: tuple[Node, ...]) -> int | None:
    numbers = [integer_constant(argument) for argument in arguments]
    if None in numbers:
        return None
    start, stop, *steps = (number or 0 for number in numbers)
    step = steps[0] if steps else 1
    # Beyond these, PostgreSQL stops where a number would overflow.
    if step == 0 or max(abs(start), abs(stop), abs(step)) >= _LARGE:
        return None
    return max(0, (stop - start) // step + 1)


def _elements(arguments: tuple[Node, ...]) -> int | None:
    array = arguments[0]
    if array.tag != "ARRAYEXPR" or array.flag("multidims"):
        return None
    return len(array.items("elements"))


_LENGTHS: Mapping[str, Callable[[tuple[Node, ...]], int | None]] = {
    "generate_series(int4,int4)": _series,
    "generate_series(int4,int4,int4)": _series,
    "generate_series(int8,int8)": _series,
    "generate_series(int8,int8,int8)": _series,
    "unnest(anyarray)": _elements,
}
