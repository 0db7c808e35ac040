"""Which tables a statement reads or writes, views and functions included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from datalayer.proving import questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from datalayer.proving.scouting import Scout

_FUNCTION = "datalayer_statement"


@dataclass(slots=True)
class Dependencies:
    """The relations that must hold rows before a statement can return any."""

    tables: set[int] = field(default_factory=set)
    #: Those that are computed from the tables on demand.
    materialized_views: set[int] = field(default_factory=set)
    _seen: set[tuple[bool, int]] = field(default_factory=set)


def dependencies(
    connection: Connection[Any], sql: str, parameter_types: Sequence[int]
) -> Dependencies:
    """Return what a statement depends on; nothing if PostgreSQL does not tell."""
    found = Dependencies()
    try:
        with connection.transaction(force_rollback=True):
            _follow_object(
                connection, "pg_proc", _create(connection, sql, parameter_types), found
            )
    except psycopg.DatabaseError:
        # SHOW, CALL and the like are no body of a function.
        return Dependencies()
    return found


def follow_references(
    connection: Connection[Any], found: Dependencies, scout: Scout
) -> None:
    """Add the tables that foreign keys lead to, and what those need in turn."""
    todo = list(found.tables)
    while todo:
        for key in scout.table(todo.pop()).foreign_keys:
            before = set(found.tables)
            _follow(connection, True, key.target, found)
            todo += found.tables - before


def _create(
    connection: Connection[Any], sql: str, parameter_types: Sequence[int]
) -> int:
    names = [
        name
        for (name,) in connection.execute(
            questions.TYPE_NAMES, (list(parameter_types),)
        )
    ]
    text = (
        f"CREATE FUNCTION pg_temp.{_FUNCTION}({', '.join(names)}) RETURNS void"
        f" LANGUAGE sql BEGIN ATOMIC {sql}\n; END"
    )
    with psycopg.RawCursor(connection) as cursor:
        cursor.execute(text.encode())
        cursor.execute(questions.OWN_FUNCTION, [_FUNCTION])
        row = cursor.fetchone()
    assert row is not None
    oid: int = row[0]
    return oid


def _follow_object(
    connection: Connection[Any], catalog: str, oid: int, found: Dependencies
) -> None:
    for is_relation, target in connection.execute(
        questions.DEPENDENCIES, (catalog, oid)
    ).fetchall():
        _follow(connection, is_relation, target, found)


def _follow(
    connection: Connection[Any], is_relation: bool, oid: int, found: Dependencies
) -> None:
    if (is_relation, oid) in found._seen:
        return
    found._seen.add((is_relation, oid))
    if is_relation:
        _follow_relation(connection, oid, found)
        return
    _follow_object(connection, "pg_proc", oid, found)
    for named_relation, named in connection.execute(
        questions.NAMED_IN_FUNCTION, {"oid": oid}
    ).fetchall():
        _follow(connection, named_relation, named, found)


def _follow_relation(
    connection: Connection[Any], oid: int, found: Dependencies
) -> None:
    row = connection.execute(questions.RELATION, (oid,)).fetchone()
    if row is None:
        return
    kind, root, is_internal = row
    if kind in ("r", "p", "f") and not is_internal:
        found.tables.add(root)
        # What they look at must be right before a transaction may end.
        for (function,) in connection.execute(
            questions.DEFERRED_TRIGGERS, (oid,)
        ).fetchall():
            _follow(connection, False, function, found)
    elif kind in ("v", "m"):
        if kind == "m":
            found.materialized_views.add(oid)
        for (rule,) in connection.execute(questions.VIEW_RULE, (oid,)).fetchall():
            _follow_object(connection, "pg_rewrite", rule, found)
