"""Broken versions of what CHECK constraints say by values, and of what keys bind."""

from __future__ import annotations

import operator
from dataclasses import replace

import pytest

from datalayer.codegen.catalog import Relation
from datalayer.codegen.inference import (
    choices,
    comparisons,
    keys,
    narrow,
    outcomes,
    returning,
    singles,
)
from datalayer.codegen.inference.outcomes import (
    TRUE,
    ColumnOf,
    Content,
    Environment,
)
from datalayer.codegen.nodetree import Node

Patch = pytest.MonkeyPatch


def tell_equal_numbers_apart(patch: Patch) -> None:
    patch.setattr(comparisons, "_MANY_FORMS", frozenset())


def tell_padded_texts_apart(patch: Patch) -> None:
    patch.setattr(comparisons, "_BLANK_PADDED", "none")


def take_a_check_of_null_for_broken(patch: Patch) -> None:
    def mutant(table: Relation, entry: Node, row: Environment) -> bool:
        inside = replace(row, checked=False)
        found = [outcomes.outcomes(check, inside) for check in table.checks_of(entry)]
        return any(not outcome & TRUE for outcome in found)

    patch.setattr(narrow, "_refused", mutant)


def let_columns_hold_nothing_else(patch: Patch) -> None:
    original = choices._contents

    def mutant(
        column: ColumnOf, mentions: choices._Mentions, environment: Environment
    ) -> tuple[Content, ...]:
        found = original(column, mentions, environment)
        return tuple(content for content in found if content.among)

    patch.setattr(choices, "_contents", mutant)


def let_no_compared_column_be_null(patch: Patch) -> None:
    original = choices._choice

    def mutant(
        column: ColumnOf, mentions: choices._Mentions, environment: Environment
    ) -> choices.Choice | None:
        found = original(column, mentions, environment)
        return found and replace(found, nullable=False)

    patch.setattr(choices, "_choice", mutant)


def keep_conditions_about_what_changed(patch: Patch) -> None:
    patch.setattr(returning, "_is_about", lambda condition, columns, target: False)


def turn_every_comparison_around(patch: Patch) -> None:
    holds = {"eq": operator.ne, "ne": operator.eq}
    patch.setattr(comparisons, "_HOLDS", {**comparisons._HOLDS, **holds})


def take_partial_keys_for_whole(patch: Patch) -> None:
    patch.setattr(singles, "_covers", lambda predicate, relation, environment: True)


def let_null_equal_null_in_every_key(patch: Patch) -> None:
    patch.setattr(keys, "_tells_nulls", lambda key, column, table: True)


def take_any_expression_for_that_of_a_key(patch: Patch) -> None:
    patch.setattr(
        keys,
        "_is_about_part",
        lambda equality, column, expression: equality.column.number == column,
    )


VALUE_MUTANTS = [
    tell_equal_numbers_apart,
    tell_padded_texts_apart,
    take_a_check_of_null_for_broken,
    let_columns_hold_nothing_else,
    let_no_compared_column_be_null,
    keep_conditions_about_what_changed,
    turn_every_comparison_around,
    take_partial_keys_for_whole,
    let_null_equal_null_in_every_key,
    take_any_expression_for_that_of_a_key,
]
