"""Whether the constraints that `@raises` names are there."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, LiteralString

from datalayer.codegen.directive_errors import directive_error

if TYPE_CHECKING:
    from psycopg import Connection

    from datalayer.model import QuerySource

# All that an error of class 23 names: checks, keys, exclusions, and unique indexes that
# belong to no constraint.
_CONSTRAINTS: LiteralString = """
SELECT conname::text
FROM pg_catalog.pg_constraint
WHERE contype IN ('c', 'f', 'p', 'u', 'x')
UNION
SELECT relname::text
FROM pg_catalog.pg_index
INNER JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
WHERE indisunique AND relnamespace <> 'pg_catalog'::regnamespace
"""


def check_raises(connection: Connection[Any], source: QuerySource) -> None:
    """Raise `DirectiveError` when a query names a constraint that is not there."""
    if not source.raises:
        return
    names = {row[0] for row in connection.execute(_CONSTRAINTS)}
    for said in source.raises:
        if said.constraint in names:
            continue
        near = difflib.get_close_matches(said.constraint, names, n=1)
        help = f"did you mean `{near[0]}`?" if near else "do the migrations create it?"
        message = f"no constraint is named `{said.constraint}`"
        raise directive_error(
            source, said.location, message, help, length=len(said.constraint)
        )
