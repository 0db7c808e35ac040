"""How long it takes to read a history of millions of rows, and how it is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from benchmarks.history_load import DAYS, Loaded
from benchmarks.history_plans import condense, find_plan, scanned_tables
from benchmarks.measure import Contender, measure
from benchmarks.report import Goal, Section
from datalayer.queries.automation import analytics, dashboard
from datalayer.queries.automation import execution_history as history
from datalayer.runtime import Query, VariedQuery

#: Rounds between those that a sequential scan takes part in.
_SELDOM = 5
#: A step through the executions that meets all of them.
_STRIDE = 7919

#: What the hourly relations save.
_RAW = """
SELECT
    datalayer_hour(time) AS bucket,
    new_values ->> 'status' AS status,
    count(*) AS transitions
FROM execution_history
WHERE
    operation = 'UPDATE'
    AND 'status' = any(changed_fields)
    AND time >= '{}'
    AND time < '{}'
GROUP BY 1, 2
ORDER BY 1, 2
"""

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A query, the function that was generated for it, and what that is called with."""

    title: str
    query: Query[Any] | VariedQuery[Any]
    function: Callable[..., object]
    arguments: Callable[[int], dict[str, object]]
    #: What takes longer to do the same; without it, the query without indexes.
    peer: tuple[str, str] | None = None
    #: Parameters in the order of the placeholders, where it is another one.
    order: tuple[str, ...] = ()

    def call(self, connection: Connection, number: int) -> object:
        """Run it; the number tells calls apart."""
        return self.function(connection, **self.arguments(number))

    def statement(self) -> tuple[Query[Any], tuple[object, ...]]:
        """Return what one call sends, with the values of its placeholders."""
        given = self.arguments(1)
        declared = inspect.signature(self.function).parameters
        values = {
            name: given.get(name, declared[name].default)
            for name in self.order or tuple(declared)[1:]
        }
        if isinstance(self.query, VariedQuery):
            return self.query.given(values)
        return self.query, tuple(values.values())


def measure_reads(loaded: Loaded, *, rounds: int, say: Say) -> list[Section]:
    """Measure entities, pages and dashboards, each against a scan of all rows."""
    with ExitStack() as stack:
        ours, peer = (
            stack.enter_context(psycopg.connect(loaded.url, autocommit=True))
            for _ in range(2)
        )
        for kind in ("indexscan", "indexonlyscan", "bitmapscan"):
            peer.execute(f"SET enable_{kind} = off".encode())
        sections = []
        for read in (*_entities(loaded), *_pages(loaded), *_dashboards(loaded)):
            say(f"reading: {read.title}")
            sections.append(_measure(read, ours, peer, rounds))
        return sections


def _measure(read: Read, ours: Connection, peer: Connection, rounds: int) -> Section:
    def scan(call: int) -> object:
        if read.peer is None:
            return read.call(peer, call)
        return ours.execute(read.peer[1].encode()).fetchall()

    name = read.peer[0] if read.peer else "the same without indexes"
    timings = measure(
        [
            Contender(read.query.name, lambda call: read.call(ours, call)),
            Contender(name, scan, every=_SELDOM),
        ],
        rounds=rounds,
    )
    plan = find_plan(ours, *read.statement())
    scanned = [
        table
        for table in scanned_tables(ours, plan)
        if table.startswith("execution_history_")
    ]
    return Section(
        read.title,
        tuple(timings),
        (replace(plan, lines=condense(plan.lines)),),
        Goal(
            "no day of the history is read as a whole"
            + (f" ({', '.join(scanned[:3])})" if scanned else ""),
            not scanned,
        ),
    )


def _entities(loaded: Loaded) -> Iterator[Read]:
    def some(call: int) -> dict[str, object]:
        return {"execution_id": 1 + call * _STRIDE % loaded.executions}

    middle = loaded.since + (loaded.until - loaded.since) / 2
    yield Read(
        "the latest change of an execution",
        history.GET_LATEST_EXECUTION_CHANGE,
        history.get_latest_execution_change,
        some,
    )
    yield Read(
        "the timeline of an execution",
        history.LIST_EXECUTION_TIMELINE,
        history.list_execution_timeline,
        some,
    )
    yield Read(
        "the state of an execution at a moment",
        history.GET_EXECUTION_STATE,
        history.get_execution_state,
        lambda call: some(call) | {"moment": middle},
        order=("moment", "execution_id"),
    )


def _pages(loaded: Loaded) -> Iterator[Read]:
    def changed(field: str) -> Callable[[int], dict[str, object]]:
        return lambda call: {
            "entity_ref": f"core.action_{call % 50}",
            "changed_field": field,
        }

    def search(title: str, arguments: Callable[[int], dict[str, object]]) -> Read:
        query = history.SEARCH_EXECUTION_HISTORY
        return Read(title, query, history.search_execution_history, arguments)

    yield search("the newest 100 changes", lambda _: {})
    yield search(
        "100 changes from the middle on", lambda _: {"before_seq": loaded.rows // 2}
    )
    yield search("100 changes of one action and one field", changed("executor"))
    yield search(
        "the changes of one action and a field that never changed", changed("env_vars")
    )


def _dashboards(loaded: Loaded) -> Iterator[Read]:
    queries: tuple[
        tuple[str, Query[Any] | VariedQuery[Any], Callable[..., object]], ...
    ] = (
        (
            "a dashboard's statuses in the hours of",
            analytics.LIST_EXECUTION_STATUS_SERIES,
            analytics.list_execution_status_series,
        ),
        (
            "a dashboard's busiest actions of",
            dashboard.LIST_DASHBOARD_ACTIONS,
            dashboard.list_dashboard_actions,
        ),
        (
            "all that happened in the hours of",
            analytics.LIST_AUTOMATION_HOURS,
            analytics.list_automation_hours,
        ),
        ("the failure rate of", analytics.GET_FAILURE_RATE, analytics.get_failure_rate),
    )
    for days in (1, DAYS):
        since = loaded.until - timedelta(days=days)
        length = "a day" if days == 1 else f"{days} days"
        for title, query, function in queries:
            yield Read(
                f"{title} {length}",
                query,
                function,
                partial(_period, since, loaded.until),
                ("GROUP BY over the raw rows", _RAW.format(since, loaded.until)),
            )


def _period(since: datetime, until: datetime, _call: int) -> dict[str, object]:
    return {"since": since, "until": until}
