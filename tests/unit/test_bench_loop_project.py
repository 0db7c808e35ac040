"""The project by which `scripts/bench loop` measures."""

from __future__ import annotations

from pathlib import Path

from benchmarks.loop_project import QUERIES_A_FILE, edited, module_of, write_project
from datalayer.codegen.reading.loader import load_queries


def test_all_its_queries_are_in_order(tmp_path: Path) -> None:
    files = write_project(tmp_path, 5)

    loaded = load_queries(tmp_path / "queries", root=tmp_path)

    assert not loaded.problems
    assert len(loaded.sources) == 5 * QUERIES_A_FILE
    assert len({module_of(file, tmp_path) for file in files}) == 5


def test_each_edit_is_another_statement(tmp_path: Path) -> None:
    (file,) = write_project(tmp_path, 1)
    text = file.read_text()

    statements = set()
    for edit in range(3):
        file.write_text(edited(text, edit))
        sources = load_queries(tmp_path / "queries", root=tmp_path).sources
        statements.add(sources[0].sql)

    assert len(statements) == 3
