"""Whether the columns, the triggers and the function of a history are as declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.history.catalog import read_triggers
from datalayer.history.findings import Finding
from datalayer.history.function_text import function_body
from datalayer.history.naming import quote_name
from datalayer.history.values import SETTINGS, needed_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection

    from datalayer.history.catalog import Trigger
    from datalayer.history.live import LiveHistory

#: `pg_trigger.tgtype`: row 1, before 2, insert 4, delete 8, update 16, truncate 32.
_AFTER_ROW_ANY, _BEFORE_ROW_UPDATE, _BEFORE_ROW_CHANGE, _BEFORE_TRUNCATE = (
    29,
    19,
    27,
    34,
)
_ROW = 1
_ALL = """
WITH RECURSIVE part AS (
    SELECT %s::oid AS oid
    UNION ALL
    SELECT pg_inherits.inhrelid
    FROM part
    INNER JOIN pg_inherits ON part.oid = pg_inherits.inhparent
)
SELECT oid::bigint, oid::regclass::text FROM part ORDER BY oid::regclass::text
"""
_REFUSE = "datalayer_refuse_change"
_REGENERATE = "write a migration with the function that `history add` writes now"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A trigger that must be there."""

    relation: int
    #: The relation as SQL, and that which it is a partition of.
    shown: str
    parent: str | None
    name: str
    type: int
    function: int | None
    is_hypertable: bool
    purpose: str


def check_columns(history: LiveHistory) -> Iterator[Finding]:
    """Find columns that nobody declared, and declared ones that are gone."""
    live = history.found.table.column_names
    for name in live:
        if name not in history.declaration.columns:
            yield Finding(
                history.shown,
                "undeclared-column",
                f"the column `{name}` is not declared",
                help="track or ignore it in a migration that replaces the function "
                "and its comment",
            )
    for name in sorted(history.declaration.columns - set(live)):
        yield Finding(
            history.shown,
            "missing-column",
            f"the column `{name}` is declared, and gone",
            help="leave it out in a migration that replaces the function and its "
            "comment",
        )


def check_function(history: LiveHistory) -> Iterator[Finding]:
    """Find out whether the function is what the generator would write now."""
    function, table = history.function, history.declared_table
    if history.declaration.columns - set(table.column_names):
        return
    named = f"{quote_name(function.name)}()"
    if function.source != function_body(table, history.declaration):
        yield Finding(
            history.shown,
            "function-differs",
            f"`{named}` is not what would be written for these columns",
            help=_REGENERATE,
        )
    if not function.is_definer:
        yield Finding(
            history.shown,
            "function-settings",
            f"`{named}` is not SECURITY DEFINER: writers need rights on the history",
            help=f"ALTER FUNCTION {named} SECURITY DEFINER",
        )
    values = function.setting_values
    if function.path[-1:] != ["pg_temp"] or function.schema not in function.path:
        yield Finding(
            history.shown,
            "function-settings",
            f"`{named}` has no search_path of its schema that ends in `pg_temp`: "
            "other tables can take the place of the history",
            help=f"ALTER FUNCTION {named} SET search_path = "
            f"{quote_name(function.schema)}, pg_temp",
        )
    for name in needed_settings(table, history.declaration):
        wanted = SETTINGS[name].value
        if values.get(name, "").lower() != wanted.lower():
            yield Finding(
                history.shown,
                "function-settings",
                f"`{named}` does not set {name}: what it writes depends on the session",
                help=f"ALTER FUNCTION {named} SET {name} = '{wanted}'",
            )


def check_triggers(connection: Connection, history: LiveHistory) -> Iterator[Finding]:
    """Find triggers that are missing, disabled, altered, or fire too early."""
    names = {
        root: connection.execute(_ALL, (root,)).fetchall()
        for root in (history.found.oid, history.history)
    }
    triggers: dict[int, dict[str, Trigger]] = {}
    for wanted in _wanted(history, names):
        if wanted.relation not in triggers:
            found = read_triggers(connection, wanted.relation)
            triggers[wanted.relation] = {trigger.name: trigger for trigger in found}
        trigger = triggers[wanted.relation].get(wanted.name)
        yield from _check_trigger(history, wanted, trigger)
    yield from _check_order(history, triggers[history.found.oid].values())


