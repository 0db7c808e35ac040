"""How long reads among millions of requests take, and whether indexes serve them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.conversations_load import Loaded
from benchmarks.conversations_reads import list_reads
from benchmarks.conversations_samples import Read, take_samples
from benchmarks.measure import Contender, Timing, measure
from benchmarks.report import Figure, Goal, Plan, Row, Table
from benchmarks.sent_statements import Explained, explain, recorded

#: What must not be read from one end to the other.
_LARGE = "api_requests"
#: With fewer requests it is right to read all of them, so that a plan tells nothing.
_FEW = 500_000
_NOTE = """\
Blocks of 8 kB that one call asked for, and the rows of api_requests and its indexes
that it looked at. The plans are those that the session has chosen after some calls."""
_NOTE_OF_FEW = """
With so few requests, sequential scans and bitmaps are switched off: what is found are
plans that no index can serve at all."""

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about a read when it has been measured."""

    read: Read
    timing: Timing
    statements: tuple[Explained, ...]

    @property
    def blocks(self) -> int:
        """Return how many blocks it asked for, wherever they were."""
        return sum(statement.blocks for statement in self.statements)

    @property
    def looked_at(self) -> int:
        """Return how many rows of the large table it looked at."""
        return sum(
            node.rows
            for statement in self.statements
            for node in statement.nodes
            if node.relation == _LARGE
        )


def measure_plans(loaded: Loaded, *, rounds: int, say: Say) -> list[Table]:
    """Measure each read, and judge the plans of all its statements."""
    with psycopg.connect(loaded.url, autocommit=True) as connection:
        if loaded.requests < _FEW:
            connection.execute("SET enable_seqscan = off")
            connection.execute("SET enable_bitmapscan = off")
        found = []
        for read in list_reads(take_samples(loaded)):
            say(f"reading: {read.title}")
            found.append(_measure(connection, read, rounds))
    return [_tabulate(loaded, found)]


def _measure(connection: Connection, read: Read, rounds: int) -> Found:
    def run(call: int) -> None:
        if not read.changes:
            read.call(connection, call)
            return
        with connection.transaction(force_rollback=True):
            read.call(connection, call)

    (timing,) = measure([Contender(read.title, run)], rounds=rounds)
    with recorded() as sent:
        run(0)
    return Found(read, timing, tuple(explain(connection, sent)))


def _tabulate(loaded: Loaded, found: Sequence[Found]) -> Table:
    return Table(
        f"reads at {loaded.requests:,} requests",
        ("median", "slowest", "statements", "blocks", "rows looked at"),
        tuple(
            Row(
                one.read.title,
                (
                    Figure(one.timing.median, "s"),
                    Figure(one.timing.slowest, "s"),
                    Figure(len(one.statements), "#"),
                    Figure(one.blocks, "#"),
                    Figure(one.looked_at, "#"),
                ),
            )
            for one in found
        ),
        goals=tuple(_judge(found)),
        note=_NOTE + (_NOTE_OF_FEW if loaded.requests < _FEW else ""),
        plans=tuple(_plans(found)),
    )


def _judge(found: Sequence[Found]) -> Iterator[Goal]:
    rules: tuple[tuple[str, Callable[[Found], bool]], ...] = (
        (f"no sequential scan of {_LARGE}", scans),
        ("conversation lists read nothing but indexes", leaves_index),
        ("no page asks for more blocks than it may", asks_too_much),
    )
    for text, is_broken in rules:
        broken = [one.read.title for one in found if is_broken(one)]
        told = f" ({'; '.join(broken)})" if broken else ""
        yield Goal(f"{text}{told}", not broken, required=True)


def scans(found: Found) -> bool:
    """Return whether a read goes through the large table from one end to the other."""
    return any(
        node.executed and node.relation == _LARGE and "Seq Scan" in node.kind
        for statement in found.statements
        for node in statement.nodes
    )


def leaves_index(found: Found) -> bool:
    """Return whether a read that must be index-only reads the large table itself."""
    return found.read.index_only and any(
        node.executed and node.relation == _LARGE and node.kind != "Index Only Scan"
        for statement in found.statements
        for node in statement.nodes
    )


def asks_too_much(found: Found) -> bool:
    """Return whether a read asks for more blocks than it may."""
    at_most = found.read.at_most
    return at_most is not None and found.blocks > at_most


def _plans(found: Sequence[Found]) -> Iterator[Plan]:
    for one in found:
        for number, statement in enumerate(one.statements, 1):
            kind = "generic" if statement.generic else "custom"
            place = f", {number} of {len(one.statements)}"
            yield Plan(
                f"{one.read.title}{place if len(one.statements) > 1 else ''}"
                f" ({kind} plan)",
                statement.lines,
            )
