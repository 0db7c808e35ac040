"""Columns of set-returning functions, tried in the same way."""

from __future__ import annotations

from dataclasses import dataclass

from function_facts.calls import Connection, Target, list_calls

_MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Columns:
    """What came of calls of one function that returns rows."""

    target: Target
    #: How many calls gave a row.
    answers: int
    #: For each column the first call that gave NULL there, or None.
    nulls: tuple[str | None, ...]


def attack_columns(connection: Connection, target: Target, most: int) -> Columns:
    """Call a function with arguments that are not NULL, and look at all its rows."""
    answers = 0
    nulls: list[str | None] = []
    for call in list_calls(target, range(len(target.function.arguments)), most):
        query = f"SELECT * FROM {call} LIMIT {_MOST_ROWS}"  # noqa: S608
        result = connection.pgconn.exec_(query.encode())
        answers += result.ntuples > 0
        nulls += [None] * (result.nfields - len(nulls))
        for column in range(result.nfields):
            rows = range(result.ntuples)
            if any(result.get_value(row, column) is None for row in rows):
                nulls[column] = nulls[column] or call
    return Columns(target, answers, tuple(nulls))
