"""Broken rules about foreign keys, lengths of sets, groupings and the like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.codegen.catalog import Reference, Relation
from datalayer.codegen.inference import (
    calls,
    comparisons,
    function_sources,
    grouping,
    references,
    returning,
    set_lengths,
    subscripts,
    writes,
    written_views,
)
from datalayer.codegen.inference.joins import conjuncts
from datalayer.codegen.inference.outcomes import VALUE, Environment, elements
from datalayer.codegen.nodetree import Node
from datalayer.model import ColumnInference

Patch = pytest.MonkeyPatch


def follow_keys_with_other_conditions(patch: Patch) -> None:
    patch.setattr(references, "conjuncts", lambda node: conjuncts(node)[:1])


def follow_keys_of_null(patch: Patch) -> None:
    patch.setattr(references, "outcomes", lambda node, environment: VALUE)


def follow_any_equality(patch: Patch) -> None:
    patch.setattr(references, "_follows", lambda reference, table, wanted: True)


def follow_keys_of_children(patch: Patch) -> None:
    def mutant(index: int, environment: Environment) -> Relation | None:
        entry = environment.scope.entry(index)
        oid = entry.number("relid") if entry else 0
        return environment.session.catalog.relation(oid)

    patch.setattr(references, "_table_of", mutant)


def follow_keys_that_triggers_break(patch: Patch) -> None:
    original = references._follows

    def mutant(
        reference: Reference, table: Relation, wanted: dict[tuple[int, int], int]
    ) -> bool:
        return original(replace(reference, actions=frozenset()), table, wanted)

    patch.setattr(references, "_follows", mutant)


def take_parts_of_tables_for_whole(patch: Patch) -> None:
    def mutant(index: int, environment: Environment) -> int | None:
        entry = environment.scope.entry(index)
        return entry.number("relid") if entry else None

    patch.setattr(references, "_complete_table", mutant)


def take_any_set_for_the_longest(patch: Patch) -> None:
    for module in (calls, function_sources):
        patch.setattr(module, "is_longest", lambda call, others, catalog: True)


def count_arrays_for_elements(patch: Patch) -> None:
    patch.setitem(
        set_lengths._LENGTHS,
        "unnest(anyarray)",
        lambda arguments: len(arguments[0].items("elements")),
    )


def take_null_for_left_out(patch: Patch) -> None:
    patch.setattr(grouping, "outcomes", lambda node, environment: VALUE)


def read_groupings_backwards(patch: Patch) -> None:
    original = grouping.grouping_numbers
    turn = {1: 2, 2: 1}

    def mutant(node: Node, environment: Environment) -> frozenset[int]:
        return frozenset(turn.get(n, n) for n in original(node, environment))

    patch.setattr(comparisons, "grouping_numbers", mutant)


def find_a_first_element_without_rows(patch: Patch) -> None:
    patch.setattr(subscripts, "_first", elements)


def let_silent_paths_tell_errors(patch: Patch) -> None:
    patch.setattr(calls, "_tells_errors", lambda arguments, environment: True)


def ignore_rules(patch: Patch) -> None:
    for module in (returning, writes):
        patch.setattr(module, "commands_of", lambda query: frozenset())


def take_what_a_view_computes_for_certain(patch: Patch) -> None:
    patch.setattr(written_views, "_UNKNOWN", ColumnInference(nullable=False))


MATCH_MUTANTS = [
    follow_keys_with_other_conditions,
    follow_keys_of_null,
    follow_any_equality,
    follow_keys_of_children,
    follow_keys_that_triggers_break,
    take_parts_of_tables_for_whole,
    take_any_set_for_the_longest,
    count_arrays_for_elements,
    take_null_for_left_out,
    read_groupings_backwards,
    find_a_first_element_without_rows,
    let_silent_paths_tell_errors,
    ignore_rules,
    take_what_a_view_computes_for_certain,
]
