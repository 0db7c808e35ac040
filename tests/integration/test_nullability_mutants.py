"""Each rule of the inference earns its place: a broken one gives wrong answers.

`nullability_caught` names queries that notice a broken version, and only those are
asked; with `DATALAYER_ALL_NULLABILITY_QUERIES=1` all are, and a failure says which do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from nullability_caught import CAUGHT
from nullability_mutants import MUTANTS
from nullability_reading import TRUTHS, Reader, all_are_asked_for, open_reader
from truth_sets import Case

from datalayer.model import Inference
from datalayer.server import Server


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[Reader]:
    with open_reader(server) as opened:
        yield opened


def unsound(reader: Reader, names: list[str]) -> list[str]:
    """Return the truths, confirmed elsewhere on data, that are contradicted."""
    return [name for name in names if is_wrong(name, reader)]


def is_wrong(name: str, reader: Reader) -> bool:
    """Return whether more is concluded of a query than is true."""
    case, kind = TRUTHS[name], name.partition(" ")[0]
    return _WRONG[kind](case, reader.infer(case.query))


def _wrong_column(case: Case, found: Inference) -> bool:
    pairs = zip(found.columns, case.expected, strict=True)
    return any(not column.nullable and mark == "?" for column, mark in pairs)


def _wrong_elements(case: Case, found: Inference) -> bool:
    pairs = zip(found.columns, case.expected, strict=True)
    return any(not column.elements_nullable and mark == "?" for column, mark in pairs)


def _wrong_rows(case: Case, found: Inference) -> bool:
    rows = found.row_count
    return (rows.at_least_one and case.expected in {"?", "*"}) or (
        rows.at_most_one and case.expected in {"+", "*"}
    )


_WRONG = {"column": _wrong_column, "elements": _wrong_elements, "rows": _wrong_rows}


def test_the_inference_itself_is_sound(reader: Reader) -> None:
    named = sorted({name for names in CAUGHT.values() for name in names})

    assert unsound(reader, [*TRUTHS] if all_are_asked_for() else named) == []


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_broken_rule_is_noticed(
    mutate: Callable[[pytest.MonkeyPatch], None],
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = CAUGHT.get(mutate.__name__, ())
    mutate(monkeypatch)

    if all_are_asked_for():
        found = unsound(reader, sorted(TRUTHS, key=lambda n: len(TRUTHS[n].query)))
        assert set(named) & set(found), f"it is noticed by {found}"
    else:
        assert unsound(reader, list(named)), "no query of `nullability_caught` does"


def test_every_broken_rule_has_its_queries() -> None:
    assert sorted(CAUGHT) == sorted(mutate.__name__ for mutate in MUTANTS)
