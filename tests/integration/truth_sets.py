"""The whole truth set: queries with confirmed answers, by what they are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import application_cases as application
import application_schema
import nullability_exact_cases as exact
import nullability_function_cases
import nullability_reference_cases
import nullability_schema
import nullability_traps
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

__all__ = ["APPLICATION", "CASES", "ELEMENTS", "TRAPS", "Case", "TruthSet"]


@dataclass(frozen=True, slots=True)
class TruthSet:
    """Queries on one schema, by what they are about."""

    tables: dict[str, list[Case]]
    #: The statements for a major version of the server.
    schema: Callable[[int], str]
    rows: str
    worlds: tuple[str, ...]
    #: What fills its tables with that many rows more.
    large_rows: Callable[[int], str]

    @property
    def cases(self) -> list[Case]:
        """Return the cases of all tables."""
        return [case for table in self.tables.values() for case in table]


TRAPS = TruthSet(
    {
        "columns": COLUMNS,
        "joins": JOINS,
        "narrowing": NARROWING,
        "expressions": EXPRESSIONS,
        "groups and windows": GROUPS,
        "subqueries and sets": QUERIES,
        "functions": FUNCTIONS,
        "writes": RETURNING,
        "functions of users": nullability_function_cases.CASES,
        "kinds of nodes": KINDS,
        "calls": CALLS,
        "composites and subscripts": COMPOSITES,
        "documents": DOCUMENTS,
        "foreign keys": nullability_reference_cases.CASES,
        "lengths of sets": exact.SETS,
        "groupings": exact.GROUPINGS,
        "counts": exact.COUNTS,
        "first elements and paths": exact.FIRSTS,
        "rules and views": exact.RULED,
        "bounds of ranges": exact.BOUNDS,
        "checked values": nullability_values.CASES,
        "checked values that are written": nullability_values.WRITTEN,
    },
    nullability_traps.schema,
    nullability_traps.ROWS,
    nullability_traps.WORLDS,
    nullability_schema.large_rows,
)
APPLICATION = TruthSet(
    {
        "application: look-ups": application.LOOKUPS,
        "application: joins": application.JOINED,
        "application: reports": application.REPORTS,
        "application: trees": application.TREES,
        "application: changes": application.CHANGES,
    },
    lambda _major: application_schema.SCHEMA,
    application_schema.ROWS,
    application_schema.WORLDS,
    application_schema.large_rows,
)
#: One trap or rule a line; the others are longer, and hold several each.
CASES = TRAPS.cases
ELEMENTS = [*ARRAYS, *KINDS_OF_ELEMENTS, *VALUE_ELEMENTS]
