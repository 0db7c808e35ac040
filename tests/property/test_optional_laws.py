"""A function without some arguments is the statement that one would write by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import Phase, given, settings
from optional_cases import CASES, QUERIES, SCHEMA, WORLDS, Arguments, Case, World
from optional_laws import NOTICED, insist_on_analysed, insist_on_the_same
from optional_mutants import MUTANTS, Mutant

from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.errors import ProblemsFound
from datalayer.proving.session import Session, open_session
from datalayer.runtime import VariedQuery
from datalayer.server import Server, scratch_database
from query_modules import Modules, load_modules

#: How many times the usual number of examples to try.
THOROUGHNESS = int(os.environ.get("DATALAYER_OPTIONAL_EXAMPLES", "1"))


@pytest.fixture(scope="module")
def session(server: Server) -> Iterator[Session]:
    with scratch_database(server.url()) as url:
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA)
        with open_session(url) as session:
            # Variants are statements of their own also where they are prepared.
            session.connection.prepare_threshold = 0
            yield session


@pytest.fixture(scope="module")
def modules(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Modules:
    folder = tmp_path_factory.mktemp("optional_laws")
    url = session.connection.info.dsn
    return load_modules(url, folder, QUERIES, package="optional_laws_queries")


@pytest.fixture(autouse=True)
def forgotten(modules: Modules) -> Iterator[None]:
    """Statements that were made before, or by a mutant, are made anew."""
    _forget(modules)
    yield
    _forget(modules)


def _forget(modules: Modules) -> None:
    for query in vars(modules.sync).values():
        if isinstance(query, VariedQuery):
            query._made.clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_function_is_the_statement_by_hand(
    session: Session, modules: Modules, case: Case
) -> None:
    _insist(session, modules, case, settings(max_examples=40 * THOROUGHNESS))


def test_every_variant_was_analysed(modules: Modules) -> None:
    _insist_on_analysed(modules)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_laws_notice(
    mutant: Mutant,
    session: Session,
    modules: Modules,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mutant.owner, mutant.attribute, mutant.replacement)

    with pytest.raises((*NOTICED, ProblemsFound)):
        _insist_on_all(session, mutant, modules, tmp_path)


def _insist_on_all(
    session: Session, mutant: Mutant, modules: Modules, folder: Path
) -> None:
    if mutant.generates:
        package = f"optional_mutant_{MUTANTS.index(mutant)}"
        url = session.connection.info.dsn
        modules = load_modules(url, folder, QUERIES, package=package)
    quick = settings(max_examples=100, phases=[Phase.generate], derandomize=True)
    for case in CASES:
        _insist(session, modules, case, quick)
    _insist_on_analysed(modules)


def _insist(session: Session, modules: Modules, case: Case, how: settings) -> None:
    @given(world=WORLDS, arguments=case.arguments())
    @how
    def is_the_same(world: World, arguments: Arguments) -> None:
        insist_on_the_same(session, modules, case, world, arguments)

    is_the_same()


def _insist_on_analysed(modules: Modules) -> None:
    for source in read_query_file(SourceText("f.sql", QUERIES), ("f",)).queries:
        insist_on_analysed(getattr(modules.sync, source.name.upper()), source)
