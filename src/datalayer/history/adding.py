"""Write the migration that begins the history of a table of a project."""

from __future__ import annotations

import difflib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg

from datalayer.history.catalog import (
    find_table,
    list_tables,
    read_table,
    read_triggers,
    taken_names,
)
from datalayer.history.errors import (
    HistoryError,
    HistoryExistsError,
    HistoryNameClash,
    HistoryTableError,
    HistoryTriggerOrderError,
)
from datalayer.history.migration_text import HistoryPlan, migration_text
from datalayer.history.naming import history_names, quote_name
from datalayer.history.options import check_durations, command_lines, declare
from datalayer.history.placement import PlannedFile, file_stem, place
from datalayer.migrate import migrate
from datalayer.server import scratch_database, use_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalayer.history.catalog import FoundTable
    from datalayer.history.options import HistoryOptions

_KINDS = {
    "f": "a foreign table",
    "m": "a materialized view",
    "v": "a view",
}
_PROFILE = "native"
_HAS_SUPPORT = "SELECT to_regproc('datalayer_close_history') IS NOT NULL"


@dataclass(frozen=True, slots=True)
class AddedHistory:
    """What `datalayer history add` writes."""

    #: The migration, in a file for each profile or in one.
    migrations: tuple[PlannedFile, ...]
    #: What the migration needs and the project had not, to be written first.
    maintenance: tuple[PlannedFile, ...]
    #: Whether the table is taken for a hypertable under TimescaleDB.
    is_hypertable: bool


def plan_history(
    migrations: Path, options: HistoryOptions, *, server_url: str | None = None
) -> AddedHistory:
    """Return the files that begin the history of a table; write nothing.

    The migrations run in a scratch database, where the table is looked at and the new
    one is tried. Raises a `HistoryError` when the options do not fit the table.
    """
    check_durations(options)
    with _scratch(server_url) as url:
        if migrations.is_dir():
            migrate(url, migrations, profile=_PROFILE)
        with psycopg.connect(url) as connection:
            return _plan(connection, migrations, options)


def write_history(added: AddedHistory) -> None:
    """Write the files of a plan."""
    for file in (*added.maintenance, *added.migrations):
        file.path.parent.mkdir(parents=True, exist_ok=True)
        # Never over something that came meanwhile.
        with file.path.open("x", encoding="utf-8") as opened:
            opened.write(file.text)


def _plan(
    connection: psycopg.Connection, migrations: Path, options: HistoryOptions
) -> AddedHistory:
    found = _find(connection, options.table)
    table = found.table
    _refuse_kind(found)
    _refuse_clashes(connection, found)
    declaration = declare(options, table)
    _refuse_earlier_trigger(connection, found)
    row = connection.execute(_HAS_SUPPORT).fetchone()
    placement = place(
        migrations, options, table.name, has_maintenance=row is not None and row[0]
    )
    plan = HistoryPlan(
        table=table,
        declaration=declaration,
        command=command_lines(options, declaration),
        requires=placement.requires,
        step=options.step,
        retain=options.retain,
        grants=tuple(_role(role) for role in options.grants),
        is_hypertable=placement.is_hypertable,
    )
    files = tuple(
        PlannedFile(
            placement.path(file_stem(table.name), profile),
            migration_text(plan, profile),
        )
        for profile in placement.profiles
    )
    added = AddedHistory(files, placement.maintenance, placement.is_hypertable)
    _try(connection, added, migration_text(plan, _PROFILE), plan.grants)
    return added


def _find(connection: psycopg.Connection, name: str) -> FoundTable:
    oid = find_table(connection, name)
    if oid is None:
        known = list_tables(connection)
        near = difflib.get_close_matches(name, known, n=3) or known[:10]
        listed = ", ".join(f"`{each}`" for each in near)
        raise HistoryTableError(
            f"the migrations make no table `{name}`",
            help=f"there is {listed}" if listed else "write its migration first",
        )
    found = read_table(connection, oid)
    if found.table.is_in_path:
        return found
    # Types are named as the migration will see them.
    connection.execute(
        "SELECT set_config('search_path', "
        "format('%%I, %%I, pg_temp', %s::text, current_schema()), TRUE)",
        (found.table.schema,),
    )
    seen = read_table(connection, oid)
    connection.rollback()
    return replace(seen, table=replace(seen.table, is_in_path=False))


def _refuse_kind(found: FoundTable) -> None:
    name = found.table.name
    if found.kind in _KINDS:
        raise HistoryTableError(
            f"`{name}` is {_KINDS[found.kind]}",
            help="track the table that the rows are in",
        )
    if found.kind not in ("r", "p"):
        raise HistoryTableError(f"`{name}` is no table")
    if found.is_partition:
        raise HistoryTableError(
            f"`{name}` is a partition",
            help="track the whole table: its partitions are included",
        )


def _refuse_clashes(connection: psycopg.Connection, found: FoundTable) -> None:
    names = history_names(found.table.name)
    purposes = ("entity", "entity_ref", "status_changes", "changed_fields", "time")
    taken = taken_names(
        connection,
        schema=found.table.schema,
        table=found.oid,
        relations=[
            names.history,
            names.default_partition,
            names.primary_key,
            *map(names.index, purposes),
        ],
        triggers=[names.trigger, names.refuse_key_change, names.refuse_truncate],
        function=names.function,
    )
    if names.trigger in taken:
        raise HistoryExistsError(
            f"`{found.table.name}` has a history already",
            help="for a new column, replace the function in a migration of your own",
        )
    if taken:
        raise HistoryNameClash(
            f"there is a `{taken[0]}` already, which the history needs as a name",
            help="rename it in a migration",
        )


def _refuse_earlier_trigger(connection: psycopg.Connection, found: FoundTable) -> None:
    own = history_names(found.table.name).trigger
    for trigger in read_triggers(connection, found.oid):
        # PostgreSQL fires them in the order of their names, byte by byte.
        earlier = trigger.name.encode() < own.encode()
        if trigger.is_after_row and earlier and not trigger.is_deferrable:
            table, name = quote_name(found.table.name), quote_name(trigger.name)
            raise HistoryTriggerOrderError(
                f"the trigger `{trigger.name}` would fire before `{own}`: what it "
                "changes would be recorded before what it reacts to",
                help="rename it in a migration: "
                f"`ALTER TRIGGER {name} ON {table} "
                f"RENAME TO {quote_name('zz_' + trigger.name)}`",
            )


def _role(name: str) -> str:
    return "public" if name.lower() == "public" else quote_name(name)


def _try(
    connection: psycopg.Connection,
    added: AddedHistory,
    text: str,
    grants: tuple[str, ...],
) -> None:
    """Run what was written, and take it back."""
    roles = [
        f"DO $do$ BEGIN CREATE ROLE {role}; "
        "EXCEPTION WHEN duplicate_object THEN END $do$"
        for role in grants
        if role != "public"
    ]
    try:
        for statement in (*roles, *(file.text for file in added.maintenance), text):
            # The text is the project's own and this package's.
            connection.execute(statement.encode())
    except psycopg.Error as error:
        raise HistoryError(
            f"PostgreSQL refuses the migration that was written: {error}"
        ) from error
    finally:
        connection.rollback()


@contextmanager
def _scratch(server_url: str | None) -> Iterator[str]:
    if server_url is not None:
        with scratch_database(server_url) as url:
            yield url
        return
    with use_server() as server:
        yield server.url()
