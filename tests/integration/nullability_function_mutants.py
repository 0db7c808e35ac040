"""Broken rules about functions and aggregates of users."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.function_catalog import Function, FunctionBody
from datalayer.codegen.inference import (
    bodies,
    calls,
    composites,
    custom_aggregates,
    range_bounds,
)
from datalayer.codegen.inference.builtins import FIELD_FUNCTIONS
from datalayer.codegen.inference.custom_aggregates import Needs
from datalayer.codegen.inference.outcomes import Environment, Session
from datalayer.codegen.nodetree import Node
from datalayer.model import ColumnInference, ParameterInference

Patch = pytest.MonkeyPatch


def assume_of_deeper_calls_what_holds_of_one(patch: Patch) -> None:
    original = bodies._assuming_itself

    def mutant(function: Function, session: Session) -> Session:
        inner = original(function, session)
        sure = (ParameterInference(),) * len(inner.parameters)
        return replace(inner, parameters=sure)

    patch.setattr(bodies, "_assuming_itself", mutant)


def count_dropped_columns(patch: Patch) -> None:
    def mutant(body: FunctionBody, number: int) -> int:
        return min(number, len(body.types))

    patch.setattr(bodies, "_place", mutant)


def take_fields_of_any_row_for_values(patch: Patch) -> None:
    sure = ColumnInference(nullable=False)
    patch.setattr(bodies, "_field_of_row", lambda body, number, inner: sure)


def take_fields_of_elements_for_elements(patch: Patch) -> None:
    patch.setattr(Catalog, "is_row", lambda catalog, oid: False)


def trust_every_custom_aggregate(patch: Patch) -> None:
    patch.setattr(custom_aggregates, "_kept", lambda oid, types, session: Needs.VALUE)


def need_no_row_for_custom_aggregates(patch: Patch) -> None:
    patch.setattr(calls, "custom_aggregate", lambda *_: Needs.NOTHING)


def take_any_range_for_bounded(patch: Patch) -> None:
    patch.setattr(
        range_bounds, "_WITHOUT_BOUND", {"lower": "isempty", "upper": "isempty"}
    )


def take_what_contains_for_not_empty(patch: Patch) -> None:
    patch.setitem(range_bounds._FALSE_OF_EMPTY, "range_contains", (0,))


def take_fields_of_any_function_for_known(patch: Patch) -> None:
    def mutant(
        function: Function, arguments: tuple[Node, ...], environment: Environment
    ) -> bool:
        return function.name in FIELD_FUNCTIONS

    patch.setattr(calls, "_finds_value", mutant)


def take_rows_of_one_arm(patch: Patch) -> None:
    patch.setattr(composites, "combine", lambda results: results[0])


FUNCTION_MUTANTS = [
    take_rows_of_one_arm,
    take_any_range_for_bounded,
    take_what_contains_for_not_empty,
    take_fields_of_any_function_for_known,
    assume_of_deeper_calls_what_holds_of_one,
    count_dropped_columns,
    take_fields_of_any_row_for_values,
    take_fields_of_elements_for_elements,
    trust_every_custom_aggregate,
    need_no_row_for_custom_aggregates,
]
