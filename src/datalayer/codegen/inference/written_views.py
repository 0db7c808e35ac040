"""What RETURNING knows about the rows of a view that PostgreSQL writes through.

A written row need not be one that the view shows: its WHERE proves nothing. The old row
was one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.joins import make_scope
from datalayer.codegen.inference.narrow import may_be_null
from datalayer.codegen.inference.outcomes import NULL, Environment, elements
from datalayer.model import ColumnInference

if TYPE_CHECKING:
    from datalayer.codegen.catalog import Relation
    from datalayer.codegen.inference.outcomes import Session
    from datalayer.codegen.nodetree import Node

_VIEW = "v"
_TABLES = frozenset({"r", "p"})
_UNKNOWN = ColumnInference()

Columns = dict[int, ColumnInference]


def written_columns(oid: int, session: Session) -> Columns | None:
    """Return the columns of a view over one table, without triggers and rules."""
    relation, view = session.catalog.relation(oid), session.catalog.view(oid)
    if relation is None or view is None or _may_replace(relation):
        return None
    scope = make_scope(view)
    if len(scope.entries) != 1:
        return None
    behind = scope.entries[0]
    outputs = {
        each.number("resno"): expression
        for each in view.nodes("targetList")
        if not each.flag("resjunk") and (expression := each.node("expr"))
    }
    if behind.text("relkind") == _VIEW:
        return _handed_on(outputs, written_columns(behind.number("relid"), session))
    table = session.catalog.relation(behind.number("relid"))
    if table is None or table.rules or behind.text("relkind") not in _TABLES:
        return None
    inside = Environment(session, scope, joined=False)
    return {
        number: ColumnInference(
            nullable=may_be_null(expression, inside),
            elements_nullable=bool(elements(expression, inside) & NULL),
        )
        for number, expression in outputs.items()
    }


def shown_columns(oid: int, session: Session) -> Columns | None:
    """Return the columns of a view as it shows them, WHERE and all."""
    view = session.catalog.view(oid)
    written = written_columns(oid, session)
    if view is None or written is None:
        return None
    return {
        number: session.rules.query(view, number, None, session) for number in written
    }


def _handed_on(outputs: dict[int, Node], columns: Columns | None) -> Columns | None:
    """Return the columns of a view of a view; what it computes itself is unknown."""
    if columns is None:
        return None
    return {
        number: columns.get(expression.number("varattno"), _UNKNOWN)
        if expression.tag == "VAR"
        else _UNKNOWN
        for number, expression in outputs.items()
    }


def _may_replace(view: Relation) -> bool:
    """Return whether a trigger or a rule may do anything instead of a command."""
    return bool(view.rules or view.row_triggers)
