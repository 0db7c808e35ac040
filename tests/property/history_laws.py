"""The laws of history that hold after a program, each looked at by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from history_columns import TABLES, Kind, Table
from history_json import Node, jsonb_text
from history_model import Model, Recorded, State, Version, digest, expected
from history_reading import (
    Observation,
    advance,
    aligned,
    by_key,
    expected_rows,
    fields,
    fold,
    original,
)

Law = Callable[[Observation, Model], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that does not hold, and what shows it."""

    law: str
    shown_by: str


def broken_laws(observation: Observation, model: Model) -> list[Broken]:
    """Every law that is broken, with its first witness."""
    return [
        Broken(law, witness)
        for law, check in LAWS.items()
        if (witness := next(check(observation, model), None)) is not None
    ]


def only_changed_fields(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        order = [column.name for column in table.tracked]
        for row in observation.history[table.name]:
            if row.recorded.operation == "UPDATE":
                yield from _malformed(row.recorded, order)
        for row, version in aligned(observation, model, table):
            wanted = expected(version)
            assert wanted is not None
            missing = set(wanted.changed) - set(row.recorded.changed)
            if missing:
                yield f"changed, but not recorded: {missing} in {row}"


def _malformed(row: Recorded, order: list[str]) -> Iterator[str]:
    old, new = fields(row.old), fields(row.new)
    if list(row.changed) != [name for name in order if name in row.changed]:
        yield f"not the declared fields in their order: {row}"
    elif not set(row.changed) == set(old) == set(new):
        yield f"the keys differ: {row}"
    elif not row.changed or any(old[name] == new[name] for name in row.changed):
        yield f"recorded, though it did not change: {row}"


def one_row_for_a_change(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        found = by_key(row.recorded for row in observation.history[table.name])
        wanted = by_key(expected_rows(model.committed, table))
        for key in sorted(found.keys() | wanted.keys()):
            has, should = (
                Counter(row.operation for row in rows.get(key, ()))
                for rows in (found, wanted)
            )
            if has != should:
                yield f"{table.name} {key}: {dict(has)} instead of {dict(should)}"


def fold_is_the_live_row(observation: Observation, _: Model) -> Iterator[str]:
    for table in TABLES:
        states = fold(observation.history[table.name])
        keys = {key for name, key in observation.live if name == table.name}
        if keys != states.keys():
            yield f"{table} has {keys}, its history {states.keys()}"
        for key in keys & states.keys():
            yield from _drift(table, states[key], observation.live[table.name, key])


def _drift(table: Table, state: Mapping[str, Node], row: State) -> Iterator[str]:
    for column in table.tracked:
        live = row[column.name]
        if column.kind is Kind.DIGEST and live is not None:
            live = jsonb_text(digest(live))
        folded = original(state.get(column.name))
        if folded != live:
            yield f"{table}.{column.name}: {live!r:.200}, in history {folded!r:.200}"


def old_values_are_the_state(observation: Observation, _: Model) -> Iterator[str]:
    for table in TABLES:
        states: dict[int, dict[str, Node]] = {}
        for row in observation.history[table.name]:
            is_new = row.recorded.key not in states
            state = states.get(row.recorded.key, {})
            if is_new != (row.recorded.operation == "INSERT"):
                yield f"no state to come from: {row}"
            for name, old in fields(row.recorded.old).items():
                if state.get(name) != old:
                    yield f"{name} was {state.get(name)!r:.200}, not as in {row}"
            advance(states, row.recorded)


def four_things_stay_four(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        for row, version in aligned(observation, model, table):
            for values, state in (
                (fields(row.recorded.old), version.before),
                (fields(row.recorded.new), version.after),
            ):
                for name, value in values.items():
                    read = original(value)
                    is_document = table.column(name).kind is Kind.DOCUMENT
                    if state and is_document and read != state[name]:
                        yield f"{name} was {state[name]!r}, read as {read!r} in {row}"


def seq_is_the_order_of_versions(
    observation: Observation, model: Model
) -> Iterator[str]:
    for table in TABLES:
        rows = [row.recorded for row in observation.history[table.name]]
        versions = sorted(model.committed, key=lambda version: version.statement)
        wanted = expected_rows(versions, table)
        if Counter(rows) != Counter(wanted):
            continue
        found, should = by_key(rows), by_key(wanted)
        for key in should:
            if found[key] != should[key]:
                yield f"{table.name} {key}: {found[key]} instead of {should[key]}"
        statements = _statements(rows, versions, table)
        if statements != sorted(statements):
            yield f"{table.name}: statements are recorded in the order {statements}"


def _statements(
    rows: list[Recorded], versions: list[Version], table: Table
) -> list[int]:
    """Which statement each row is from, if those of one key are in their order."""
    places: dict[int, list[int]] = {}
    for version in reversed(versions):
        if version.table == table and expected(version) is not None:
            places.setdefault(version.key, []).append(version.statement)
    return [places[row.key].pop() for row in rows]


def undone_work_leaves_nothing(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        found = Counter(row.recorded for row in observation.history[table.name])
        surplus = found - Counter(expected_rows(model.committed, table))
        for row in surplus & Counter(expected_rows(model.undone, table)):
            yield f"rolled back, but recorded: {row}"


def digest_recomputes(observation: Observation, _: Model) -> Iterator[str]:
    for table in TABLES:
        states = fold(observation.history[table.name])
        for key in states:
            for column, by_server in observation.digests.get(
                (table.name, key), {}
            ).items():
                live = observation.live[table.name, key][column]
                said = original(states[key].get(column))
                by_us = None if live is None else jsonb_text(digest(live))
                if not said == by_server == by_us:
                    yield f"{table} {key}: {said}; server {by_server}, here {by_us}"


def contract_to_the_letter(observation: Observation, model: Model) -> Iterator[str]:
    """Also what no law says: references, the rows of INSERT and DELETE, txid."""
    txids: dict[int, set[str]] = {}
    for table in TABLES:
        for row, version in aligned(observation, model, table):
            txids.setdefault(version.transaction, set()).add(row.txid)
            if row.recorded != expected(version):
                yield f"{row} instead of {expected(version)}"
    for transaction, several in txids.items():
        if len(several) > 1:
            yield f"transaction {transaction} has the txids {several}"


LAWS: dict[str, Law] = {
    "law 1: only changed fields": only_changed_fields,
    "law 2: one row for a change": one_row_for_a_change,
    "law 3: the fold is the live row": fold_is_the_live_row,
    "law 4: old values are the state": old_values_are_the_state,
    "law 5: four things stay four": four_things_stay_four,
    "law 6: seq is the order of versions": seq_is_the_order_of_versions,
    "law 7: undone work leaves nothing": undone_work_leaves_nothing,
    "law 9: the digest recomputes": digest_recomputes,
    "the contract to the letter": contract_to_the_letter,
}
SETTINGS_LAW = "law 8: history does not depend on settings"
WRITING_LAW = "law 10: without rights on history, a role can write"
#: Not about history: whether the model knows what statements do to the tables.
MODEL_LAW = "the rows are what the program made them"
FAILING_LAW = "a statement fails when it should"
