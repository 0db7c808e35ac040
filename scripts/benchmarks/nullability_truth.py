"""What is concluded about queries whose answers are known, on one server."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import count

import psycopg
from nullability_running import Databases, infer_case, observe, open_databases
from truth_sets import APPLICATION, TRAPS, Case, TruthSet

from datalayer.codegen.catalog import Catalog
from datalayer.model import Inference
from datalayer.server import Server


@dataclass(frozen=True, slots=True)
class Answer:
    """What was concluded about one query, beside what is true."""

    case: Case
    #: One mark a column: `!` not null, `?` nullable; empty where there was an error.
    found: str
    error: str = ""
    #: Whether running the query on all worlds showed what the case says.
    confirmed: bool = True

    @property
    def unsound(self) -> tuple[int, ...]:
        """Return the columns that are called not null, and are not."""
        return self._columns("?", "!")

    @property
    def conservative(self) -> tuple[int, ...]:
        """Return the columns that are called nullable, and never are NULL."""
        return self._columns("!", "?")

    @property
    def exact(self) -> bool:
        """Return whether every column is called what it is."""
        return not (self.error or self.unsound or self.conservative)

    def _columns(self, truth: str, found: str) -> tuple[int, ...]:
        marks = zip(count(1), truth_of(self.case), self.found, strict=False)
        return tuple(number for number, *both in marks if both == [truth, found])


@dataclass(frozen=True, slots=True)
class Score:
    """The answers of one server."""

    version: str
    answers: tuple[Answer, ...]
    #: The names of queries that got another answer from large, analysed tables.
    changed: tuple[str, ...]


def truth_of(case: Case) -> str:
    """Return what is true of each column, whether it is concluded or not."""
    return case.expected.replace("~", "!")


def score(
    server: Server,
    cases: Collection[Case],
    *,
    rows: int,
    say: Callable[[str], None],
) -> Score:
    """Ask for every query, run it, fill the tables, and ask again."""
    parts = [
        _score_set(server, truth, cases, rows=rows, say=say)
        for truth in (TRAPS, APPLICATION)
    ]
    return Score(
        server.version,
        tuple(answer for part in parts for answer in part.answers),
        tuple(name for part in parts for name in part.changed),
    )


def _score_set(
    server: Server,
    truth: TruthSet,
    cases: Collection[Case],
    *,
    rows: int,
    say: Callable[[str], None],
) -> Score:
    known = [c for c in truth.cases if c.since <= server.major and c in cases]
    if not known:
        return Score(server.version, (), ())
    version = f"PostgreSQL {server.version}"
    with open_databases(
        server,
        tables=truth.schema(server.major),
        rows=truth.rows,
        worlds=truth.worlds,
    ) as databases:
        say(f"{version}: analysing {len(known)} queries")
        before = {case.name: _infer(databases, case) for case in known}
        say(f"{version}: running them on several worlds")
        answers = tuple(_judge(databases, case, before[case.name]) for case in known)
        say(f"{version}: filling tables with {rows:,} rows each")
        databases.full.execute(truth.large_rows(rows).encode())
        databases.full.execute("ANALYZE")
        say(f"{version}: analysing the queries again")
        # Nothing remembered, so that the catalogue is asked again.
        filled = replace(databases, catalog=Catalog(databases.full))
        after = {case.name: _infer(filled, case) for case in known}
    changed = tuple(name for name in before if before[name] != after[name])
    return Score(server.version, answers, changed)


def _infer(databases: Databases, case: Case) -> Inference | str:
    try:
        return infer_case(databases, case.query)
    except (AssertionError, psycopg.Error) as error:
        return str(error).partition("\n")[0]


def _judge(databases: Databases, case: Case, inferred: Inference | str) -> Answer:
    if isinstance(inferred, str):
        return Answer(case, "", error=inferred)
    found = "".join("?" if column.nullable else "!" for column in inferred.columns)
    seen = observe(databases, case.query, case.values)
    shown = "".join("?" if null else "!" for null in seen.nulls)
    return Answer(case, found, confirmed=shown == truth_of(case))
