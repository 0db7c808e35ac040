"""Whatever is edited, `generate --watch` leaves what a fresh `generate` would."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from watched_project import SLOTS, Change, NotAsFresh, Truth, follow
from watching_mutants import MUTANTS, Mutant

from datalayer.server import Server

THOROUGHNESS = int(os.environ.get("DATALAYER_WATCH_EXAMPLES", "1"))

ACCOUNT, ITEMS, COLUMNS = (
    "queries/account.sql",
    "queries/shop/item.sql",
    "queries/columns.sql",
)
MORE, SETTINGS = "migrations/app/002_more.sql", "pyproject.toml"
#: Each of the things that can be remembered wrongly matters once.
TOUR: tuple[Change, ...] = (
    ("queries/note.SQL", 1),
    ("queries/note.SQL", 0),
    (ACCOUNT, 3),
    (ACCOUNT, 1),
    ("queries/mood.sql", 1),
    (COLUMNS, 1),
    (COLUMNS, 3),
    (COLUMNS, 0),
    (ITEMS, 2),
    ("queries/item.sql", 1),
    (MORE, 2),
    (ACCOUNT, 5),
    (ACCOUNT, 0),
    (SETTINGS, 1),
    (COLUMNS, 2),
    (SETTINGS, 2),
    ("queries/mood.sql", 0),
    (SETTINGS, 0),
    (MORE, 0),
    (ACCOUNT, 7),
    (MORE, 1),
    (ACCOUNT, 0),
)
changes = st.sampled_from(
    [(path, number) for path, texts in SLOTS.items() for number in range(len(texts))]
)


@pytest.fixture(scope="module")
def truth(server: Server) -> Iterator[Truth]:
    with ExitStack() as stack:
        known = Truth(server.url(), stack)
        # What is remembered as true must not be the work of a mutant.
        follow(TOUR, known, pytest.MonkeyPatch())
        yield known


@settings(
    max_examples=2 * THOROUGHNESS,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(edits=st.lists(changes, min_size=8, max_size=12))
def test_what_is_watched_is_as_fresh(
    edits: list[Change], truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(edits, truth, monkeypatch)


def test_a_tour_ends_as_fresh(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    follow(TOUR, truth, monkeypatch)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_tour_notices(
    mutant: Mutant, truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutant.owner, mutant.attribute, mutant.replacement)

    with pytest.raises(NotAsFresh):
        follow(TOUR, truth, monkeypatch)
