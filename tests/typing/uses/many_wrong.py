"""Uses of many rows in and out that a type checker must refuse."""

from __future__ import annotations

import psycopg
from cases.many_rows import entry


def mistakes(connection: psycopg.Connection) -> None:
    """One mistake a line."""
    entry.create_entries(connection, entry.list_notes(connection))  #! arg-type reportArgumentType
    entry.create_weights(connection, entry.CreateWeightsParameters(label="a", weight=1))  #! arg-type reportArgumentType
    entry.relabel(connection, entry.list_notes(connection))[0].label  #! union-attr reportOptionalMemberAccess
    entry.map_entries(connection)["a"]  #! index reportArgumentType
    entry.map_first_entries(connection)["a"].label  #! attr-defined reportAttributeAccessIssue
