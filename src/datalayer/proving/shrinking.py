"""Makes rows and arguments that show a lie as few and as plain as they can be."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalayer.proving.model import Draw, QueryProof, Row, Witness
from datalayer.proving.scene import Target
from datalayer.proving.trial import try_query
from datalayer.proving.worlds import may_be_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.proving.model import Lie, Sighting, Written
    from datalayer.proving.session import Session

#: How often something simpler is tried for one lie.
_TRIES = 250


def repeating(example: Witness) -> Draw:
    """Return the draw that is nothing but these rows and arguments."""
    return Draw((), "mixed", 0, (1,) * len(example.arguments), example)


def shrink(
    session: Session, target: Target, sighting: Sighting, *, until: float
) -> Lie:
    """Return the lie as it is seen by less."""
    shrinker = _Shrinker(session, target, sighting, until)
    # What was in the way of one simplification may be gone after others.
    while shrinker.drop_rows() | shrinker.simplify():
        pass
    return shrinker.best.lie


@dataclass(slots=True)
class _Shrinker:
    """Tries what is simpler than the best so far."""

    session: Session
    target: Target
    best: Sighting
    until: float
    tries: int = 0

    def drop_rows(self) -> bool:
        """Leave out rows, many at a time first; return whether any was."""
        is_better = False
        size = len(self.best.example.rows)
        while size:
            # Later rows refer to earlier ones.
            start = len(self.best.example.rows)
            while start > 0:
                start -= size
                rows = self.best.example.rows
                rest = rows[: max(0, start)] + rows[start + size :]
                is_better |= self._try(replace(self.best.example, rows=rest))
            size //= 2
        return is_better

    def simplify(self) -> bool:
        """Leave out values, or take plainer ones; return whether any was."""
        is_better = False
        for place in range(len(self.best.example.rows)):
            for column in self.best.example.rows[place].table.columns:
                is_better |= any(
                    self._try(simpler) for simpler in self._without(place, column.name)
                )
        for place in range(len(self.target.arguments)):
            is_better |= any(map(self._try, self._with_plain_argument(place)))
        return is_better

    def _without(self, place: int, name: str) -> Iterator[Witness]:
        """Yield rows of which one says less of a column, the least first."""
        example = self.best.example
        row = example.rows[place]
        column = row.table.column(name)
        if column is None or name not in row.values:
            return
        value = row.values[name]
        if may_be_left_out(column):
            left = {key: each for key, each in row.values.items() if key != name}
            yield _with_row(example, place, Row(row.table, left))
        if value is None:
            return
        for simpler in column.candidates.common[:1]:
            if simpler == value:
                return
            changed = Row(row.table, {**row.values, name: simpler})
            yield _with_row(example, place, changed)
            # What refers to the row is to go with it.
            yield _renamed(example, value, simpler)

    def _with_plain_argument(self, place: int) -> Iterator[Witness]:
        example, argument = self.best.example, self.target.arguments[place]
        for value in [*argument.plain, *argument.known[:1]]:
            if value == example.arguments[place]:
                return
            arguments = list(example.arguments)
            arguments[place] = value
            yield replace(example, arguments=tuple(arguments))

    def _try(self, example: Witness) -> bool:
        """Keep rows and arguments if they show the same lie."""
        if self.tries >= _TRIES or time.monotonic() > self.until:
            return False
        if example == self.best.example:
            return False
        self.tries += 1
        lie = self.best.lie
        # What is tried here says nothing of how far the search went.
        uncounted = QueryProof("", "", nullable=frozenset())
        draw, flavours = repeating(example), (lie.flavour,)
        for each in try_query(self.session, self.target, draw, uncounted, flavours):
            if each.lie.claim == lie.claim:
                self.best = each
                return True
        return False


def _with_row(example: Witness, place: int, row: Row) -> Witness:
    rows = (*example.rows[:place], row, *example.rows[place + 1 :])
    return replace(example, rows=rows)


def _renamed(example: Witness, before: str, after: str) -> Witness:
    """Return the same with another value wherever one stands."""

    def value(each: Written) -> Written:
        return after if each == before else each

    return Witness(
        tuple(
            Row(row.table, {name: value(each) for name, each in row.values.items()})
            for row in example.rows
        ),
        tuple(after if each == before else each for each in example.arguments),
    )
