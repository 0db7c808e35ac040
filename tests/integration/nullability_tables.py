"""The whole truth set: queries with confirmed answers, by what they are about."""

from __future__ import annotations

import nullability_values
from nullability_cases import (
    COLUMNS,
    EXPRESSIONS,
    FUNCTIONS,
    GROUPS,
    JOINS,
    NARROWING,
    QUERIES,
    RETURNING,
    Case,
)
from nullability_cases import ELEMENTS as ARRAYS
from nullability_kinds import KINDS, KINDS_OF_ELEMENTS
from nullability_value_cases import CALLS, COMPOSITES, DOCUMENTS, VALUE_ELEMENTS

__all__ = ["CASES", "ELEMENTS", "TABLES", "Case"]

TABLES: dict[str, list[Case]] = {
    "columns": COLUMNS,
    "joins": JOINS,
    "narrowing": NARROWING,
    "expressions": EXPRESSIONS,
    "groups and windows": GROUPS,
    "subqueries and sets": QUERIES,
    "functions": FUNCTIONS,
    "writes": RETURNING,
    "kinds of nodes": KINDS,
    "calls": CALLS,
    "composites and subscripts": COMPOSITES,
    "documents": DOCUMENTS,
    "checked values": nullability_values.CASES,
    "checked values that are written": nullability_values.WRITTEN,
}
CASES = [case for table in TABLES.values() for case in table]
ELEMENTS = [*ARRAYS, *KINDS_OF_ELEMENTS, *VALUE_ELEMENTS]
