"""The tables of `docs/types.md` are those of the generator."""

from __future__ import annotations

import re

import pytest

import types_page
from datalayer.codegen.rendering import typemap

PAGE = types_page.PAGE.read_text()


def test_the_page_is_not_stale() -> None:
    assert types_page.with_tables(PAGE) == PAGE, "run scripts/regen"


def test_a_type_that_is_added_makes_it_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = {**typemap.TYPES, "uint4": typemap.TYPES["int4"]}
    monkeypatch.setattr(types_page, "TYPES", grown)

    written = types_page.with_tables(PAGE)

    assert "`int8`, `oid`, `uint4` | `int` |" in written
    assert types_page.with_tables(written) == written


def test_each_row_is_backed_by_the_table_of_the_generator() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| (`.+?) \|", types_page.tables(), re.MULTILINE)
    listed = {
        name: row for names, row in rows for name in re.findall(r"`(\w+)`", names)
    }

    assert {*typemap.TYPES} <= {*listed}
    for name, mapping in typemap.TYPES.items():
        assert f"`{mapping.result}`" in listed[name]
        assert f"`{mapping.parameter}`" in listed[name]
