"""Each rule of the inference earns its place: without it, less is proven.

`nullability_missed` names a query that misses a rule, and only that one is asked beside
a few others; with `DATALAYER_ALL_NULLABILITY_QUERIES=1` all are, and a failure says
which do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from nullability_ablations import PARAMETER_REMOVALS, REMOVALS, without_rules
from nullability_missed import MISSED
from nullability_reading import TRUTHS, Reader, all_are_asked_for, open_reader
from test_parameter_null import CASES as PARAMETERS
from test_parameter_null import ELEMENTS as LISTS

from datalayer.codegen.inference import conclusion
from datalayer.codegen.inference.outcomes import Rules
from datalayer.model import Inference
from datalayer.server import Server

QUERIES = {name: case.query for name, case in TRUTHS.items()} | {
    f"{kind} {case.name}": case.query
    for kind, cases in (("parameters", PARAMETERS), ("lists", LISTS))
    for case in cases
}
#: Of so many queries one is looked at, too: nothing may be proven that was not.
_SHARE = 60
OTHERS = sorted(TRUTHS)[::_SHARE]
WITHOUT = without_rules(conclusion.RULES)
#: Switches a rule off, and returns those that are left.
Removal = Callable[[pytest.MonkeyPatch], Rules]


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[Reader]:
    with open_reader(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def known() -> dict[str, Inference]:
    """What is proven of queries with all rules, kept for the next rule."""
    return {}


def claims(inference: Inference) -> frozenset[str]:
    """Return all that is proven of columns and rows."""
    columns, rows = list(enumerate(inference.columns)), inference.row_count
    return frozenset(
        [
            *(f"column {number}" for number, each in columns if not each.nullable),
            *(f"in {number}" for number, each in columns if not each.elements_nullable),
            *(["a row"] if rows.at_least_one else []),
            *(["no second row"] if rows.at_most_one else []),
        ]
    )


def missing(
    name: str, remove: Removal, reader: Reader, known: dict[str, Inference]
) -> list[str]:
    """Return the queries of which less is proven; of none may be proven more."""
    asked = _asked(name)
    for each in asked:
        if each not in known:
            known[each] = reader.infer(QUERIES[each])
    found = []
    with pytest.MonkeyPatch.context() as patch:
        rules = remove(patch)
        for each in asked:
            # What parameters accept is the same, as it decides about columns.
            declared = known[each].parameters
            left = reader.infer(QUERIES[each], rules=rules, declared=declared)
            assert claims(left) <= claims(known[each]), each
            found += [each] if claims(left) < claims(known[each]) else []
    return found


def _asked(name: str) -> list[str]:
    return sorted(TRUTHS) if all_are_asked_for() else [*MISSED.get(name, ()), *OTHERS]


def _removal(name: str) -> Removal:
    def remove(patch: pytest.MonkeyPatch) -> Rules:
        REMOVALS[name](patch)
        return conclusion.RULES

    return remove


@pytest.mark.parametrize("name", [*WITHOUT, *REMOVALS])
def test_rule_is_missed(name: str, reader: Reader, known: dict[str, Inference]) -> None:
    remove = _removal(name) if name in REMOVALS else lambda _: WITHOUT[name]

    found = missing(name, remove, reader, known)

    assert {*MISSED.get(name, ())} & {*found}, f"it is missed by {found}"


@pytest.mark.parametrize("name", PARAMETER_REMOVALS)
def test_rule_about_parameters_is_missed(
    name: str, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [QUERIES[each] for each in MISSED.get(name, ())]
    known = [reader.infer(query).parameters for query in asked]

    PARAMETER_REMOVALS[name](monkeypatch)

    assert [reader.infer(query).parameters for query in asked] != known


def test_every_rule_has_its_query() -> None:
    assert sorted(MISSED) == sorted([*WITHOUT, *REMOVALS, *PARAMETER_REMOVALS])
