"""How many rows an INSERT, UPDATE, DELETE or MERGE returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import make_scope
from datalayer.codegen.inference.outcomes import Environment
from datalayer.codegen.inference.returning import (
    DELETE,
    DO_UPDATE,
    INSERT,
    UPDATE,
    commands_of,
)
from datalayer.codegen.inference.singles import input_at_most_one, target_at_most_one
from datalayer.model import RowCount

if TYPE_CHECKING:
    from datalayer.codegen.catalog import Relation
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

_VIEWS = frozenset({"v", "m"})


def written_rows(query: Node, parent: Environment | None, session: Session) -> RowCount:
    """Return what is certain about the rows that RETURNING gives."""
    environment = Environment(session, make_scope(query), parent, joined=False)
    entry = environment.scope.entry(query.number("resultRelation"))
    relation = session.catalog.relation(entry.number("relid")) if entry else None
    if not query.items("returningList") or relation is None:
        return RowCount()
    if relation.rules & commands_of(query):
        return RowCount()
    command = query.number("commandType")
    if command in {UPDATE, DELETE}:
        return RowCount(at_most_one=target_at_most_one(environment))
    if command != INSERT or query.flag("hasTargetSRFs"):
        return RowCount()
    source = session.rules.input_rows(query, parent, session)
    return RowCount(
        at_least_one=source.at_least_one and _always_inserts(query, relation),
        at_most_one=input_at_most_one(environment, ()),
    )


def _always_inserts(query: Node, relation: Relation) -> bool:
    """Return whether each row that arrives is stored and returned.

    A trigger that fires before may drop it, and so may a view or a foreign table.
    """
    if relation.kind in _VIEWS or relation.has_foreign_part:
        return False
    if "INSERT" in relation.row_triggers:
        return False
    conflict = query.node("onConflict")
    if conflict is None:
        return True
    # A WITH query that changes the same row makes the update lose it.
    return (
        conflict.number("action") == DO_UPDATE
        and conflict.node("onConflictWhere") is None
        and not query.flag("hasModifyingCTE")
        and not relation.row_triggers
    )
