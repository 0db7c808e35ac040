"""Broken versions of the inference, one rule each, which the tests have to notice."""

from __future__ import annotations

import pytest
from nullability_call_mutants import CALL_MUTANTS
from nullability_function_mutants import FUNCTION_MUTANTS
from nullability_match_mutants import MATCH_MUTANTS
from nullability_row_mutants import ROW_MUTANTS
from nullability_value_mutants import VALUE_MUTANTS

from datalayer.codegen.catalog import Relation
from datalayer.codegen.function_catalog import Function
from datalayer.codegen.inference import (
    arrays,
    builtins,
    calls,
    choices,
    element_checks,
    empty_groups,
    joins,
    outcomes,
    query_columns,
    sources,
)
from datalayer.codegen.inference.conclusion import RULES
from datalayer.codegen.inference.custom_aggregates import Needs
from datalayer.codegen.inference.facts import attacked_functions
from datalayer.codegen.inference.outcomes import (
    VALUE,
    Environment,
    Outcome,
    World,
)
from datalayer.codegen.nodetree import Node, make_node
from datalayer.model import ColumnInference

Patch = pytest.MonkeyPatch
_NOT_NULL = ColumnInference(nullable=False)


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


def take_the_first_arm_of_a_union(patch: Patch) -> None:
    patch.setattr(query_columns, "_EXCEPT", 1)


def take_any_arm_of_a_union(patch: Patch) -> None:
    patch.setattr(query_columns, "_UNION", 99)
    patch.setattr(query_columns, "_INTERSECT", 1)


def prove_by_not_in(patch: Patch) -> None:
    patch.setattr(sources, "TRUE", outcomes.NOTHING)


def prove_by_not_equal_all(patch: Patch) -> None:
    patch.setattr(calls, "_has_elements", lambda array: True)


def aggregate_over_rows_that_never_came(patch: Patch) -> None:
    patch.setattr(calls, "has_rows", lambda environment: True)


def ignore_filters(patch: Patch) -> None:
    original = calls._over_rows

    def mutant(
        node: Node, function: Function | None, needs: Needs, environment: Environment
    ) -> Outcome:
        unfiltered = make_node(node.tag, {**node.fields, "aggfilter": None})
        return original(unfiltered, function, needs, environment)

    patch.setattr(calls, "_over_rows", mutant)


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


def take_equal_volatile_sets_for_one(patch: Patch) -> None:
    patch.setattr(calls, "_may_differ", lambda node, environment: False)


def prove_rows_by_any_having(patch: Patch) -> None:
    patch.setattr(calls, "needs_a_row", lambda condition, environment: True)


def prove_rows_by_any_count(patch: Patch) -> None:
    for name in ("eq", "ge", "ne"):
        patch.setitem(empty_groups._HOLDS, name, lambda left, right: False)


def trust_custom_aggregates_to_be_null(patch: Patch) -> None:
    patch.setattr(empty_groups, "_is_null_when_empty", lambda node, environment: True)


def take_equal_groups_for_one(patch: Patch) -> None:
    def mutant(entry: Node, number: int) -> Node:
        found = entry.items("groupexprs")[number - 1]
        assert isinstance(found, Node)
        return found

    patch.setattr(sources, "grouped_expression", mutant)


def let_equal_groups_hold_one_value(patch: Patch) -> None:
    patch.setattr(choices, "is_unclear_group", lambda entry, number: False)


def trust_checks_of_one_table(patch: Patch) -> None:
    patch.setattr(Relation, "checks_of", lambda relation, entry: relation.checks_alone)


def forget_that_a_set_may_be_empty(patch: Patch) -> None:
    patch.setattr(calls, "has_empty_set", lambda query: False)


def take_any_set_for_all(patch: Patch) -> None:
    patch.setattr(joins, "_may_be_empty", lambda clause: False)


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


MUTANTS = [
    *CALL_MUTANTS,
    *FUNCTION_MUTANTS,
    *MATCH_MUTANTS,
    *ROW_MUTANTS,
    *VALUE_MUTANTS,
    let_any_pair_of_rows_decide,
    trust_marks_of_cycles,
    take_old_rows_for_new_ones,
    take_equal_volatile_sets_for_one,
    prove_rows_by_any_having,
    prove_rows_by_any_count,
    trust_custom_aggregates_to_be_null,
    take_equal_groups_for_one,
    let_equal_groups_hold_one_value,
    trust_checks_of_one_table,
    forget_that_a_set_may_be_empty,
    take_any_set_for_all,
    ignore_nulling_joins,
    trust_strict_functions,
    trust_looked_up_names,
    trust_user_functions,
    take_left_join_conditions_as_proof,
    take_the_first_arm_of_a_union,
    take_any_arm_of_a_union,
    prove_by_not_in,
    prove_by_not_equal_all,
    aggregate_over_rows_that_never_came,
    ignore_filters,
    let_every_frame_contain_its_row,
    ignore_grouping_sets,
    ignore_inheritance,
    stop_recursion_at_the_first_arm,
    forget_that_sets_pad_each_other,
    take_a_branch_for_granted,
    take_elements_for_granted,
    ignore_nulls_inside_arrays,
    take_any_check_for_one_of_elements,
    take_either_half_of_a_check,
]
