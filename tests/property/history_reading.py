"""What tables and their history hold, and what a reader makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from history_columns import Table
from history_json import MARK, Node, Object, jsonb_text, parse_json
from history_model import Model, Recorded, RowId, State, Version, expected


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A row of a history table, with its place."""

    seq: int
    txid: str
    recorded: Recorded


@dataclass(frozen=True, slots=True)
class Observation:
    """What the tables hold after a program."""

    #: For each table, in the order of the reader.
    history: Mapping[str, tuple[HistoryRow, ...]]
    #: The text of each column's value.
    live: Mapping[RowId, State]
    #: What the server's own function makes of the live rows' digested columns.
    digests: Mapping[RowId, Mapping[str, str | None]]


def fields(values: str | None) -> dict[str, Node]:
    """The pairs of old_values or new_values."""
    node = None if values is None else parse_json(values)
    assert node is None or isinstance(node, Object)
    return {} if node is None else node.mapping()


def original(node: Node) -> str | None:
    """The text of the value that was recorded; None is SQL NULL."""
    if node is None:
        return None
    if isinstance(node, Object) and set(node.mapping()) == {MARK}:
        return jsonb_text(node.mapping()[MARK])
    return jsonb_text(node)


def fold(rows: Iterable[HistoryRow]) -> dict[int, dict[str, Node]]:
    """The state of each row that is left after all changes, one after the other."""
    states: dict[int, dict[str, Node]] = {}
    for row in rows:
        advance(states, row.recorded)
    return states


def advance(states: dict[int, dict[str, Node]], row: Recorded) -> None:
    if row.operation == "DELETE":
        states.pop(row.key, None)
    elif row.operation == "INSERT":
        states[row.key] = fields(row.new)
    else:
        states.setdefault(row.key, {}).update(fields(row.new))


def expected_rows(versions: Iterable[Version], table: Table) -> list[Recorded]:
    return [
        row
        for version in versions
        if version.table == table and (row := expected(version)) is not None
    ]


def by_key(rows: Iterable[Recorded]) -> dict[int, list[Recorded]]:
    grouped: dict[int, list[Recorded]] = {}
    for row in rows:
        grouped.setdefault(row.key, []).append(row)
    return grouped


def aligned(
    observation: Observation, model: Model, table: Table
) -> Iterator[tuple[HistoryRow, Version]]:
    """Each row of history with its version, where there are as many as there should."""
    versions: dict[int, list[Version]] = {}
    for version in sorted(model.committed, key=lambda version: version.statement):
        if version.table == table and expected(version) is not None:
            versions.setdefault(version.key, []).append(version)
    rows: dict[int, list[HistoryRow]] = {}
    for row in observation.history[table.name]:
        rows.setdefault(row.recorded.key, []).append(row)
    for key, found in rows.items():
        wanted = versions.get(key, [])
        if [r.recorded.operation for r in found] == [v.operation for v in wanted]:
            yield from zip(found, wanted, strict=True)
