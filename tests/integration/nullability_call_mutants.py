"""Broken rules about functions in SQL, composite values, documents and subscripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.function_catalog import Function
from datalayer.codegen.inference import (
    bodies,
    calls,
    composites,
    json_functions,
    subscripts,
)
from datalayer.codegen.inference.outcomes import (
    VALUE,
    Environment,
    Session,
)
from datalayer.codegen.nodetree import Node

Patch = pytest.MonkeyPatch


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


CALL_MUTANTS = [
    count_on_a_row_of_each_body,
    enter_bodies_with_what_is_given,
    take_arguments_as_they_are_written,
    trust_stored_composites,
    forget_that_a_whole_row_may_be_missing,
    forget_that_a_composite_call_may_be_null,
    take_nested_paths_for_certain,
    take_every_behaviour_for_a_value,
    believe_that_every_path_finds_something,
    find_every_element,
    ignore_what_is_cut_out,
]
