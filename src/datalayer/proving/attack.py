"""Attacks what a query promises with hypothesis."""

from __future__ import annotations

import itertools
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalayer.errors import HypothesisMissing
from datalayer.model import Operation
from datalayer.proving.doubling import doubled
from datalayer.proving.model import Claim, Draw, QueryProof, RowDraw, Sighting
from datalayer.proving.scene import Target
from datalayer.proving.shrinking import repeating, shrink
from datalayer.proving.trial import try_query
from datalayer.proving.witness import find_witness
from datalayer.proving.worlds import choices

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from datalayer.proving.model import Table, Witness, Written
    from datalayer.proving.session import Session
    from datalayer.proving.worlds import Filling

#: Rows of a table in one run, other values in a row, and lies told of one query.
_ROWS, _CHANGES, _LIES = 4, 4, 20
_AT_MOST_ONE = {Operation.ONE, Operation.RETURNING, Operation.VALUE}
#: How often rows are looked for that the functions can return.
_WITNESSES = 3
#: By how much columns are preferred that a statement names.
_WEIGHT = 5


def require_hypothesis() -> None:
    """Raise `HypothesisMissing` where the package is not installed."""
    try:
        import hypothesis  # noqa: F401, PLC0415 - an extra, and slow to import
    except ImportError:
        raise HypothesisMissing(
            "the package `hypothesis` is not installed",
            help="`pip install 'datalayer[prove]'`",
        ) from None


def attack(
    session: Session,
    target: Target,
    proof: QueryProof,
    *,
    examples: int,
    seed: int,
    until: float,
) -> None:
    """Look for runs that show a query's promises untrue, and note each promise once."""
    search = _Search(session, target, proof, until)
    try:
        _run_examples(search, examples, zlib.crc32(f"{seed} {proof.name}".encode()))
        proof.lies += [
            shrink(session, target, sighting, until=until)
            for sighting in search.found.values()
        ]
    except KeyboardInterrupt:
        proof.is_interrupted = True
        proof.lies = [sighting.lie for sighting in search.found.values()]


def _run_examples(search: _Search, examples: int, seed: int) -> None:
    strategy = draws(search.target)
    witness = search.first_row(seed)
    if witness is not None:
        if search.target.shape.source.operation in _AT_MOST_ONE:
            search.look_for_two(witness, max(1, examples // 2))
        strategy |= _around(witness)
    left = examples - search.proof.runs // search.target.functions.count
    if left > 0:
        _generate(search.run, strategy, left, seed)


@dataclass(slots=True)
class _Search:
    """Runs a query, and keeps of each lie the shortest way to see it."""

    session: Session
    target: Target
    proof: QueryProof
    until: float
    found: dict[Claim, Sighting] = field(default_factory=dict)

    def first_row(self, seed: int) -> Witness | None:
        """Return rows and arguments of which the functions return something."""
        for attempt in range(_WITNESSES):
            witness = find_witness(self.session, self.target, seed + attempt)
            if witness is None:
                return None
            self.run(repeating(witness))
            if self.found or self.proof.is_exercised:
                return witness
        return None

    def look_for_two(self, witness: Witness, examples: int) -> None:
        """Try rows beside those that a query returned, until it returns two."""
        arguments = self.target.arguments
        compared = frozenset(name for each in arguments for name in each.columns)
        for each in itertools.islice(doubled(witness, compared), examples):
            if any(claim.kind == "more rows" for claim in self.found):
                return
            self.run(repeating(each))

    def run(self, draw: Draw) -> None:
        """Try one more; nothing once the time is over."""
        if time.monotonic() > self.until:
            return
        for each in try_query(self.session, self.target, draw, self.proof):
            known = self.found.get(each.lie.claim)
            if known is None and len(self.found) == _LIES:
                continue
            if known is None or len(each.lie.sql) < len(known.lie.sql):
                self.found[each.lie.claim] = each


def _generate(
    run: Callable[[Draw], None],
    strategy: SearchStrategy[Draw],
    examples: int,
    seed: int,
) -> None:
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings  # noqa: PLC0415 - an extra, and slow to import
    from hypothesis import seed as seeded  # noqa: PLC0415 - as above

    search: Any = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        # Nothing fails: what is untrue is noted, and made smaller as rows.
        phases=(Phase.generate,),
        print_blob=False,
        suppress_health_check=(
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
            HealthCheck.too_slow,
        ),
        verbosity=Verbosity.quiet,
    )(given(strategy)(run))
    seeded(seed)(search)()


def draws(target: Target) -> SearchStrategy[Draw]:
    """Return the strategy of all that chance decides about a run."""
    from hypothesis import strategies as st  # noqa: PLC0415 - as above

    filling = target.filling
    words = set(re.findall(r"\w+", target.shape.source.sql))
    return st.builds(
        Draw,
        rows=st.tuples(
            *(
                _lists(_row_draws(table, filling, words)).map(tuple)
                for table in filling.tables
            )
        ),
        source=st.sampled_from(("plain", "mixed", "row", "seed")),
        focus=st.integers(0, 11),
        arguments=st.tuples(*(st.integers(0, 9999) for _ in target.arguments)),
    )


def _around(witness: Witness) -> SearchStrategy[Draw]:
    """Return the strategy of runs that differ little from one that gave a row."""
    from hypothesis import strategies as st  # noqa: PLC0415 - as above

    number = st.integers(0, 9999)
    return st.builds(
        Draw,
        rows=st.just(()),
        source=st.sampled_from(("mixed", "row", "seed")),
        focus=st.integers(0, 11),
        arguments=st.tuples(*(number for _ in witness.arguments)),
        witness=st.just(witness),
        edits=st.lists(st.tuples(number, number), max_size=_CHANGES).map(tuple),
    )


def _lists(rows: SearchStrategy[RowDraw]) -> SearchStrategy[list[RowDraw]]:
    """Return lists of which one in six or so is empty."""
    from hypothesis import strategies as st  # noqa: PLC0415 - as above

    some = st.lists(rows, min_size=1, max_size=_ROWS)
    return st.lists(rows, max_size=1) | some | some


def _row_draws(
    table: Table, filling: Filling, words: set[str]
) -> SearchStrategy[RowDraw]:
    from hypothesis import strategies as st  # noqa: PLC0415 - as above

    linked = {name for key in table.foreign_keys for name in key.columns}
    changes: list[tuple[str, tuple[Written, ...]]] = [
        (column.name, value)
        for column in table.columns
        if column.name not in linked
        for value in choices(column)
        # Rather those that the statement names than others.
        for _ in range(_WEIGHT if column.name in words else 1)
    ]
    changed = (
        st.lists(st.sampled_from(changes), max_size=_CHANGES).map(tuple)
        if changes
        else st.just(())
    )
    return st.builds(
        RowDraw,
        seed=st.integers(0, max(0, len(filling.seeds[table.oid]) - 1)),
        changes=changed,
        links=st.tuples(*(st.integers(0, 7) for _ in table.foreign_keys)),
        is_twin=st.booleans(),
    )
