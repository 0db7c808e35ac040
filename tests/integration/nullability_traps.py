"""The schema of the traps, put together from those of their tables."""

from __future__ import annotations

import nullability_exact_cases
import nullability_function_cases
import nullability_reference_cases
import nullability_schema
import nullability_values

ROWS = (
    nullability_schema.ROWS
    + nullability_values.ROWS
    + nullability_reference_cases.ROWS
    + nullability_exact_cases.ROWS
    + nullability_function_cases.ROWS
)
WORLDS = nullability_schema.WORLDS + nullability_reference_cases.WORLDS


def schema(major: int) -> str:
    """Return the statements that create everything on a server of that version."""
    return (
        nullability_schema.schema(major)
        + nullability_values.SCHEMA
        + nullability_reference_cases.SCHEMA
        + nullability_exact_cases.SCHEMA
        + nullability_function_cases.SCHEMA
    )
