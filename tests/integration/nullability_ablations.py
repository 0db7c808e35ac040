"""The rules of the inference, each switched off: what it proves is nullable then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import pytest

from datalayer.codegen.catalog import Relation
from datalayer.codegen.function_catalog import Function
from datalayer.codegen.inference import (
    arrays,
    bodies,
    calls,
    comparisons,
    composites,
    empty_groups,
    expressions,
    function_sources,
    json_functions,
    narrow,
    parameters,
    query_columns,
    returning,
    rows,
    singles,
    sources,
    subscripts,
    writes,
    written_views,
)
from datalayer.codegen.inference.joins import Scope
from datalayer.codegen.inference.outcomes import ANY, VALUE, Rules, Side, World
from datalayer.codegen.inference.sources import UNKNOWN
from datalayer.model import RowCount

Patch = pytest.MonkeyPatch
Removal = Callable[[Patch], None]
Key = TypeVar("Key")
Rule = TypeVar("Rule")


def _without(table: Mapping[Key, Rule], key: Key, nothing: Rule) -> dict[Key, Rule]:
    return {**table, key: nothing}


#: Rules without a query that would miss them, and why.
_WITHOUT_A_QUERY = {
    "CURRENTOFEXPR": "it needs an open cursor",
    "NEXTVALUEEXPR": "an identity column is NOT NULL by itself",
    "XMLEXPR": "a server may be built without XML",
}


def without_rules(rules: Rules) -> dict[str, Rules]:
    """Return the rules without that for each kind of node, by its name."""
    found = {
        f"expression_{tag}": replace(
            rules, expressions=_without(rules.expressions, tag, lambda *_: ANY)
        )
        for tag, rule in rules.expressions.items()
        if rule is not expressions.anything and tag not in _WITHOUT_A_QUERY
    }
    found |= {
        f"elements_{tag}": replace(
            rules, elements=_without(rules.elements, tag, lambda *_: ANY)
        )
        for tag in rules.elements
    }
    found |= {
        f"source_{kind}": replace(
            rules, sources=_without(rules.sources, kind, lambda *_: UNKNOWN)
        )
        for kind in rules.sources
    }
    return {
        **found,
        "rows": replace(rules, rows=lambda *_: RowCount()),
        "input_rows": replace(rules, input_rows=lambda *_: RowCount()),
        "certain_matches": replace(rules, matched_sides=lambda _: []),
    }


def _constant(module: object, name: str, answer: object) -> Removal:
    """Return the removal of a function: it gives the same answer to anything."""

    def remove(patch: Patch) -> None:
        patch.setattr(module, name, lambda *_, **__: answer)

    return remove


def _value(module: object, name: str, value: object) -> Removal:
    def remove(patch: Patch) -> None:
        patch.setattr(module, name, value)

    return remove


def _checks_of_all(patch: Patch) -> None:
    patch.setattr(Relation, "checks_of", lambda relation, entry: relation.checks)


def _polymorphism(patch: Patch) -> None:
    patch.setattr(Function, "polymorphic", property(lambda function: False))


def _narrowing(patch: Patch) -> None:
    patch.setattr(narrow, "_learn", lambda environment, **_: environment)


def _matches(patch: Patch) -> None:
    for name in ("nullable_sides", "nulling_sides"):
        patch.setattr(narrow, name, lambda *_: [])


def _branches(patch: Patch) -> None:
    patch.setattr(expressions, "inside_branch", lambda environment, _: environment)


def _one_side_of_full_joins(patch: Patch) -> None:
    def mutant(side: Side, scope: Scope, world: World) -> World:
        return world.with_null(side)

    patch.setattr(narrow, "without_match", mutant)


EVERY_COMMAND = frozenset({"INSERT", "UPDATE", "DELETE"})

#: By the rule of the page that each is.
REMOVALS: dict[str, Removal] = {
    "constraints": _constant(sources, "declared_not_null", False),
    "checks": _constant(narrow, "_violates_check", False),
    "generated_columns": _constant(sources, "_computed_null", True),
    "equal_expressions": _constant(narrow, "_can_be_assumed", False),
    "narrowing": _narrowing,
    "certain_match_by_condition": _matches,
    "full_join_keeps_a_side": _one_side_of_full_joins,
    "branches": _branches,
    "facts_about_functions": _constant(calls, "decisive_arguments", None),
    "functions_null_when_all_are": _constant(calls, "null_when_all_are", False),
    "facts_about_sets": _constant(calls, "set_columns", ()),
    "never_null_aggregates": _value(calls, "NEVER_NULL_AGGREGATES", frozenset()),
    "aggregates_of_values": _value(calls, "VALUE_AGGREGATES", frozenset()),
    "aggregates_of_rows": _value(calls, "ROW_AGGREGATES", frozenset()),
    "aggregates_of_first": _value(calls, "FIRST_ARGUMENT_AGGREGATES", frozenset()),
    "never_null_windows": _value(calls, "NEVER_NULL_WINDOWS", frozenset()),
    "windows_over_frames": _value(calls, "FRAME_WINDOWS", frozenset()),
    "groups_have_rows": _constant(calls, "has_rows", False),
    "grouping_sets_without_empty": _constant(calls, "has_empty_set", True),
    "frames": _constant(calls, "_contains_current", False),
    "comparing_values": _constant(calls, "compared", VALUE),
    "lists_of_values": _constant(calls, "compared_with_each", None),
    "values_of_columns": _constant(narrow, "choices", []),
    "values_in_nullif": _constant(expressions, "compared", VALUE),
    "values_that_are_written": _constant(returning, "content_of", None),
    "columns_that_are_compared": _constant(returning, "compared_columns", {}),
    "checks_of_one_table": _checks_of_all,
    "checks_together": _constant(narrow, "checked_together", []),
    "truth_of_columns": _constant(sources, "truth_of", ANY),
    "conditions_that_are_kept": _constant(returning, "_is_about", True),
    "counts_that_need_a_row": _constant(calls, "needs_a_row", False),
    "checked_elements": _constant(sources, "elements_are_checked", False),
    "named_arguments": _constant(calls, "call_arguments", None),
    "fields_of_calls": _constant(composites, "_field_of_call", ANY),
    "fields_of_rows": _constant(composites, "_field_of_variable", ANY),
    "assigned_elements": _constant(subscripts, "_assigned", ANY),
    "written_elements": _constant(subscripts, "_element", ANY),
    "columns_of_documents": _constant(json_functions, "_may_be_null", True),
    "behaviour_of_documents": _constant(json_functions, "_found", ANY),
    "finite_fields": _constant(calls, "_has_infinite_field", False),
    "functions_in_sql": _constant(calls, "body_call", ANY),
    "sets_in_sql": _constant(calls, "body_column", UNKNOWN),
    "bodies_that_have_a_row": _constant(bodies, "_has_row", False),
    "polymorphic_functions": _polymorphism,
    "recursive_functions": _constant(bodies, "_calls_itself", False),
    "whole_rows_of_bodies": _constant(bodies, "_field_of_row", UNKNOWN),
    "custom_aggregates": _constant(calls, "custom_aggregate", None),
    "recursion": _constant(sources, "_recursive_column", UNKNOWN),
    "union": _value(query_columns, "_UNION", 99),
    "intersect": _value(query_columns, "_INTERSECT", 99),
    "except": _value(query_columns, "_EXCEPT", 99),
    "assigned_values": _constant(returning, "_value", UNKNOWN),
    "defaults": _constant(returning, "_default", UNKNOWN),
    "actions_of_merge": _constant(returning, "_any_of", None),
    "written_views": _constant(returning, "written_columns", None),
    "unchanged_columns": _constant(returning, "_unchanged", World()),
    "elements_that_arrive": _constant(arrays, "may_be_null", True),
    "arguments_in_place": _constant(calls, "call_arguments", None),
    "equal_sets": _constant(calls, "sets_pad", True),
    "handed_on_rows": _constant(composites, "_field_of_origin", ANY),
    "replaced_elements": _value(arrays, "_WITHOUT", frozenset()),
    "rows_by_having": _constant(calls, "needs_a_row", False),
    "certain_having": _constant(rows, "_certain", False),
    "certain_inserts": _constant(writes, "_always_inserts", False),
    "union_has_a_row": _constant(rows, "_operation", False),
    "keys": _constant(singles, "_has_bound_key", False),
    "keys_of_groups": _constant(singles, "_covered", False),
    "limit": _constant(singles, "limit_of", None),
    "gaps_of_outer_joins": _constant(singles, "gaps_agree", False),
    "followed_keys": _constant(rows, "referenced_sides", []),
    "longest_sets_in_from": _constant(function_sources, "is_longest", False),
    "longest_sets_in_select": _constant(calls, "is_longest", False),
    "groupings": _constant(comparisons, "grouping_numbers", frozenset()),
    "counts_that_are_compared": _constant(empty_groups, "_without_rows", None),
    "first_elements": _constant(subscripts, "_first", ANY),
    "bounds_of_ranges": _constant(calls, "has_bound", False),
    "paths_that_tell_errors": _constant(calls, "_tells_errors", False),
    "rules_of_other_commands": _constant(returning, "commands_of", EVERY_COMMAND),
    "old_rows_of_views": _constant(returning, "shown_columns", None),
    "views_of_views": _constant(written_views, "_handed_on", None),
    "keys_of_changes": _constant(writes, "target_at_most_one", False),
}

#: Those that decide what parameters accept.
PARAMETER_REMOVALS: dict[str, Removal] = {
    "tests": _constant(parameters, "_test_uses", ()),
    "storing": _constant(parameters, "_stored", ()),
    "stored_elements": _constant(parameters, "_stored_elements", ()),
    "welcome": _constant(parameters, "_welcome", ()),
    "refusing_columns": _constant(parameters, "_refused", ()),
    "refusing_domains": _constant(parameters, "_domain_use", ()),
    "sources_of_stored_values": _constant(parameters, "_sources", ()),
}
