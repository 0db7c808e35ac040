"""How exact the answers about NULL are, on each major version of PostgreSQL."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from truth_sets import APPLICATION, TRAPS, Case

from benchmarks.errors import BenchError
from benchmarks.nullability_servers import MAJORS, find_major
from benchmarks.nullability_truth import Answer, Score, score
from benchmarks.report import Figure, Goal, Report, Row, Table
from datalayer.server import use_server

#: By what the queries are about.
TABLES = TRAPS.tables | APPLICATION.tables
#: The share of queries all of whose columns have to be called what they are.
_GOAL = 98.0
_COLUMNS = (
    "queries",
    "exact",
    "exact %",
    "conservative",
    "unsound",
    "error",
    "columns",
    "columns exact %",
)


@dataclass(frozen=True, slots=True)
class _Missing:
    """A major version that is not here, and why."""

    major: int
    reason: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a user choose the versions."""
    parser.add_argument(
        "--server",
        action="append",
        type=int,
        choices=MAJORS,
        dest="majors",
        help="a major version, several times if need be; default: all",
    )
    parser.add_argument(
        "--kind",
        action="append",
        choices=TABLES,
        dest="kinds",
        help="what the queries are about, several times if need be; default: all",
    )
    parser.add_argument(
        "--offline", action="store_true", help="download no missing version"
    )


def run(
    *,
    rows: int,
    majors: Sequence[int] | None = None,
    kinds: Sequence[str] | None = None,
    offline: bool = False,
    say: Callable[[str], None],
) -> Report:
    """Score each version, and judge what came of it."""
    tables = {kind: TABLES[kind] for kind in TABLES if kind in (kinds or TABLES)}
    cases = [case for table in tables.values() for case in table]
    scores: list[Score] = []
    missing: list[_Missing] = []
    for major in sorted(set(majors or MAJORS)):
        try:
            binaries = find_major(major, download=not offline, say=say)
        except BenchError as error:
            missing.append(_Missing(major, str(error)))
            continue
        with use_server(binaries=binaries.folder) as server:
            scores.append(score(server, cases, rows=rows, say=say))
    sections = [_versions(scores, missing, rows)]
    sections += [_kinds(each, tables) for each in scores[-1:]]
    return Report(
        title="what can be NULL: conclusions against confirmed truth",
        conditions=(
            ("queries", f"{len(cases)} of our own, each run on several sets of rows"),
            ("servers", ", ".join(each.version for each in scores) or "none"),
            ("large tables", f"{rows:,} rows each, then ANALYZE"),
        ),
        sections=tuple(sections),
        command=_command(rows, majors, kinds, offline=offline),
        closing="A query is exact when every column of it is.",
    )


def _versions(scores: list[Score], missing: list[_Missing], rows: int) -> Table:
    return Table(
        title="answers by version",
        columns=_COLUMNS,
        rows=tuple(_row(each.version, each.answers) for each in scores),
        goals=(*_goals(scores, rows), *map(_absent, missing)),
        note="\n".join(_notes(scores)),
    )


def _absent(missing: _Missing) -> Goal:
    return Goal(f"PostgreSQL {missing.major} is there ({missing.reason})", False)


def _kinds(newest: Score, tables: dict[str, list[Case]]) -> Table:
    return Table(
        title=f"PostgreSQL {newest.version}, by what the queries are about",
        columns=_COLUMNS,
        rows=tuple(
            _row(kind, [answer for answer in newest.answers if answer.case in cases])
            for kind, cases in tables.items()
        ),
    )


def _row(name: str, answers: Sequence[Answer]) -> Row:
    exact = sum(each.exact for each in answers)
    columns = sum(len(each.found) for each in answers)
    wrong = sum(len(each.unsound + each.conservative) for each in answers)
    return Row(
        name,
        (
            Figure(len(answers), "#"),
            Figure(exact, "#"),
            Figure(_share(exact, len(answers)), "%"),
            Figure(sum(bool(a.conservative) and not a.unsound for a in answers), "#"),
            Figure(sum(bool(each.unsound) for each in answers), "#"),
            Figure(sum(bool(each.error) for each in answers), "#"),
            Figure(columns, "#"),
            Figure(_share(columns - wrong, columns), "%"),
        ),
    )


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def _goals(scores: Sequence[Score], rows: int) -> tuple[Goal, ...]:
    answers = [answer for each in scores for answer in each.answers]
    shares = [
        _share(sum(a.exact for a in each.answers), len(each.answers)) for each in scores
    ]
    return (
        _required("no unsound answer", not any(a.unsound for a in answers)),
        _required("no error", not any(a.error for a in answers)),
        _required(
            "every truth was seen on rows", all(a.confirmed for a in answers if a.found)
        ),
        _required(
            f"the same answers after ANALYZE on tables of {rows:,} rows",
            not any(each.changed for each in scores),
        ),
        Goal(f"{_GOAL:g} % of the queries exact", min(shares, default=0) >= _GOAL),
    )


def _required(text: str, reached: bool) -> Goal:
    return Goal(text, reached, required=True)


def _notes(scores: Sequence[Score]) -> Iterable[str]:
    """Yield each remark once, with the versions that it is about."""
    versions: dict[str, list[str]] = {}
    for each in scores:
        texts = [text for answer in each.answers for text in _remarks(answer)]
        texts += [f"another answer after ANALYZE: {name}" for name in each.changed]
        for text in texts:
            versions.setdefault(text, []).append(each.version)
    for text, named in versions.items():
        yield f"{text} ({', '.join(named)})"


def _remarks(answer: Answer) -> Iterable[str]:
    name = answer.case.name
    if answer.error:
        yield f"error: {name}: {answer.error}"
    if answer.unsound:
        yield f"unsound: {name}, column {_list(answer.unsound)}: {answer.case.query}"
    if answer.conservative:
        why = answer.case.why or "less is known on this version"
        yield f"conservative: {name}, column {_list(answer.conservative)}: {why}"
    if answer.found and not answer.confirmed:
        yield f"not confirmed: {name}: {answer.case.query}"


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _command(
    rows: int,
    majors: Sequence[int] | None,
    kinds: Sequence[str] | None,
    *,
    offline: bool,
) -> str:
    parts = ["scripts/bench", "nullability", "--rows", str(rows)]
    for major in majors or ():
        parts += ["--server", str(major)]
    for kind in kinds or ():
        parts += ["--kind", kind]
    return shlex.join([*parts, *(["--offline"] if offline else [])])
