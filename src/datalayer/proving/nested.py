"""Where the columns of a result are in nested objects, and whether all are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.nested_classes import attribute_names
from datalayer.nesting import NestKind
from datalayer.proving.annotations import Mismatch

if TYPE_CHECKING:
    from datalayer.model import QueryShape
    from datalayer.nesting import Nest, Nesting


def places(shape: QueryShape) -> dict[str, str]:
    """Return where each column is found in a row: `orders[].note`, by its name."""
    if shape.nesting is None:
        return {column.name: python_name(column.name) for column in shape.columns}
    found: dict[str, str] = {}
    for path, members in _paths(shape.nesting):
        attributes = attribute_names(shape, path)
        before = _spelled(path, shape.nesting)
        for number in members:
            place = ".".join((*before, attributes[number]))
            found[shape.columns[number].name] = place
    return found


def values_at(row: object, place: str) -> Iterator[object]:
    """Yield the values at a place; none where an object is not there."""
    values: Iterable[object] = [row]
    for name in place.split("."):
        values = [
            value
            for each in values
            if each is not None
            for value in _items(getattr(each, name.removesuffix("[]"), ""), name)
        ]
    yield from values


def lost_objects(
    shape: QueryShape,
    rows: Sequence[object],
    matches: Callable[[int | None], int],
) -> Iterator[Mismatch]:
    """Yield what there are more or fewer objects of than rows that matched.

    `matches` counts the flat rows in which a column is not NULL, or all.
    """
    nesting = shape.nesting
    if nesting is None or nesting.branches:
        return
    for nest in _told_by_rows(nesting):
        path = nest.directive.path
        place = ".".join(_spelled(path, nesting))
        there = sum(
            value is not None for row in rows for value in values_at(row, place)
        )
        expected = matches(nest.witnesses[0] if nest.is_optional else None)
        if there != expected:
            yield Mismatch(
                place, "match", "there for each match", f"{there} for {expected}"
            )


def _told_by_rows(nesting: Nesting) -> Iterator[Nest]:
    """Yield what has an object for each row: the innermost list, or all without."""
    if not nesting.groups:
        yield from nesting.nests
        return
    innermost = max(nesting.groups, key=lambda nest: len(nest.directive.path))
    if innermost.key is None:
        yield innermost


def _paths(nesting: Nesting) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    yield (), nesting.members
    for nest in nesting.nests:
        yield nest.directive.path, nest.members


def _spelled(path: tuple[str, ...], nesting: Nesting) -> tuple[str, ...]:
    lists = {
        nest.directive.path
        for nest in nesting.nests
        if nest.directive.kind is NestKind.GROUP
    }
    return tuple(
        python_name(name) + ("[]" if path[:depth] in lists else "")
        for depth, name in enumerate(path, 1)
    )


def _items(value: object, name: str) -> Iterable[object]:
    return value if name.endswith("[]") and isinstance(value, list) else [value]
