"""Broken rules about the number of rows, and about what is written and returned."""

from __future__ import annotations

import pytest

from datalayer.codegen.inference import (
    keys,
    outcomes,
    returning,
    rows,
    singles,
    writes,
    written_views,
)
from datalayer.codegen.inference.outcomes import (
    TRUE,
    Environment,
    Outcome,
)
from datalayer.codegen.nodetree import Node

Patch = pytest.MonkeyPatch


def count_on_inserts_despite_conflicts(patch: Patch) -> None:
    patch.setattr(writes, "_always_inserts", lambda query, relation: True)


def ignore_triggers(patch: Patch) -> None:
    patch.setattr(returning._Target, "triggered", lambda target, command: False)


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


def count_on_what_a_view_shows(patch: Patch) -> None:
    patch.setattr(returning, "written_columns", written_views.shown_columns)


def ignore_triggers_of_views(patch: Patch) -> None:
    patch.setattr(written_views, "_may_replace", lambda relation: False)


def take_the_first_action_of_merge(patch: Patch) -> None:
    patch.setattr(returning, "_any_of", lambda version: version[0])


ROW_MUTANTS = [
    let_every_join_match_a_certain_row,
    count_on_what_a_view_shows,
    ignore_triggers_of_views,
    take_the_first_action_of_merge,
    count_on_inserts_despite_conflicts,
    ignore_triggers,
    believe_that_every_query_has_a_row,
    keep_facts_about_the_updated_row,
    forget_that_an_upsert_may_update,
    forget_that_merge_may_lose_the_source,
    let_half_a_key_do,
    ignore_gaps_of_outer_joins,
    bind_by_anything,
    ignore_offset_and_limit,
    trust_inherited_keys,
]
