"""Copy all tables in one transaction, then complete what is computed from them."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import psycopg
from psycopg import IsolationLevel, sql

from datalayer.migrate.ledger import find_ledger, read_ledger
from datalayer.migrate.runner import migrate
from datalayer.migrate.transfer.copying import (
    Contents,
    copy_rows,
    read_contents,
)
from datalayer.migrate.transfer.errors import (
    TransferFailed,
    TransferMismatch,
    TransferTargetOccupied,
    TransferUnequal,
)
from datalayer.migrate.transfer.events import (
    Copying,
    RelationTransferred,
    TableTransferred,
    TransferReport,
)
from datalayer.migrate.transfer.hours import transfer_hours
from datalayer.migrate.transfer.inventory import Side, take_inventory
from datalayer.migrate.transfer.triggers import as_replica, silenced
from datalayer.migrate.transfer.views import refresh_views
from datalayer.urls import unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from datalayer.migrate.ledger import LedgerRow
    from datalayer.migrate.transfer.events import TransferEvent
    from datalayer.migrate.transfer.inventory import Inventory

# Values are written as text, which settings must not change on the way.
_SETTINGS = {
    "bytea_output": "hex",
    "client_min_messages": "warning",
    "datestyle": "ISO, YMD",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "intervalstyle": "postgres",
    "lock_timeout": "10s",
    "statement_timeout": "0",
    "timezone": "UTC",
}
_POLICIES = """\
SELECT alter_job(job_id, scheduled => %s)
FROM timescaledb_information.jobs
WHERE hypertable_schema = %s
"""


def transfer(
    source_url: str,
    target_url: str,
    folder: Path,
    *,
    profile: str | None = None,
    report: Callable[[TransferEvent], None] | None = None,
) -> TransferReport:
    """Copy every row of a database to another one, built by the same migrations.

    An empty target is migrated first, under a profile or under the one its server
    offers. The source is read in one snapshot and never written. All tables arrive in
    one transaction, compared by count and checksum, or none; after that a transfer that
    was interrupted goes on where it was.
    """
    events: list[TransferEvent] = []

    def tell(event: TransferEvent) -> None:
        events.append(event)
        if report:
            report(event)

    with _explained(), _connect(source_url) as leaving:
        leaving.isolation_level = IsolationLevel.REPEATABLE_READ
        leaving.read_only = True
        with leaving.transaction():
            versions = _versions(leaving)
            _migrate_if_empty(target_url, folder, versions, profile)
            with _connect(target_url) as arriving:
                source, target = _examine(leaving, arriving)
                _transfer_tables(source, target, tell)
                refresh_views(target, tell)
                transfer_hours(source, target, tell)
                _schedule_policies(target, scheduled=True)
    return TransferReport(
        source_profile=source.inventory.profile,
        target_profile=target.inventory.profile,
        tables=tuple(e for e in events if isinstance(e, TableTransferred)),
        relations=tuple(e for e in events if isinstance(e, RelationTransferred)),
    )


def _versions(connection: psycopg.Connection) -> list[LedgerRow]:
    return read_ledger(connection, find_ledger(connection))


def _migrate_if_empty(
    url: str, folder: Path, versions: list[LedgerRow], profile: str | None
) -> None:
    with _connect(url) as target:
        is_empty = not _versions(target)
    if is_empty and versions:
        components = sorted({row.component for row in versions})
        migrate(url, folder, components=components, profile=profile)


def _examine(
    leaving: psycopg.Connection, arriving: psycopg.Connection
) -> tuple[Side, Side]:
    """Read what is on both sides; raise unless the same things are."""
    versions = [_versions(connection) for connection in (leaving, arriving)]
    # What is half applied is not applied.
    left, right = (
        {(row.component, row.version) for row in side if row.is_applied}
        for side in versions
    )
    different = ["/".join(version) for version in sorted(left ^ right)]
    if different or not left:
        raise TransferMismatch(
            "not the same migrations are applied on both sides: "
            f"{_some(different) or 'none at all'}",
            help="bring both to the same version with `datalayer migrate up`",
        )
    source, target = (_side(leaving, versions[0]), _side(arriving, versions[1]))
    _compare_inventories(source.inventory, target.inventory)
    return source, target


def _side(connection: psycopg.Connection, versions: list[LedgerRow]) -> Side:
    schema = find_ledger(connection).schema
    return Side(connection, take_inventory(connection, schema, versions[0].profile))


def _compare_inventories(here: Inventory, there: Inventory) -> None:
    names = {*here.tables, *there.tables}
    different = {n for n in names if here.tables.get(n) != there.tables.get(n)}
    different |= {*here.relations} ^ {*there.relations}
    if different:
        raise TransferMismatch(
            f"not the same on both sides: {_some(sorted(different))}",
            help="what no migration made cannot be moved: add one, or drop the table",
        )


def _transfer_tables(
    source: Side, target: Side, tell: Callable[[TransferEvent], None]
) -> None:
    """Copy all tables in one transaction, unless an earlier transfer did."""
    sent, present = _read_all(source), _read_all(target)
    occupied = sorted(name for name, contents in present.items() if contents.rows)
    was_there = bool(occupied) and present == sent
    if occupied and not was_there:
        raise TransferTargetOccupied(
            f"the target has rows already: {_some(occupied)}",
            help="name an empty database",
        )
    with target.connection.transaction(), silenced(target):
        # Not while rows are there that no aggregate has seen.
        _schedule_policies(target, scheduled=False)
        for name in sorted(sent):
            started = time.monotonic()
            if not was_there:
                _transfer_table(source, target, name, tell)
                _compare_table(target, name, sent[name])
            milliseconds = round((time.monotonic() - started) * 1000)
            rows, checksum = sent[name].rows, sent[name].checksum
            tell(TableTransferred(name, rows, checksum, was_there, milliseconds))
        _set_sequences(source, target)


def _read_all(side: Side) -> dict[str, Contents]:
    return {
        name: read_contents(side.connection, side.name(name), table.columns)
        for name, table in side.inventory.tables.items()
    }


def _transfer_table(
    source: Side, target: Side, name: str, tell: Callable[[TransferEvent], None]
) -> None:
    # On hypertables the extension's own triggers must fire.
    is_hypertable = name in target.inventory.hypertables
    with nullcontext() if is_hypertable else as_replica(target):
        copy_rows(source, target, name, lambda rows: tell(Copying(name, rows)))


def _compare_table(target: Side, name: str, sent: Contents) -> None:
    columns = target.inventory.tables[name].columns
    arrived = read_contents(target.connection, target.name(name), columns)
    if arrived != sent:
        raise TransferUnequal(
            f"of `{name}` {sent.rows} rows left, {arrived.rows} arrived, "
            "or their values differ",
            help="nothing was kept; is the target written to by others?",
        )


def _set_sequences(source: Side, target: Side) -> None:
    """Let numbers go on where they are."""
    known = {*target.inventory.sequences}
    for name in source.inventory.sequences:
        if name not in known:
            continue
        question = sql.SQL("SELECT last_value, is_called FROM {}")
        state = source.connection.execute(question.format(source.name(name)))
        sequence = target.name(name).as_string(target.connection)
        for last_value, is_called in state.fetchall():
            values = (sequence, last_value, is_called)
            target.connection.execute("SELECT setval(%s, %s, %s)", values)


def _schedule_policies(target: Side, *, scheduled: bool) -> None:
    if target.inventory.profile != "native":
        values = (scheduled, target.inventory.schema)
        target.connection.execute(_POLICIES, values)


@contextmanager
def _connect(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            application_name="datalayer transfer",
            client_encoding="utf8",
        )
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield connection
    finally:
        # Not `with`, which would commit; what is unfinished must roll back.
        connection.close()


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise TransferFailed(
            f"not enough rights: {error.diag.message_primary}",
            help="connect to the target as its owner, and a superuser or with SET on "
            "the parameter session_replication_role",
        ) from error
    except psycopg.Error as error:
        text = error.diag.message_primary or " ".join(str(error).split())
        raise TransferFailed(
            f"the transfer stopped: {text}",
            help="the source is as it was; run again",
        ) from error


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
