"""The histories of a live database, found by their declarations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from datalayer.history.catalog import FoundTable, read_table
from datalayer.history.declaration import Declaration, read_comment
from datalayer.history.naming import (
    HistoryNames,
    history_names,
    quote_name,
    unquote_name,
)

if TYPE_CHECKING:
    from psycopg import Connection

    from datalayer.history.model import TrackedTable

_FUNCTIONS = """
SELECT
    pg_proc.oid::bigint AS oid,
    pg_namespace.nspname::text AS schema,
    pg_proc.proname::text AS name,
    pg_proc.prosrc AS source,
    coalesce(pg_proc.proconfig, '{}') AS settings,
    pg_proc.prosecdef AS is_definer,
    obj_description(pg_proc.oid, 'pg_proc') AS comment
FROM pg_proc
INNER JOIN pg_namespace ON pg_proc.pronamespace = pg_namespace.oid
WHERE obj_description(pg_proc.oid, 'pg_proc') LIKE 'datalayer history of %'
ORDER BY schema, name
"""
_RELATION = "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text))::oid::bigint"
_BY_TRIGGER = """
SELECT pg_trigger.tgrelid::bigint
FROM pg_trigger
INNER JOIN pg_class ON pg_trigger.tgrelid = pg_class.oid
WHERE
    pg_trigger.tgfoid = %s
    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = pg_trigger.tgrelid)
ORDER BY pg_trigger.tgrelid
LIMIT 1
"""
_PATH_PART = re.compile(r'"(?:[^"]|"")+"|[^",\s]+')
_HAS_TIMESCALEDB = (
    "SELECT to_regclass('timescaledb_information.hypertables') IS NOT NULL"
)
_IS_HYPERTABLE = """
SELECT EXISTS (
    SELECT
    FROM timescaledb_information.hypertables
    WHERE format('%%I.%%I', hypertable_schema, hypertable_name)::regclass = %s::oid
)
"""


@dataclass(frozen=True, slots=True)
class LiveFunction:
    """A function whose comment declares a history."""

    oid: int
    schema: str
    name: str
    source: str
    #: `pg_proc.proconfig`: `name=value`.
    settings: list[str]
    is_definer: bool
    comment: str

    @property
    def setting_values(self) -> dict[str, str]:
        """Return the settings by their names in lower case."""
        pairs = (each.split("=", 1) for each in self.settings)
        return {name.lower(): value for name, value in pairs}

    @property
    def path(self) -> list[str]:
        """Return the schemas in which the function looks names up."""
        found = _PATH_PART.findall(self.setting_values.get("search_path", ""))
        return [unquote_name(part) for part in found]


@dataclass(frozen=True, slots=True)
class LiveHistory:
    """A history, its table and what was declared."""

    function: LiveFunction
    declaration: Declaration
    #: The name of the table when its history began.
    name: str
    names: HistoryNames
    #: The tracked table; its present name may be another than the declared one.
    found: FoundTable
    #: The object identifier of the table with the history.
    history: int
    is_hypertable: bool
    history_is_hypertable: bool

    @property
    def shown(self) -> str:
        """Return the tracked table as SQL."""
        table = self.found.table
        schema = "" if table.is_in_path else f"{quote_name(table.schema)}."
        return schema + quote_name(table.name)

    @property
    def declared_table(self) -> TrackedTable:
        """Return the table under the name that the function knows it by."""
        return replace(self.found.table, name=self.name)


@dataclass(frozen=True, slots=True)
class LostHistory:
    """A declaration whose table or whose history is gone."""

    table: str
    message: str


def list_functions(connection: Connection) -> list[LiveFunction]:
    """Return the functions of all histories."""
    with connection.cursor(row_factory=class_row(LiveFunction)) as cursor:
        return cursor.execute(_FUNCTIONS).fetchall()


def read_history(
    connection: Connection, function: LiveFunction
) -> LiveHistory | LostHistory:
    """Return the history that a function writes.

    Raises `UnreadableDeclaration` for a comment that does not say.
    """
    named, declaration = read_comment(function.comment)
    name = unquote_name(named)
    names = history_names(name)
    table = _relation(connection, function.schema, name) or _number(
        connection, _BY_TRIGGER, (function.oid,)
    )
    history = _relation(connection, function.schema, names.history)
    if table is None:
        return LostHistory(named, f"the table `{named}` is gone")
    if history is None:
        return LostHistory(named, f"the table `{names.history}` is gone")
    return LiveHistory(
        function=function,
        declaration=declaration,
        name=name,
        names=names,
        found=read_table(connection, table),
        history=history,
        is_hypertable=_is_hypertable(connection, table),
        history_is_hypertable=_is_hypertable(connection, history),
    )


def _relation(connection: Connection, schema: str, name: str) -> int | None:
    return _number(connection, _RELATION, (schema, name))


def _number(
    connection: Connection, question: str, values: tuple[str | int, ...]
) -> int | None:
    with connection.cursor() as cursor:
        row = cursor.execute(question.encode(), values).fetchone()
    return None if row is None else row[0]


def _is_hypertable(connection: Connection, oid: int) -> bool:
    row = connection.execute(_HAS_TIMESCALEDB).fetchone()
    if row is None or not row[0]:
        return False
    found = connection.execute(_IS_HYPERTABLE, (oid,)).fetchone()
    return found is not None and bool(found[0])
