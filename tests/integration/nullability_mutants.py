"""Broken versions of the inference, one rule each, which the tests have to notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from nullability_value_mutants import VALUE_MUTANTS

from datalayer.codegen.catalog import Catalog, Function
from datalayer.codegen.inference import (
    arrays,
    bodies,
    builtins,
    calls,
    composites,
    element_checks,
    empty_groups,
    joins,
    json_functions,
    keys,
    outcomes,
    query_columns,
    returning,
    rows,
    singles,
    sources,
    subscripts,
    writes,
)
from datalayer.codegen.inference.conclusion import RULES
from datalayer.codegen.inference.facts import attacked_functions
from datalayer.codegen.inference.joins import Scope
from datalayer.codegen.inference.outcomes import (
    TRUE,
    VALUE,
    Environment,
    Outcome,
    Session,
    World,
)
from datalayer.codegen.nodetree import Node
from datalayer.model import ColumnInference

Patch = pytest.MonkeyPatch


def ignore_nulling_joins(patch: Patch) -> None:
    patch.setattr(sources, "nulling_sides", lambda node, scope: [])


def trust_strict_functions(patch: Patch) -> None:
    patch.setattr(builtins, "always_gives_a_value", lambda signature: True)


def trust_looked_up_names(patch: Patch) -> None:
    patch.setattr(builtins, "_NULLABLE_FAMILIES", ("nothing",))
    patch.setattr(
        builtins,
        "always_gives_a_value",
        lambda signature: attacked_functions().get(signature) != "?",
    )


def trust_user_functions(patch: Patch) -> None:
    patch.setattr(
        calls, "decisive_arguments", lambda function, count: tuple(range(count))
    )


def take_left_join_conditions_as_proof(patch: Patch) -> None:
    original = joins._join_conditions

    def mutant(node: Node, world: World, found: list[Node]) -> bool:
        original(node, world, found)
        return True

    patch.setattr(joins, "_join_conditions", mutant)


def count_on_inserts_despite_conflicts(patch: Patch) -> None:
    patch.setattr(writes, "_always_inserts", lambda query, relation: True)


def take_the_first_arm_of_a_union(patch: Patch) -> None:
    patch.setattr(query_columns, "_EXCEPT", 1)


def take_any_arm_of_a_union(patch: Patch) -> None:
    patch.setattr(query_columns, "_UNION", 99)
    patch.setattr(query_columns, "_INTERSECT", 1)


def prove_by_not_in(patch: Patch) -> None:
    patch.setattr(sources, "TRUE", outcomes.NOTHING)


def prove_by_not_equal_all(patch: Patch) -> None:
    patch.setattr(calls, "_has_elements", lambda array: True)


def ignore_triggers(patch: Patch) -> None:
    patch.setattr(returning._Target, "triggered", lambda target, command: False)


def aggregate_over_rows_that_never_came(patch: Patch) -> None:
    patch.setattr(calls, "has_rows", lambda environment: True)


def ignore_filters(patch: Patch) -> None:
    original = calls._over_rows
    patch.setattr(
        calls, "_over_rows", lambda node, label, *rest: original(node, "none", *rest)
    )


def let_every_frame_contain_its_row(patch: Patch) -> None:
    patch.setattr(calls, "_contains_current", lambda options: True)


def ignore_grouping_sets(patch: Patch) -> None:
    original, sides = joins.computed, joins.nulling_sides

    def mutant(entry: Node | None, number: int, scope: joins.Scope) -> Node | None:
        if entry is not None and entry.number("rtekind") == joins.GROUP_ENTRY:
            return entry.nodes("groupexprs")[number - 1]
        return original(entry, number, scope)

    patch.setattr(sources, "computed", mutant)
    patch.setattr(
        sources,
        "nulling_sides",
        lambda node, scope: [side for side in sides(node, scope) if side is not None],
    )


def ignore_inheritance(patch: Patch) -> None:
    patch.setattr(
        sources,
        "declared_not_null",
        lambda entry, relation, column, environment: column.not_null_alone,
    )


def stop_recursion_at_the_first_arm(patch: Patch) -> None:
    found = ColumnInference(nullable=False)
    patch.setattr(sources, "_recursive_column", lambda definition, number, home: found)


def apply_where_to_the_empty_group(patch: Patch) -> None:
    patch.setattr(query_columns, "output_environment", query_columns.row_environment)


def forget_that_sets_pad_each_other(patch: Patch) -> None:
    patch.setattr(joins, "_list_sets", lambda values: ())


def believe_that_every_query_has_a_row(patch: Patch) -> None:
    patch.setattr(rows, "_at_least_one", lambda query, parent, session: True)


def keep_facts_about_the_updated_row(patch: Patch) -> None:
    patch.setattr(returning, "_mentions", lambda atom, target: False)
    patch.setattr(
        returning, "_written", lambda entries, command, target, before: before
    )


def forget_that_an_upsert_may_update(patch: Patch) -> None:
    patch.setattr(returning, "_either", lambda first, second: first)


def forget_that_merge_may_lose_the_source(patch: Patch) -> None:
    patch.setattr(returning, "_loses_source", lambda query: False)


def take_a_branch_for_granted(patch: Patch) -> None:
    patch.setattr(calls, "_has_infinite_field", lambda *_: True)


def take_elements_for_granted(patch: Patch) -> None:
    patch.setattr(arrays, "ANY", VALUE)


def ignore_nulls_inside_arrays(patch: Patch) -> None:
    patch.setattr(calls, "elements", lambda node, environment: VALUE)


def take_any_check_for_one_of_elements(patch: Patch) -> None:
    patch.setattr(
        element_checks,
        "_forbids_null",
        lambda condition, number, catalog: condition.tag == "NULLTEST",
    )


def take_either_half_of_a_check(patch: Patch) -> None:
    patch.setattr(
        element_checks,
        "_conditions",
        lambda node: node.nodes("args") if node.tag == "BOOLEXPR" else [node],
    )


def let_half_a_key_do(patch: Patch) -> None:
    patch.setattr(keys, "all", any, raising=False)


def ignore_gaps_of_outer_joins(patch: Patch) -> None:
    patch.setattr(singles, "gaps_agree", lambda relation, single, scope: True)


def bind_by_anything(patch: Patch) -> None:
    patch.setattr(keys, "is_fixed", lambda value, single, catalog: True)


def ignore_offset_and_limit(patch: Patch) -> None:
    patch.setattr(rows, "_limits_keep_a_row", lambda query: True)


def trust_inherited_keys(patch: Patch) -> None:
    original = singles._has_bound_key
    patch.setattr(
        singles,
        "_has_bound_key",
        lambda relation, bound, environment: (
            bool(bound) or original(relation, bound, environment)
        ),
    )


def let_every_join_match_a_certain_row(patch: Patch) -> None:
    original = outcomes.outcomes

    def mutant(node: Node | None, environment: Environment) -> Outcome:
        return TRUE if node is not None else original(node, environment)

    patch.setattr(rows, "outcomes", mutant)


def count_on_a_row_of_each_body(patch: Patch) -> None:
    patch.setattr(bodies, "_has_row", lambda body, inner: True)


def enter_bodies_with_what_is_given(patch: Patch) -> None:
    original = bodies._inside

    def mutant(
        function: Function, arguments: Sequence[Node], environment: Environment
    ) -> Session:
        inner = original(function, arguments, environment)
        sure = tuple(replace(each, nullable=False) for each in inner.parameters)
        return replace(inner, parameters=sure)

    patch.setattr(bodies, "_inside", mutant)


def take_arguments_as_they_are_written(patch: Patch) -> None:
    def mutant(
        function: Function, written: Sequence[Node], catalog: Catalog
    ) -> tuple[Node, ...]:
        found = [each.node("arg") or each for each in written]
        return tuple([*found, *found][: len(function.arguments)])

    patch.setattr(calls, "call_arguments", mutant)


def take_equal_volatile_sets_for_one(patch: Patch) -> None:
    patch.setattr(calls, "_may_differ", lambda node, environment: False)


def trust_stored_composites(patch: Patch) -> None:
    patch.setattr(composites, "_field_of_variable", lambda *_: VALUE)


def forget_that_a_whole_row_may_be_missing(patch: Patch) -> None:
    patch.setattr(composites, "_is_matched", lambda row, home: True)


def forget_that_a_composite_call_may_be_null(patch: Patch) -> None:
    patch.setattr(composites, "outcomes", lambda node, environment: VALUE)


def take_nested_paths_for_certain(patch: Patch) -> None:
    patch.setattr(json_functions, "_may_be_null", lambda *_: False)


def take_every_behaviour_for_a_value(patch: Patch) -> None:
    patch.setattr(json_functions, "_VALUES", frozenset(range(9)))


def believe_that_every_path_finds_something(patch: Patch) -> None:
    patch.setattr(json_functions, "_found", lambda node, environment: VALUE)


def find_every_element(patch: Patch) -> None:
    patch.setattr(subscripts, "integer_constant", lambda node: 1)


def ignore_what_is_cut_out(patch: Patch) -> None:
    patch.setattr(subscripts, "strict_on", lambda found: VALUE)


def prove_rows_by_any_having(patch: Patch) -> None:
    patch.setattr(calls, "needs_a_row", lambda condition, environment: True)


def prove_rows_by_any_count(patch: Patch) -> None:
    patch.setattr(
        empty_groups, "_COUNT_COMPARISONS", {"int84ge": 0, "int84ne": 0, "int84eq": 0}
    )


def trust_custom_aggregates_to_be_null(patch: Patch) -> None:
    patch.setattr(empty_groups, "_is_null_when_empty", lambda node, environment: True)


def take_equal_groups_for_one(patch: Patch) -> None:
    patch.setattr(sources, "_is_repeated", lambda expression, expressions: False)


def forget_that_a_set_may_be_empty(patch: Patch) -> None:
    patch.setattr(calls, "has_empty_set", lambda query: False)


def take_any_set_for_all(patch: Patch) -> None:
    patch.setattr(joins, "_may_be_empty", lambda clause: False)


def count_on_what_a_view_shows(patch: Patch) -> None:
    def mutant(session: Session, scope: Scope, **_: bool) -> Environment:
        return query_columns.row_environment(scope.query, None, session)

    patch.setattr(returning, "Environment", mutant)


def ignore_triggers_of_views(patch: Patch) -> None:
    patch.setattr(returning, "_may_replace", lambda relation: False)


def take_the_first_action_of_merge(patch: Patch) -> None:
    patch.setattr(returning, "_any_of", lambda version: version[0])


def let_any_pair_of_rows_decide(patch: Patch) -> None:
    def mutant(node: Node, environment: Environment) -> Outcome:
        pairs = (*node.nodes("largs"), *node.nodes("rargs"))
        found = {outcomes.outcomes(each, environment) for each in pairs}
        return outcomes.NULL if outcomes.NULL in found else outcomes.ANY

    patch.setitem(RULES.expressions, "ROWCOMPAREEXPR", mutant)


def trust_marks_of_cycles(patch: Patch) -> None:
    patch.setattr(sources, "_search_and_cycle", lambda *_: [_NOT_NULL] * 3)


def take_old_rows_for_new_ones(patch: Patch) -> None:
    original = sources.returned_column

    def mutant(node: Node, home: Environment) -> ColumnInference:
        system = node.number("varattno") < 0
        return _NOT_NULL if system else original(node, home)

    patch.setattr(sources, "returned_column", mutant)


_NOT_NULL = ColumnInference(nullable=False)


MUTANTS = [
    *VALUE_MUTANTS,
    let_any_pair_of_rows_decide,
    trust_marks_of_cycles,
    take_old_rows_for_new_ones,
    let_every_join_match_a_certain_row,
    count_on_a_row_of_each_body,
    enter_bodies_with_what_is_given,
    take_arguments_as_they_are_written,
    take_equal_volatile_sets_for_one,
    trust_stored_composites,
    forget_that_a_whole_row_may_be_missing,
    forget_that_a_composite_call_may_be_null,
    take_nested_paths_for_certain,
    take_every_behaviour_for_a_value,
    believe_that_every_path_finds_something,
    find_every_element,
    ignore_what_is_cut_out,
    prove_rows_by_any_having,
    prove_rows_by_any_count,
    trust_custom_aggregates_to_be_null,
    take_equal_groups_for_one,
    forget_that_a_set_may_be_empty,
    take_any_set_for_all,
    count_on_what_a_view_shows,
    ignore_triggers_of_views,
    take_the_first_action_of_merge,
    ignore_nulling_joins,
    trust_strict_functions,
    trust_looked_up_names,
    trust_user_functions,
    take_left_join_conditions_as_proof,
    count_on_inserts_despite_conflicts,
    take_the_first_arm_of_a_union,
    take_any_arm_of_a_union,
    prove_by_not_in,
    prove_by_not_equal_all,
    ignore_triggers,
    aggregate_over_rows_that_never_came,
    ignore_filters,
    let_every_frame_contain_its_row,
    ignore_grouping_sets,
    ignore_inheritance,
    stop_recursion_at_the_first_arm,
    forget_that_sets_pad_each_other,
    believe_that_every_query_has_a_row,
    keep_facts_about_the_updated_row,
    forget_that_an_upsert_may_update,
    forget_that_merge_may_lose_the_source,
    take_a_branch_for_granted,
    take_elements_for_granted,
    ignore_nulls_inside_arrays,
    take_any_check_for_one_of_elements,
    take_either_half_of_a_check,
    let_half_a_key_do,
    ignore_gaps_of_outer_joins,
    bind_by_anything,
    ignore_offset_and_limit,
    trust_inherited_keys,
]
