"""The laws of operations hold however the steps of sessions are interleaved."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from operations_interleaving_lab import Lab, open_lab
from operations_interleaving_programs import (
    TOPICS,
    make_program,
    programs_of,
    without_transactions,
)

from datalayer.server import Server, scratch_database

#: How many times the usual number of programs to try; Hypothesis chooses them.
THOROUGHNESS = int(os.environ.get("DATALAYER_INTERLEAVINGS", "1"))


@pytest.fixture(scope="module")
def lab(server: Server, migrated_template: str) -> Iterator[Lab]:
    """One for all: each program begins with tables of its own."""
    with (
        scratch_database(server.url(), template=migrated_template) as url,
        open_lab(url) as opened,
    ):
        yield opened


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_transactions_keep_the_laws(lab: Lab, topic: str) -> None:
    lab.insist_on_all(programs_of(topic), 100 * THOROUGHNESS)


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_sessions_of_a_topic_meet(lab: Lab, topic: str) -> None:
    assert any(lab.judge(make_program(seed, topic)).waits for seed in range(500))


def test_transactions_about_several_topics_keep_the_laws(lab: Lab) -> None:
    lab.insist_on_all(programs_of(), 200 * THOROUGHNESS)


def test_single_statements_keep_the_laws_and_never_deadlock(lab: Lab) -> None:
    alone = programs_of().map(without_transactions)

    lab.insist_on_all(alone, 100 * THOROUGHNESS)
