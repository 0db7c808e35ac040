"""Broken versions of what is said of documents, and the cases that show them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.inference import (
    documents,
    json_constants,
    json_numbers,
    json_types,
    json_values,
    origins,
)
from datalayer.codegen.inference.json_types import NUMBER, TEXT
from datalayer.codegen.inference.outcomes import VALUE, Environment, document
from datalayer.codegen.nodetree import Node
from datalayer.json_shapes import JsonShape

Patch = pytest.MonkeyPatch


def believe_in_values(patch: Patch) -> None:
    patch.setattr(json_values, "may_be_null", lambda node, environment: False)


def believe_in_elements(patch: Patch) -> None:
    patch.setattr(json_values, "elements", lambda node, environment: VALUE)


def believe_in_numbers(patch: Patch) -> None:
    patch.setattr(json_numbers, "ANY_NUMBER", NUMBER)


def believe_in_floats(patch: Patch) -> None:
    patch.setitem(json_types._BUILT_IN, "float8", NUMBER)


def make_whole_numbers(patch: Patch) -> None:
    patch.setattr(json_constants, "_SHORT_DIGITS", 0)


def call_oids_numbers(patch: Patch) -> None:
    number = json_types._BUILT_IN["int4"]
    patch.setitem(json_types._BUILT_IN, "oid", number)


def overlook_casts(patch: Patch) -> None:
    patch.setattr(Catalog, "has_json_cast", lambda self, schema, name: False)


def write_hstore_as_text(patch: Patch) -> None:
    patch.setattr(json_types, "mapping_of", lambda values: TEXT)


def skip_null_in_aggregates(patch: Patch) -> None:
    patch.setattr(documents, "value_shape", json_values.present_shape)


def require_stripped_keys(patch: Patch) -> None:
    patch.setattr(documents, "stripped", lambda shape: shape)


def require_absent_keys(patch: Patch) -> None:
    patch.setattr(documents, "outcomes", lambda node, environment: VALUE)


def take_any_key_for_known(patch: Patch) -> None:
    patch.setattr(documents, "_constant_text", lambda node: "a")


def forget_the_right_side(patch: Patch) -> None:
    patch.setattr(documents, "concatenated", lambda left, right: left)


def stop_at_the_first(patch: Patch) -> None:
    rules = documents.DOCUMENTS
    patch.setitem(rules, "COALESCEEXPR", documents._first_argument)


def take_the_first_branch(patch: Patch) -> None:
    def first(node: Node, environment: Environment) -> JsonShape:
        return document(node.nodes("args")[0].node("result"), environment)

    patch.setitem(documents.DOCUMENTS, "CASEEXPR", first)


def take_the_first_arm(patch: Patch) -> None:
    real = origins._of_arms

    def first(operation: Node, number: int, inside: Environment) -> origins.Origins:
        return real(operation.node("larg") or operation, number, inside)

    patch.setattr(origins, "_of_arms", first)


def take_the_first_row(patch: Patch) -> None:
    real = origins._of_values

    def first(entry: Node, number: int, home: Environment) -> origins.Origins:
        return (real(entry, number, home) or [])[:1]

    patch.setattr(origins, "_of_values", first)


#: Each with the cases whose rows contradict it.
MUTANTS: dict[Callable[[Patch], None], tuple[str, ...]] = {
    believe_in_elements: ("of-array", "row-of-book"),
    believe_in_floats: ("every-type",),
    believe_in_numbers: ("nan", "json-scalar", "infinite-epoch"),
    believe_in_values: ("object", "row", "children", "grouping-sets"),
    call_oids_numbers: ("every-type-as-json",),
    forget_the_right_side: ("concatenated", "concatenated-arrays"),
    make_whole_numbers: ("constant", "constant-scalar"),
    overlook_casts: ("every-type",),
    require_absent_keys: ("sql-object-without-null",),
    require_stripped_keys: ("stripped", "stripped-row"),
    skip_null_in_aggregates: ("aggregate", "object-aggregate"),
    stop_at_the_first: ("coalesced-object",),
    take_any_key_for_known: ("unknown-key", "number-as-key"),
    take_the_first_arm: ("union",),
    take_the_first_branch: ("case", "case-of-subject"),
    take_the_first_row: ("values",),
    write_hstore_as_text: ("every-type",),
}