def _wanted(
    history: LiveHistory, relations: dict[int, list[tuple[int, str]]]
) -> Iterator[_Wanted]:
    names, records = history.names, "changes are recorded"
    append, truncate = "history is append-only", "TRUNCATE is refused"
    tracked = (
        (names.trigger, _AFTER_ROW_ANY, history.function.oid, records),
        (names.refuse_key_change, _BEFORE_ROW_UPDATE, None, "the key stays"),
        (names.refuse_truncate, _BEFORE_TRUNCATE, None, truncate),
    )
    kept = (
        (names.append_only, _BEFORE_ROW_CHANGE, None, append),
        (names.refuse_truncate, _BEFORE_TRUNCATE, None, truncate),
    )
    for root, triggers, is_hypertable in (
        (history.found.oid, tracked, history.is_hypertable),
        (history.history, kept, history.history_is_hypertable),
    ):
        shown = dict(relations[root])
        for oid, relation in shown.items():
            parent = None if oid == root else shown[root]
            for name, kind, function, purpose in triggers:
                # Chunks are reached by name only by who may do anything with them.
                if not kind & _ROW and is_hypertable and parent:
                    continue
                yield _Wanted(
                    oid, relation, parent, name, kind, function, is_hypertable, purpose
                )


def _check_trigger(
    history: LiveHistory, wanted: _Wanted, trigger: Trigger | None
) -> Iterator[Finding]:
    name, relation = quote_name(wanted.name), wanted.shown
    if trigger is None:
        yield Finding(
            history.shown,
            "missing-trigger",
            f"`{relation}` has no trigger `{name}`, by which {wanted.purpose}",
            help=_creation(wanted),
        )
        return
    if not _is_as_written(trigger, wanted):
        yield Finding(
            history.shown,
            "altered-trigger",
            f"the trigger `{name}` on `{relation}` is not the one that was written",
            help="drop it, and create it as the migration of the history does",
        )
    allowed = "AO" if wanted.is_hypertable else "A"
    if trigger.enabled not in allowed:
        state = "is disabled" if trigger.enabled == "D" else "does not fire always"
        yield Finding(
            history.shown,
            "disabled-trigger",
            f"the trigger `{name}` on `{relation}` {state}",
            help=f"ALTER TABLE {relation} ENABLE ALWAYS TRIGGER {name}",
        )


def _is_as_written(trigger: Trigger, wanted: _Wanted) -> bool:
    if wanted.function is None:
        is_right_function = trigger.function_name == _REFUSE
    else:
        is_right_function = trigger.function == wanted.function
    # Only a change of the key is refused on a condition.
    has_condition = wanted.type == _BEFORE_ROW_UPDATE
    return (
        is_right_function
        and trigger.type == wanted.type
        and trigger.has_condition is has_condition
        and not trigger.has_columns
    )


def _creation(wanted: _Wanted) -> str:
    if wanted.parent is None or wanted.type != _BEFORE_TRUNCATE:
        return "create it as the migration of the history does"
    return f"SELECT datalayer_protect_partition('{wanted.parent}', '{wanted.shown}')"


def _check_order(
    history: LiveHistory, triggers: Iterable[Trigger]
) -> Iterator[Finding]:
    own = history.names.trigger.encode()
    for trigger in triggers:
        earlier = trigger.name.encode() < own
        if trigger.is_after_row and earlier and not trigger.is_deferrable:
            yield Finding(
                history.shown,
                "earlier-trigger",
                f"the trigger `{trigger.name}` fires before that of history",
                help=f"ALTER TRIGGER {quote_name(trigger.name)} ON {history.shown} "
                f"RENAME TO {quote_name('zz_' + trigger.name)}",
            )
