"""Broken rules about functions and aggregates of users."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.function_catalog import Function, FunctionBody
from datalayer.codegen.inference import bodies, calls, custom_aggregates
from datalayer.codegen.inference.custom_aggregates import Needs
from datalayer.codegen.inference.outcomes import Session
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
        return min(number, len(bodies._output(body.query)))

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


FUNCTION_MUTANTS = [
    assume_of_deeper_calls_what_holds_of_one,
    count_dropped_columns,
    take_fields_of_any_row_for_values,
    take_fields_of_elements_for_elements,
    trust_every_custom_aggregate,
    need_no_row_for_custom_aggregates,
]
