"""Check the histories of a live database; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from datalayer.history.catalog import find_table
from datalayer.history.declaration import UnreadableDeclaration
from datalayer.history.drift import DriftReport, find_drift
from datalayer.history.errors import HistoryError, HistoryTableError
from datalayer.history.findings import CheckedHistory, Finding, HistoryReport
from datalayer.history.forging import check_roles
from datalayer.history.live import (
    LiveHistory,
    LostHistory,
    list_functions,
    read_history,
)
from datalayer.history.structure import (
    check_columns,
    check_function,
    check_triggers,
)
from datalayer.urls import describe_target, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from datalayer.history.live import LiveFunction

_SHOWN_DRIFTS = 10


def _silent(table: str, done: int, total: int) -> None:
    """Report nothing."""


def check_histories(
    url: str,
    *,
    tables: Sequence[str] = (),
    sample: int | None = None,
    trusted: Collection[str] = (),
    report: Callable[[str, int, int], None] = _silent,
) -> HistoryReport:
    """Return what is wrong with the histories of a database, or of some tables.

    `sample` limits how many rows of each table are compared with their history; roles
    that are `trusted` may forge. Raises `HistoryTableError` for a table without one.
    """
    try:
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SET default_transaction_read_only = on")
        functions = _functions_of(connection, tables)
        return HistoryReport(
            tuple(
                _check(connection, f, sample=sample, trusted=trusted, report=report)
                for f in functions
            )
        )
    except psycopg.Error as error:
        raise HistoryError(
            f"cannot check {describe_target(url)}: {' '.join(str(error).split())}",
            help="let the role read the tables and their histories",
        ) from error
    finally:
        connection.close()


def _functions_of(
    connection: psycopg.Connection, tables: Sequence[str]
) -> list[LiveFunction]:
    functions = list_functions(connection)
    if not tables:
        return functions
    tracked: dict[int, LiveFunction] = {}
    for function in functions:
        try:
            history = read_history(connection, function)
        except UnreadableDeclaration:
            continue
        if isinstance(history, LiveHistory):
            tracked[history.found.oid] = function
    chosen = []
    for name in tables:
        oid = find_table(connection, name)
        if oid is None or oid not in tracked:
            missing = "no table" if oid is None else "no history of"
            names = sorted(f.name for f in tracked.values())
            raise HistoryTableError(
                f"there is {missing} `{name}`",
                help=f"histories are written by {', '.join(f'`{n}`' for n in names)}"
                if names
                else "begin one with `datalayer history add`",
            )
        chosen.append(tracked[oid])
    return chosen


def _check(
    connection: psycopg.Connection,
    function: LiveFunction,
    *,
    sample: int | None,
    trusted: Collection[str],
    report: Callable[[str, int, int], None],
) -> CheckedHistory:
    try:
        history = read_history(connection, function)
    except UnreadableDeclaration as error:
        finding = Finding(
            function.name,
            "unreadable-declaration",
            f"the comment of `{function.name}()` is no declaration: {error}",
            help="restore it from the migration of the history",
        )
        return CheckedHistory(function.name, 0, 0, (finding,))
    if isinstance(history, LostHistory):
        finding = Finding(
            history.table,
            "missing-table",
            history.message,
            help=f"drop the function `{function.name}()` too, or restore the table",
        )
        return CheckedHistory(history.table, 0, 0, (finding,))
    findings = [
        *check_columns(history),
        *check_function(history),
        *check_triggers(connection, history),
        *check_roles(connection, history, trusted=trusted),
    ]
    live = set(history.found.table.column_names)
    if history.declaration.columns - live:
        # What is not known cannot be compared.
        return CheckedHistory(history.shown, 0, 0, tuple(findings))
    drift = _drift(connection, history, sample=sample, report=report)
    return CheckedHistory(
        history.shown,
        drift.compared,
        drift.without_history,
        (*findings, *_drift_findings(history, drift)),
    )


def _drift(
    connection: psycopg.Connection,
    history: LiveHistory,
    *,
    sample: int | None,
    report: Callable[[str, int, int], None],
) -> DriftReport:
    path = history.function.setting_values.get("search_path")
    if path:
        connection.execute("SELECT set_config('search_path', %s, FALSE)", (path,))
    try:
        return find_drift(
            connection,
            history,
            sample=sample,
            report=lambda done, total: report(history.shown, done, total),
        )
    finally:
        connection.execute("RESET search_path")


def _drift_findings(history: LiveHistory, drift: DriftReport) -> Iterator[Finding]:
    for each in drift.drifts[:_SHOWN_DRIFTS]:
        what = (
            "is deleted in its history"
            if each.is_deleted
            else "differs from its history in "
            + ", ".join(f"`{field}`" for field in each.fields)
        )
        yield Finding(
            history.shown,
            "drift",
            f"the row `{history.declaration.key} = {each.key}` {what}",
            help="it was written while the trigger was disabled, or history was forged",
        )
    more = len(drift.drifts) - _SHOWN_DRIFTS
    if more > 0:
        yield Finding(history.shown, "drift", f"{more} more rows differ")
    if drift.without_history:
        yield Finding(
            history.shown,
            "without-history",
            f"{drift.without_history} of {drift.compared} rows have no history: they "
            "are older than it, or it was dropped by retention",
            is_note=True,
        )
