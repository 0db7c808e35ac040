"""Whether there is an order in which a thing's history is possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from operations_interleaving_histories import Part, Thing, Transaction


@dataclass(frozen=True, slots=True)
class Placed:
    """Parts that took effect together, and between when."""

    earliest: int
    latest: int
    parts: tuple[Part, ...]

    def outcomes(self, state: Any) -> list[Any]:  # noqa: ANN401 (any thing's state)
        states = [state]
        for part in self.parts:
            states = [after for one in states for after in part.apply(one)]
        return states


def place(transaction: Transaction) -> Iterator[tuple[Thing, Placed]]:
    """Say when a committed transaction did what to each thing.

    What it wrote others see when it commits, and nobody else can write it meanwhile;
    what it only read was so at some time between the statement's beginning and its end.
    """
    if not transaction.events:
        return
    together: dict[Thing, list[Part]] = {}
    written = set()
    snapshot = transaction.events[0].sent
    for event in transaction.events:
        for part in event.answer.parts:
            if part.may_overlook and event.waited:
                continue
            row = (part.thing, part.row)
            if part.writes:
                written.add(row)
            if row in written:
                together.setdefault(part.thing, []).append(part)
                continue
            repeatable = transaction.isolation == "REPEATABLE READ"
            earliest = snapshot if repeatable else event.sent
            yield part.thing, Placed(earliest, event.done, (part,))
    for thing, parts in together.items():
        yield thing, Placed(*transaction.ending, tuple(parts))


def by_thing(transactions: Iterable[Transaction]) -> dict[Thing, list[Placed]]:
    histories: dict[Thing, list[Placed]] = {}
    for transaction in transactions:
        for thing, placed in place(transaction):
            histories.setdefault(thing, []).append(placed)
    return histories


def is_explained(history: list[Placed], before: Any, after: Any) -> bool:  # noqa: ANN401
    """Whether some order leads from one state to the other.

    What ended before something else began comes before it.
    """
    seen = set()
    pending = [(frozenset(range(len(history))), before)]
    while pending:
        left, state = pending.pop()
        if (left, state) in seen:
            continue
        seen.add((left, state))
        if not left and state == after:
            return True
        first_end = min((history[n].latest for n in left), default=0)
        for n in left:
            if history[n].earliest <= first_end:
                pending += [(left - {n}, s) for s in history[n].outcomes(state)]
    return False
