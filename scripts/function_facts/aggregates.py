"""Aggregates, tried over rows of values that are not NULL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from function_facts.calls import Connection
from function_facts.samples import SAMPLES

_AGGREGATES = """
SELECT
    proname::text,
    ARRAY(
        SELECT typname::text
        FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(type, position)
        INNER JOIN pg_catalog.pg_type AS t ON t.oid = a.type
        ORDER BY position
    ),
    aggkind::text,
    aggnumdirectargs
FROM pg_catalog.pg_aggregate
INNER JOIN pg_catalog.pg_proc ON pg_proc.oid = aggfnoid
WHERE pg_proc.oid < 16384
ORDER BY pg_proc.oid
"""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of PostgreSQL."""

    name: str
    arguments: tuple[str, ...]
    kind: str
    direct: int

    @property
    def signature(self) -> str:
        """Return the name with the types of its arguments."""
        return f"{self.name}({','.join(self.arguments)})"


def list_aggregates(connection: Connection) -> list[Aggregate]:
    """Return all aggregates whose arguments are known, by their OIDs."""
    found = [
        Aggregate(name, tuple(arguments), kind, direct)
        for name, arguments, kind, direct in connection.execute(_AGGREGATES).fetchall()
    ]
    return [each for each in found if all(SAMPLES.get(t) for t in each.arguments)]


def find_null(
    connection: Connection, aggregate: Aggregate, *, nulls: Sequence[int] = ()
) -> tuple[int, str | None]:
    """Return how many calls gave a value, and the first one that gave NULL.

    The arguments at the places `nulls` are NULL as well.
    """
    answers = 0
    for query in _queries(aggregate, nulls):
        result = connection.pgconn.exec_(query.encode())
        values = [result.get_value(row, 0) for row in range(result.ntuples)]
        if None in values:
            return answers, query
        answers += bool(values)
    return answers, None


def _queries(aggregate: Aggregate, nulls: Sequence[int]) -> Iterator[str]:
    """Yield aggregations of each single row, each pair of rows, and all rows."""
    choices = [
        [_literal(sample, type_) for sample in SAMPLES[type_]]
        for type_ in aggregate.arguments
    ]
    for place in nulls:
        choices[place].append(f"NULL::{choices[place][0].rpartition('::')[2]}")
    rows = [f"({', '.join(row)})" for row in product(*choices)] if choices else ["(1)"]
    rows = rows[:: max(1, len(rows) // 60)]
    groups = [[row] for row in rows] + [rows, rows[:2], rows[-2:]]
    groups += [[first, second] for first, second in pairwise(rows)]
    for group in groups:
        columns = ", ".join(f"c{i}" for i in range(max(1, len(choices))))
        source = f"(VALUES {', '.join(group)}) AS v ({columns})"
        yield f"SELECT {_call(aggregate)} FROM {source} {_grouping(aggregate)}"  # noqa: S608


def _literal(sample: str, type_: str) -> str:
    name = f'"{type_}"' if type_ == "char" else type_
    return sample if "::" in sample or type_ == "record" else f"{sample}::{name}"


def _call(aggregate: Aggregate) -> str:
    columns = [f"c{index}" for index in range(len(aggregate.arguments))]
    name = f'pg_catalog."{aggregate.name}"'
    if aggregate.kind == "n":
        return f"{name}({', '.join(columns) or '*'})"
    direct, ordered = columns[: aggregate.direct], columns[aggregate.direct :]
    # What a hypothetical row has is compared with as many columns.
    ordered = ordered or columns
    return f"{name}({', '.join(direct)}) WITHIN GROUP (ORDER BY {', '.join(ordered)})"


def _grouping(aggregate: Aggregate) -> str:
    columns = [f"c{index}" for index in range(aggregate.direct)]
    return f"GROUP BY {', '.join(columns)}" if columns else ""
