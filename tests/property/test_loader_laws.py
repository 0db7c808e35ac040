"""No text makes the loader fail, and what it says stands where it says."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pglast.parser import ParseError
from pglast.parser import scan as postgresql_scan

from datalayer.codegen.numbering import numbered
from datalayer.codegen.reading.loader import LoadResult, load_queries
from datalayer.errors import AiosqlDisagreement, LocatedError
from datalayer.model import Literal

FRAGMENTS = [
    *("-- name: ", "-- name: q()\n", "\n-- name: r(a)^\n", "-- name:s#\n", "-- name"),
    *("-- record_class: Row\n", "-- @param a = ", "-- @column x null\n", "-- @type x "),
    *("-- Return it.\n", "--", "/*", "*/", "SELECT", ":a", ":", "::", ":=", "$1", "a"),
    *("'", '"', "$$", "$t$", "E'", "\\", ";", "(", ")", "[", "]", "{", ".", ",", "%"),
    *(" ", "\n", "\r\n", "\r", "\t", "\f", "\v", "\u2028", "\x85", "\xa0", "\x1c"),
    *("\ufeff", "\0", "é", "ﬁ", "٣", "\U0001f600", "not null", "=", "1", "'x'", "!"),
]
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)
texts = fragments | fragments.map("-- name: q(a)\nSELECT :a ".__add__) | st.text()

# A busy machine is no reason to fail.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def load(data: bytes) -> LoadResult:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "q.sql").write_bytes(data)
        return load_queries(Path(folder), root=Path(folder))


@unhurried
@given(texts)
@example("-- name: q(a)\n:a")
@example("-- name: q()\n-- @param")
@example("-- name: q()\n-- @param a = 'x\nSELECT 1")
def test_any_text_is_loaded_or_refused_in_its_place(text: str) -> None:
    result = load(text.encode())

    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for problem in result.problems:
        assert isinstance(problem, LocatedError)
        assert str(problem)
        assert 1 <= problem.location.line <= len(lines)
        line = lines[problem.location.line - 1]
        assert 1 <= problem.location.column <= len(line) + 1
    assert list(result.problems) == sorted(result.problems, key=lambda p: p.location)


@unhurried
@given(texts)
def test_sources_are_cut_out_of_the_file(text: str) -> None:
    for source in load(text.encode()).sources:
        lines = source.file_text.split("\n")
        first = source.sql_location.line - 1
        written = "\n".join(lines[first:])[source.sql_location.column - 1 :]
        assert written.startswith(source.sql)
        assert source.sql.strip(" \t\n\f\v")
        assert source.name in lines[source.location.line - 1].replace("-", "_")
        for placeholder in source.placeholders:
            here = source.sql[placeholder.start : placeholder.end]
            assert here == f":{placeholder.name}"
            assert placeholder.name in source.parameters


@unhurried
@given(texts)
def test_aiosql_reads_what_the_scanner_reads(text: str) -> None:
    result = load(text.encode())

    begins_with_one = {
        source.location
        for source in result.sources
        if source.placeholders
        and not source.sql[: source.placeholders[0].start].strip()
    }
    for problem in result.problems:
        if isinstance(problem, AiosqlDisagreement):
            assert problem.location in begins_with_one


@unhurried
@given(texts)
@example("-- name: q(a)\nSELECT $:a")
@example('-- name: q(a)\nSELECT :a, ""')
@example("-- name: q(a)\nSELECT $$x$$:a")
@example("-- name: q(a)\nSELECT 'x':a.5")
def test_postgresql_finds_the_parameters_that_the_loader_numbers(text: str) -> None:
    for source in load(text.encode()).sources:
        statement = numbered(source)
        try:
            found = postgresql_scan(statement.sql)
        except ParseError:
            continue  # PostgreSQL will say so, and where
        places = [
            statement.original_offset(token.start)
            for token in found
            if token.name == "PARAM"
        ]
        assert places == [placeholder.start for placeholder in source.placeholders]


@unhurried
@given(st.binary())
@example(b"\xff\xfe-\x00")
@example(b"\xef\xbb\xbf\xef\xbb\xbf-- name: q()\nSELECT 1")
def test_any_bytes_are_loaded_or_refused(data: bytes) -> None:
    result = load(data)

    assert all(str(problem) for problem in result.problems)


@unhurried
@given(texts)
def test_loading_twice_says_the_same(text: str) -> None:
    first, second = load(text.encode()), load(text.encode())

    assert first.sources == second.sources
    assert list(map(str, first.problems)) == list(map(str, second.problems))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


lines = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=20
)
literals: st.SearchStrategy[tuple[str, Literal]] = st.one_of(
    lines.map(lambda text: (_quoted(text), text)),
    st.integers(-(10**30), 10**30).map(lambda number: (str(number), number)),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: (repr(x), x)),
    st.sampled_from([("TRUE", True), ("False", False), ("null", None)]),
)


@unhurried
@given(literals)
@example(("'--'", "--"))
@example(("''''", "'"))
def test_default_is_what_the_literal_means(literal: tuple[str, Literal]) -> None:
    written, meant = literal
    text = f"-- name: q(a)\n-- @param a = {written}\nSELECT :a\n"

    result = load(text.encode())

    assert [str(problem) for problem in result.problems] == []
    ((directive,),) = [source.parameter_directives for source in result.sources]
    assert directive.default == meant
    assert type(directive.default) is type(meant)
