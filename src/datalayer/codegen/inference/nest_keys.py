"""By which columns of a result two objects are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import GROUP_ENTRY, JOIN_ENTRY, make_scope
from datalayer.codegen.inference.keys import Bound, is_fixed
from datalayer.codegen.inference.narrow import may_be_null
from datalayer.codegen.inference.outcomes import Environment
from datalayer.codegen.inference.singles import identified
from datalayer.codegen.inference.types import declared_type
from datalayer.nesting import Nest, Nesting, NestKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalayer.codegen.inference.nest_columns import ResultColumn
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

#: The equality operators of types whose values Python holds to be equal only where
#: PostgreSQL does, by their OIDs. Not timestamptz: of an hour that a clock has twice,
#: Python takes the first for the second. Not floats and numerics: NaN.
_EQUALITY = {
    16: 91,  # bool
    17: 1955,  # bytea
    18: 92,  # "char"
    19: 93,  # name
    20: 410,  # int8
    21: 94,  # int2
    23: 96,  # int4
    25: 98,  # text
    26: 607,  # oid
    1042: 1054,  # bpchar
    1043: 98,  # varchar
    1082: 1093,  # date
    1083: 1108,  # time
    1114: 2060,  # timestamp
    2950: 2972,  # uuid
}
_ENUM_EQUALITY = 3516


@dataclass(frozen=True, slots=True)
class KeySearch:
    """Looks for the keys of the objects that have lists in them."""

    query: Node
    session: Session
    #: What is known where there is an object, by its path.
    environments: Mapping[tuple[str, ...], Environment]
    columns: Sequence[ResultColumn]

    def with_keys(self, nesting: Nesting) -> Nesting:
        """Return what is nested with the keys that were found."""
        path: tuple[str, ...] = ()
        own = self._columns_of(path, nesting)
        keys: dict[tuple[str, ...], tuple[int, ...] | None] = {}
        keys[path] = self._key(path, own, ())
        unsteady = list(self._unsteady(path, own, nesting))
        nests: list[Nest] = []
        for nest in nesting.nests:
            path = nest.directive.path
            if nest.directive.kind is NestKind.GROUP and _is_told_apart(nest, nesting):
                own = self._columns_of(path, nesting)
                known = [
                    number
                    for depth in range(len(path))
                    for number in keys.get(path[:depth]) or ()
                ]
                keys[path] = self._key(path, own, known)
                unsteady += self._unsteady(path, own, nesting)
                nest = replace(nest, key=keys[path])
            nests.append(nest)
        return replace(
            nesting,
            nests=tuple(nests),
            key=keys[()],
            unsteady=tuple(unsteady),
            at_most_one=keys[()] == (),
        )

    def _columns_of(
        self, path: tuple[str, ...], nesting: Nesting
    ) -> list[ResultColumn]:
        """Return the columns of an object, with those of the objects in it."""
        found = list(nesting.members) if not path else []
        for nest in nesting.nests:
            if _nearest_group(nest, nesting) == path:
                found += nest.members
        return [self.columns[index] for index in sorted(found)]

    def _key(
        self, path: tuple[str, ...], own: Sequence[ResultColumn], known: Sequence[int]
    ) -> tuple[int, ...] | None:
        """Return the fewest columns that tell objects apart, None without any."""
        wanted = frozenset().union(*(column.relations for column in own))
        fixed = [self.columns[number] for number in known]
        usable = [
            column
            for column in own
            if self._operator(column)
            and not may_be_null(column.expression, self.environments[path])
        ]
        if self._identifies(wanted, fixed):
            # All rows, or those of one outer object, are about the same.
            return ()
        if not self._identifies(wanted, [*fixed, *usable]):
            return None
        for column in usable:
            if self._identifies(wanted, [*fixed, column]):
                return (column.index,)
        chosen = usable
        for column in reversed(usable):
            fewer = [each for each in chosen if each is not column]
            if self._identifies(wanted, [*fixed, *fewer]):
                chosen = fewer
        return tuple(column.index for column in chosen)

    def _identifies(
        self, wanted: frozenset[int], columns: Sequence[ResultColumn]
    ) -> bool:
        # Equal in Python is equal under any collation.
        bound = tuple(
            Bound(column.resno, self._operator(column), 0) for column in columns
        )
        environment = Environment(
            self.session, make_scope(self.query), None, joined=False
        )
        return identified(wanted, environment, bound)

    def _operator(self, column: ResultColumn) -> int:
        """Return the equality operator of a column that may be part of a key."""
        if column.number <= 0:
            return 0
        oid = declared_type(column.expression)
        type_ = self.session.catalog.type(oid)
        while type_ is not None and type_.kind == "d":
            oid, type_ = type_.base, self.session.catalog.type(type_.base)
        if type_ is not None and type_.kind == "e":
            return _ENUM_EQUALITY
        return _EQUALITY.get(oid, 0)

    def _unsteady(
        self, path: tuple[str, ...], own: Sequence[ResultColumn], nesting: Nesting
    ) -> Iterator[str]:
        """Yield the columns that can differ between rows about the same."""
        scope = make_scope(self.query)
        stand_ins = {
            index
            for index, entry in enumerate(scope.entries, 1)
            if entry.number("rtekind") in {GROUP_ENTRY, JOIN_ENTRY}
        }
        listed = {
            self.columns[number].relation
            for nest in nesting.nests
            if nest.directive.path[: len(path)] == path
            and _nearest_group(nest, nesting) != path
            for number in nest.members
        } - {column.relation for column in own}
        for column in own:
            single = (column.relations | stand_ins) - listed
            if not is_fixed(column.expression, single, self.session.catalog):
                yield column.name


def _is_told_apart(nest: Nest, nesting: Nesting) -> bool:
    """Tell whether several rows can be about one object of a list."""
    path = nest.directive.path
    inner = any(
        other.directive.path[: len(path)] == path != other.directive.path
        for other in nesting.groups
    )
    return inner or nesting.branches


def _nearest_group(nest: Nest, nesting: Nesting) -> tuple[str, ...]:
    """Return the path of the list whose objects a column is told apart by."""
    groups = {each.directive.path for each in nesting.groups}
    path = nest.directive.path
    while path and path not in groups:
        path = path[:-1]
    return path
