"""Keep the target's triggers quiet while rows arrive that they have seen before.

What they would write - history, marks of late hours, references - arrives as rows. The
triggers of the extension itself must fire: they tell aggregates what changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql
from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.migrate.transfer.inventory import Side

_TRIGGERS = """\
SELECT
    pg_class.relname::text AS table_name,
    pg_trigger.tgname::text AS name,
    pg_get_triggerdef(pg_trigger.oid) AS definition,
    pg_trigger.tgenabled = 'A' AS is_always
FROM pg_catalog.pg_trigger
INNER JOIN pg_catalog.pg_class ON pg_class.oid = pg_trigger.tgrelid
WHERE
    pg_class.relnamespace = %s::regnamespace
    AND NOT pg_class.relispartition
    AND NOT pg_trigger.tgisinternal
    -- The extension's own.
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_depend
        WHERE
            pg_depend.classid = 'pg_proc'::regclass
            AND pg_depend.objid = pg_trigger.tgfoid
            AND pg_depend.deptype = 'e'
    )
ORDER BY pg_class.relname, pg_trigger.tgname
"""


@dataclass(frozen=True, slots=True)
class _Trigger:
    table_name: str
    name: str
    definition: str
    is_always: bool


@contextmanager
def silenced(target: Side) -> Iterator[None]:
    """Silence the triggers of all tables until the end of the block.

    In one transaction with what happens meanwhile: after an error they are as before.
    """
    connection, inventory = target.connection, target.inventory
    with connection.cursor(row_factory=class_row(_Trigger)) as cursor:
        triggers = cursor.execute(_TRIGGERS, (inventory.schema,)).fetchall()
    # Hypertables take no DISABLE TRIGGER.
    dropped = [t for t in triggers if t.table_name in inventory.hypertables]
    always = [t for t in triggers if t.is_always and t not in dropped]
    for trigger in dropped:
        _run(target, trigger, "DROP TRIGGER {trigger} ON {table}")
    for trigger in always:
        _run(target, trigger, "ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    yield
    for trigger in always:
        command = "ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
        _run(target, trigger, command)
    for trigger in dropped:
        connection.execute(trigger.definition.encode())


@contextmanager
def as_replica(target: Side) -> Iterator[None]:
    """Silence all other triggers, those of foreign keys too."""
    target.connection.execute("SET LOCAL session_replication_role = replica")
    yield
    target.connection.execute("SET LOCAL session_replication_role = origin")


def _run(target: Side, trigger: _Trigger, command: LiteralString) -> None:
    target.connection.execute(
        sql.SQL(command).format(
            table=target.name(trigger.table_name),
            trigger=sql.Identifier(trigger.name),
        )
    )
