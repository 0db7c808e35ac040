"""Which arguments of a call are given, and the statement that is then sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.numbering import NumberedStatement, numbered
from datalayer.model import Variant
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.model import QuerySource
    from datalayer.proving.model import Given, Written


def completed(source: QuerySource, arguments: Sequence[Given]) -> tuple[Given, ...]:
    """Leave out arguments that no piece has a use for without others."""
    given = _names(source, arguments)
    parts = source.optional_parts
    used = {name for part in parts if part.is_in(given) for name in part.all_of}
    needing = {name for part in parts for name in part.all_of}
    useless = given & needing - used
    return tuple(
        UNSET if name in useless else each
        for name, each in zip(source.parameters, arguments, strict=True)
    )


def is_callable(source: QuerySource, arguments: Sequence[Given]) -> bool:
    """Tell whether something is given of all that needs something."""
    given = _names(source, arguments)
    return all(not given.isdisjoint(names) for names in source.needed)


def statement(source: QuerySource, arguments: Sequence[Given]) -> NumberedStatement:
    """Return what is sent for some arguments."""
    return numbered(source, Variant(_names(source, arguments)))


def in_order(
    source: QuerySource, sent: NumberedStatement, arguments: Sequence[Given]
) -> list[Written]:
    """Return arguments by the numbers of the placeholders."""
    by_name = {
        name: each
        for name, each in zip(source.parameters, arguments, strict=True)
        if each is not UNSET
    }
    return [by_name[name] for name in sent.order]


def _names(source: QuerySource, arguments: Sequence[Given]) -> frozenset[str]:
    return frozenset(
        name
        for name, each in zip(source.parameters, arguments, strict=True)
        if each is not UNSET
    )
