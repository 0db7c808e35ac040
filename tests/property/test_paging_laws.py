"""Pages show every row that stays exactly once; wrong ones are noticed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from paging_laws import Reading, ReadPage, check_reading, readings
from paging_mutants import GENERATED, READ, Mutant
from paging_project import (
    SCHEMA,
    SELECTS,
    Pages,
    entry_queries,
    generated_pages,
)

from datalayer.server import Server, scratch_database

#: More on demand: `DATALAYER_PAGING_EXAMPLES=5000`.
EXAMPLES = int(os.environ.get("DATALAYER_PAGING_EXAMPLES", "60"))


@dataclass(frozen=True, slots=True)
class Session:
    """Two connections to one database, and what was generated for it."""

    url: str
    connection: psycopg.Connection[Any]
    twin: psycopg.AsyncConnection[Any]
    runner: asyncio.Runner
    pages: Pages

    def reader(self, name: str, reading: Reading, *, is_async: bool) -> ReadPage:
        """Return what reads a page with one of the functions."""
        if not is_async:
            call = partial(getattr(self.pages.sync, name), self.connection)
            return lambda limit, cursor: call(
                row_limit=limit, cursor=cursor, order=reading.order
            )
        twin = partial(getattr(self.pages.aio, name), self.twin)
        return lambda limit, cursor: self.runner.run(
            twin(row_limit=limit, cursor=cursor, order=reading.order)
        )


@pytest.fixture(scope="module")
def session(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    text = entry_queries(sorted(SELECTS))
    folder = tmp_path_factory.mktemp("paging")
    with (
        scratch_database(server.url()) as url,
        psycopg.connect(url, autocommit=True) as connection,
        asyncio.Runner() as runner,
    ):
        connection.execute(SCHEMA.encode())
        twin = runner.run(psycopg.AsyncConnection.connect(url, autocommit=True))
        try:
            with generated_pages(url, folder, text, package="paging_lists") as pages:
                yield Session(url, connection, twin, runner, pages)
        finally:
            runner.run(twin.close())


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    reading=readings(),
    name=st.sampled_from(sorted(SELECTS)),
    is_async=st.booleans(),
)
def test_each_stable_row_is_on_one_page(
    session: Session, reading: Reading, name: str, is_async: bool
) -> None:
    read_page = session.reader(f"page_{name}", reading, is_async=is_async)

    check_reading(session.connection, reading, read_page)


@pytest.mark.parametrize("mutant", GENERATED, ids=lambda mutant: mutant.name)
def test_wrong_statements_are_noticed(
    session: Session, mutant: Mutant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutant.module, mutant.attribute, mutant.replacement)
    text = entry_queries(["entries"])

    with generated_pages(session.url, tmp_path, text, package="wrong_lists") as pages:
        wrong = Session(
            session.url, session.connection, session.twin, session.runner, pages
        )
        assert_noticed(wrong)


@pytest.mark.parametrize("mutant", READ, ids=lambda mutant: mutant.name)
def test_wrong_reading_is_noticed(
    session: Session, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutant.module, mutant.attribute, mutant.replacement)

    assert_noticed(session)


def assert_noticed(session: Session) -> None:
    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(reading=readings())
    def law(reading: Reading) -> None:
        read_page = session.reader("page_entries", reading, is_async=False)
        check_reading(session.connection, reading, read_page)

    with pytest.raises(AssertionError):
        law()
