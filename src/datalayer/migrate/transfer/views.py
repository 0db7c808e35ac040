"""Compute the materialised views of the target, whose tables have arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import scalar_row

from datalayer.migrate.transfer.events import Refreshing

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalayer.migrate.transfer.events import TransferEvent
    from datalayer.migrate.transfer.inventory import Side

# One that reads another one was created after it. Those of an extension are its own.
_VIEWS = """\
SELECT relname::text
FROM pg_catalog.pg_class
WHERE
    relnamespace = %s::regnamespace
    AND relkind = 'm'
    AND relispopulated
    AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_depend
        WHERE
            pg_depend.classid = 'pg_class'::regclass
            AND pg_depend.objid = pg_class.oid
            AND pg_depend.deptype = 'e'
    )
ORDER BY pg_class.oid
"""


def refresh_views(target: Side, tell: Callable[[TransferEvent], None]) -> None:
    """Refresh each materialised view that the migrations filled."""
    with target.connection.cursor(row_factory=scalar_row) as cursor:
        names = cursor.execute(_VIEWS, (target.inventory.schema,)).fetchall()
    for name in names:
        tell(Refreshing(name))
        command = sql.SQL("REFRESH MATERIALIZED VIEW {}")
        target.connection.execute(command.format(target.name(name)))
