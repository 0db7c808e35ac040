"""The proof knows values of each type that the generator knows."""

from __future__ import annotations

from datalayer.codegen.rendering.typemap import EXTENSION_TYPES, TYPES
from datalayer.model import SqlType, TypeKind
from datalayer.proving import candidates

#: What no parameter and no column of a table can have.
_VALUELESS = {
    "anyarray",
    "cstring",
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
    "record",
    "unknown",
    "void",
}


def test_there_are_values_of_each_type() -> None:
    ranges = {name for name in TYPES if name.endswith("range")}

    assert {*TYPES} - ranges - _VALUELESS - {*candidates.TYPES} == set()
    assert {name for _, name in EXTENSION_TYPES} - {*candidates.TYPES} == set()


def test_ranges_and_arrays_are_made_of_their_elements() -> None:
    floats = SqlType("spans", "public", TypeKind.RANGE, SqlType("float8"))
    boxes = SqlType("_box", "pg_catalog", TypeKind.ARRAY, SqlType("box", delimiter=";"))

    assert '["1",)' in candidates.candidates_of(floats).common
    assert '{"(1,1),(0,0)";"(0,0),(0,0)"}' in candidates.candidates_of(boxes).common
