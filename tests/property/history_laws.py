"""The laws of history that hold after a program, each looked at by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from history_json import Node, jsonb_text
from history_model import Model, digest, expected
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
from history_tables import TABLES, Kind

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
        for history_row in observation.history[table.name]:
            row = history_row.recorded
            if row.operation != "UPDATE":
                continue
            old, new = fields(row.old), fields(row.new)
            if list(row.changed) != [name for name in order if name in row.changed]:
                yield f"not the declared fields in their order: {row}"
            elif not set(row.changed) == set(old) == set(new):
                yield f"the keys differ: {row}"
            elif not row.changed or any(old[name] == new[name] for name in row.changed):
                yield f"recorded, though it did not change: {row}"
        for history_row, version in aligned(observation, model, table):
            wanted = expected(version)
            assert wanted is not None
            missing = set(wanted.changed) - set(history_row.recorded.changed)
            if missing:
                yield f"changed, but not recorded: {missing} in {history_row}"


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
            yield f"{table.name} has {keys}, its history {states.keys()}"
        for key in keys & states.keys():
            for column in table.tracked:
                live = observation.live[table.name, key][column.name]
                folded = original(states[key].get(column.name))
                if column.kind is Kind.DIGEST and live is not None:
                    live = jsonb_text(digest(live))
                if folded != live:
                    name = f"{table.name} {key}, {column.name}"
                    yield f"{name}: {live!r:.200}, in history {folded!r:.200}"


def old_values_are_the_state(observation: Observation, _: Model) -> Iterator[str]:
    for table in TABLES:
        states: dict[int, dict[str, Node]] = {}
        for row in observation.history[table.name]:
            state = states.get(row.recorded.key)
            if (state is None) != (row.recorded.operation == "INSERT"):
                yield f"no state to come from: {row}"
            for name, old in fields(row.recorded.old).items():
                if (state or {}).get(name) != old:
                    yield f"{name} was {(state or {}).get(name)!r:.200}, not as in {row}"
            advance(states, row.recorded)


def four_things_stay_four(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        documents = [c.name for c in table.tracked if c.kind is Kind.DOCUMENT]
        for row, version in aligned(observation, model, table):
            for values, state in (
                (fields(row.recorded.old), version.before),
                (fields(row.recorded.new), version.after),
            ):
                for name in documents:
                    if state is None or name not in values:
                        continue
                    read = original(values[name])
                    if read != state[name]:
                        yield f"{name} was {state[name]!r}, read as {read!r} in {row}"


def seq_is_the_order_of_versions(
    observation: Observation, model: Model
) -> Iterator[str]:
    for table in TABLES:
        rows = [row.recorded for row in observation.history[table.name]]
        wanted = [
            (version.statement, row)
            for version in sorted(model.committed, key=lambda v: v.statement)
            if version.table == table and (row := expected(version)) is not None
        ]
        if Counter(rows) != Counter(row for _, row in wanted):
            continue
        found, should = by_key(rows), by_key(row for _, row in wanted)
        for key in should:
            if found[key] != should[key]:
                yield f"{table.name} {key}: {found[key]} instead of {should[key]}"
        places = {key: iter([n for n, r in wanted if r.key == key]) for key in should}
        statements = [next(places[row.key]) for row in rows]
        if statements != sorted(statements):
            yield f"{table.name}: statements are recorded in the order {statements}"


def undone_work_leaves_nothing(observation: Observation, model: Model) -> Iterator[str]:
    for table in TABLES:
        found = Counter(row.recorded for row in observation.history[table.name])
        surplus = found - Counter(expected_rows(model.committed, table))
        for row in surplus & Counter(expected_rows(model.undone, table)):
            yield f"rolled back, but recorded: {row}"


def digest_recomputes(observation: Observation, _: Model) -> Iterator[str]:
    for table in TABLES:
        states = fold(observation.history[table.name])
        for (name, key), digests in observation.digests.items():
            for column, by_server in digests.items():
                if name != table.name or key not in states:
                    continue
                live = observation.live[name, key][column]
                said = original(states[key].get(column))
                by_us = None if live is None else jsonb_text(digest(live))
                if not said == by_server == by_us:
                    yield f"{name} {key}: {said}; server {by_server}, here {by_us}"


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
