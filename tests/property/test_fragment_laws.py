"""Using a fragment is the same as writing its text by hand, but for white space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from datalayer.codegen.reading import fragment_writing
from datalayer.codegen.reading.loader import aiosql_disagreements
from datalayer.codegen.reading.query_files import read_query_file
from datalayer.codegen.reading.source_text import SourceText
from datalayer.lexer import significant_tokens
from datalayer.model import Fragment, QuerySource

PARAMETERS = ("low", "high", "from", "word")
CONDITIONS = (
    "a > :low",
    "c > :word -- @optional",
    "(\n    a < :high\n    OR a IS NULL\n)",
    "a < :high\n    AND b = 'it''s'",
    "b = 'two\nlines' -- and :low in a comment",
    "d BETWEEN :from\n\n        AND now() -- @optional",
    "/* why */ EXISTS (\n        SELECT 1\n  )",
)
LISTS = (
    "a,\n    b",
    "a, -- the :low first\n    b -- and last",
    "count(*) FILTER (WHERE a = :low) AS low",
    "$$ '/ $$ AS text,\n    array[1, :high] AS both",
)
JOINS = (
    "LEFT JOIN u\n    ON t.a = u.a",
    "CROSS JOIN u -- every :low",
    "JOIN u USING (a)",
)


@dataclass(frozen=True)
class Piece:
    """A text that stands in the query, or in a fragment that the query uses."""

    text: str
    shared: bool
    indentation: int
    number: int = 0

    @property
    def parameters(self) -> list[str]:
        # Comments do not count.
        code = "".join(token.text for token in significant_tokens(self.text))
        return [name for name in PARAMETERS if f":{name}" in code]

    @property
    def fragment(self) -> str:
        """Return its section."""
        takes = f"({', '.join(self.parameters)})" if self.parameters else ""
        margin = " " * self.indentation
        text = self.text.replace("\n", f"\n{margin}") if "'" not in self.text else ""
        return (
            f"-- fragment: piece_{self.number}{takes}\n"
            f"/*\n{margin}{text or self.text}\n*/\n\n"
        )

    def used(self, stands_in: str, separator: str = "") -> str:
        """Return what the query has of it, up to the end of the line."""
        if not self.shared:
            return f"{self.text}\n{separator}\n"
        takes = ", ".join(f":{name}" for name in self.parameters)
        call = f"piece_{self.number}({takes})" if takes else f"piece_{self.number}"
        return f"{stands_in}{separator} -- @use {call}\n"


@dataclass(frozen=True)
class Example:
    """One query of pieces."""

    lists: list[Piece]
    join: Piece
    conditions: list[Piece]

    @property
    def pieces(self) -> list[Piece]:
        return [*self.lists, self.join, *self.conditions]

    @property
    def file(self) -> str:
        fragments = "".join(each.fragment for each in self.pieces if each.shared)
        used = [n for n in PARAMETERS if any(n in p.parameters for p in self.pieces)]
        lists = "".join(f"    {each.used('NULL', ',')}" for each in self.lists)
        conditions = "".join(f"    AND {e.used('FALSE')}" for e in self.conditions)
        return (
            f"{fragments}-- name: q({', '.join(used)})\n-- A query.\n"
            f"SELECT\n{lists}    0\nFROM t {self.join.used('')}"
            f"WHERE TRUE\n{conditions};\n"
        )


def _pieces(texts: tuple[str, ...]) -> st.SearchStrategy[Piece]:
    return st.builds(
        Piece, st.sampled_from(texts), st.booleans(), st.sampled_from((0, 2, 4, 8))
    )


@st.composite
def examples(draw: st.DrawFn) -> Example:
    pieces = [
        draw(st.lists(_pieces(LISTS), max_size=2)),
        [draw(_pieces(JOINS))],
        draw(st.lists(_pieces(CONDITIONS), max_size=3)),
    ]
    numbers = iter(range(9))
    lists, joins, conditions = (
        [Piece(e.text, e.shared, e.indentation, next(numbers)) for e in group]
        for group in pieces
    )
    return Example(lists, joins[0], conditions)


def _by_hand(example: Example) -> Example:
    def written(pieces: list[Piece]) -> list[Piece]:
        return [Piece(each.text, shared=False, indentation=0) for each in pieces]

    join = written([example.join])[0]
    return Example(written(example.lists), join, written(example.conditions))


def _read(text: str) -> QuerySource:
    read = read_query_file(SourceText("q.sql", text), ("q",))
    assert [str(problem) for problem in read.problems] == []
    (source,) = read.queries
    return source


def _words(sql: str) -> list[str]:
    return [token.text for token in significant_tokens(sql)]


def check_fragments(example: Example) -> None:
    """Assert the law."""
    source, by_hand = _read(example.file), _read(_by_hand(example).file)

    assert _words(source.sql) == _words(by_hand.sql)
    names = [each.name for each in source.placeholders]
    assert names == [each.name for each in by_hand.placeholders]
    assert [
        (part.kind, part.all_of, _words(source.sql[part.start : part.end]))
        for part in source.optional_parts
    ] == [
        (part.kind, part.all_of, _words(by_hand.sql[part.start : part.end]))
        for part in by_hand.optional_parts
    ]
    assert len(source.marks) == len(by_hand.marks)
    lines = example.file.split("\n")
    for token in significant_tokens(source.sql):
        place = source.place(token.start)
        there = "\n".join(lines[place.line - 1 :])[place.column - 1 :]
        assert there.startswith(token.text), (token, place)
    assert list(aiosql_disagreements([source])) == []


@given(examples())
def test_a_fragment_is_what_its_text_is_by_hand(example: Example) -> None:
    check_fragments(example)


def _on_one_line(fragment: Fragment, indentation: int) -> tuple[str, int]:
    return " ".join(fragment.text.split()), 0


def _unmoved(fragment: Fragment, indentation: int) -> tuple[str, int]:
    return _moved(fragment, indentation)[0], 0


def _into_strings(fragment: Fragment, indentation: int) -> tuple[str, int]:
    return fragment.text.replace("\n", "\n" + " " * indentation), indentation


def _end_first(fragment: Fragment, indentation: int) -> tuple[str, int]:
    return fragment.text.rpartition("\n")[2], 0


_moved = fragment_writing._moved


@pytest.mark.parametrize(
    "mutant",
    [_on_one_line, _unmoved, _into_strings, _end_first],
    ids=lambda m: m.__name__,
)
def test_broken_expansions_are_noticed(
    mutant: Callable[[Fragment, int], tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragment_writing, "_moved", mutant)

    @settings(
        max_examples=300,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=(HealthCheck.too_slow,),
    )
    @given(examples())
    def law(example: Example) -> None:
        check_fragments(example)

    with pytest.raises(AssertionError):
        law()
