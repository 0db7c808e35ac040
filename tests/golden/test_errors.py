"""What the generator says about wrong query files, to the letter.

`tests/golden/regenerate.py` rewrites what is expected.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from regenerate import analyser_problems, cases, loader_problems, needs_server

from datalayer import errors
from datalayer.codegen.reading.loader import load_queries
from datalayer.server import Server

CASES = cases("errors")
BY_LOADER = [case for case in CASES if not needs_server(case)]
BY_ANALYSER = [case for case in CASES if needs_server(case)]
#: Earlier versions word a hint differently, or do not have MERGE … RETURNING.
_SINCE = {"messages": 18, "nesting": 17}


@pytest.mark.parametrize("case", BY_LOADER, ids=lambda case: case.name)
def test_loader_says_what_is_expected(case: Path) -> None:
    assert loader_problems(case) == (case / "stderr.txt").read_text()


@pytest.mark.parametrize("case", BY_ANALYSER, ids=lambda case: case.name)
def test_analyser_says_what_is_expected(case: Path, server: Server) -> None:
    if server.major < _SINCE.get(case.name, 0):
        pytest.skip("an earlier version of PostgreSQL")
    said = analyser_problems(case, server.url())

    assert said == (case / "stderr.txt").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_messages_follow_the_house_style(case: Path) -> None:
    for paragraph in (case / "stderr.txt").read_text().strip().split("\n\n")[:-1]:
        first, *rest = paragraph.split("\n")
        message = re.fullmatch(r"\S+:[0-9]+:[0-9]+: (.+)", first)
        assert message, first
        assert not message[1].endswith("."), first
        assert not re.match(r"[A-Z][a-z]", message[1]), first
        for line in rest:
            assert re.match(r" +([0-9]* \|| *help: | *used by )", line), line


LOADER_ERRORS = {
    errors.AiosqlDisagreement,
    errors.AmbiguousPlaceholder,
    errors.DirectiveError,
    errors.DuplicateFragmentError,
    errors.DuplicateQueryError,
    errors.EmptyQueryError,
    errors.FragmentError,
    errors.FragmentUseError,
    errors.ModuleNameError,
    errors.ParameterNameError,
    errors.QueryFileEncodingError,
    errors.QueryFileUnreadable,
    errors.QueryHeaderError,
    errors.QuerySyntaxError,
    errors.RecordClassError,
    errors.SeveralStatementsError,
    errors.TextOutsideQuery,
    errors.UndeclaredParameter,
    errors.UnknownFragment,
    errors.UnusedParameter,
}


def test_every_error_of_the_loader_has_a_case() -> None:
    raised = {
        type(problem)
        for case in BY_LOADER
        for problem in load_queries(case / "queries", root=case).problems
    }

    assert raised == LOADER_ERRORS
