"""Where fragments are looked for, where not, and what comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalayer.codegen.reading.loader import LoadResult, load_queries
from datalayer.codegen.rendering.renderer import render_modules
from datalayer.errors import ProblemsFound, UnknownFragment
from datalayer.model import QueryShape

IS_OPEN = "-- fragment: is_open\n/* closed_at IS NULL */\n\n"
USE = "-- name: list_items()\nSELECT 1 AS one\nWHERE FALSE; -- @use is_open\n"


def load(folder: Path, **files: str) -> LoadResult:
    for name, text in files.items():
        file = folder / f"{name.replace('__', '/')}.sql"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return load_queries(folder, root=folder)


def test_fragment_serves_its_folder_and_those_below(tmp_path: Path) -> None:
    result = load(tmp_path, shared=IS_OPEN, shop__item=USE)

    assert result.problems == ()
    assert result.sources[0].sql == "SELECT 1 AS one\nWHERE closed_at IS NULL"


def test_fragment_serves_no_folder_beside_its_own(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, shop__shared=IS_OPEN, other__item=USE).problems

    assert isinstance(problem, UnknownFragment)
    assert problem.help is not None
    assert problem.help.startswith("`is_open` at shop/shared.sql:1:1 serves")


def test_folders_side_by_side_may_have_fragments_of_one_name(tmp_path: Path) -> None:
    other = IS_OPEN.replace("closed_at IS NULL", "is_open")

    result = load(tmp_path, a__item=IS_OPEN + USE, b__item=other + USE)

    assert result.problems == ()
    assert [source.sql.partition("WHERE ")[2] for source in result.sources] == [
        "closed_at IS NULL",
        "is_open",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '-- @use is_open' AS text",
        "SELECT $$\n-- @use is_open\n$$ AS text",
        'SELECT 1 AS "-- @use is_open"',
        "SELECT 1 AS one -- mail me@use.org",
    ],
    ids=["string", "dollar_string", "name", "address"],
)
def test_what_only_looks_like_a_use_is_none(tmp_path: Path, text: str) -> None:
    (source,) = load(tmp_path, q=f"-- name: q()\n{text}\n;\n").sources

    assert source.sql == text
    assert source.fragments == ()


def test_fragment_in_a_comment_or_a_string_is_none(tmp_path: Path) -> None:
    commented = f"/*\n{IS_OPEN.replace('/*', '').replace('*/', '')}*/\n"
    stored = "-- name: q()\nSELECT '\n-- fragment: is_open\n' AS text;\n\n"

    (problem,) = load(tmp_path, q=commented + stored + USE).problems

    assert problem.message == "no fragment is called `is_open`"


@pytest.mark.parametrize(
    "text", ["item.limit > item.order", "one = :limit", '"from" = item.by', ":order"]
)
def test_names_in_a_fragment_are_no_keywords(tmp_path: Path, text: str) -> None:
    name = text.partition(":")[2]
    takes = f"({name})" if name else ""
    use = USE.replace("()", takes or "()")
    use = use.replace("is_open", f"is_open(:{name})" if name else "is_open")
    fragment = f"-- fragment: is_open{takes}\n/* {text} */\n\n"

    assert load(tmp_path, q=fragment + use).problems == ()


def test_fragment_that_nobody_uses_is_a_finding(tmp_path: Path) -> None:
    used_elsewhere = load(tmp_path, a__shared=IS_OPEN, b__item=IS_OPEN + USE)

    assert used_elsewhere.problems == ()
    (finding,) = used_elsewhere.findings
    assert (finding.rule, str(finding.location)) == (
        "unused-fragment",
        "a/shared.sql:1:1",
    )


@pytest.mark.parametrize(
    "use",
    [
        USE.replace("SELECT", "SELEC"),
        USE.replace("1 AS one", ":one AS one"),
        USE.replace("FALSE", "TRUE"),
        USE + "-- name: broken()\nSELECT 'it\n",
        "-- name: broken()\nSELECT 'it\n" + USE,
    ],
    ids=["refused", "undeclared", "misplaced", "broken_below", "broken_above"],
)
def test_fragment_of_a_query_that_is_wrong_is_used(tmp_path: Path, use: str) -> None:
    assert load(tmp_path, shared=IS_OPEN, item=use).findings == ()


def test_fragment_in_a_file_that_cannot_be_read_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "item.sql").write_bytes(b"\xff")

    assert load(tmp_path, shared=IS_OPEN).findings == ()


def test_fragment_is_excused_for_as_long_as_nobody_uses_it(tmp_path: Path) -> None:
    line = "-- @allow unused-fragment: for queries to come\n"
    excused = IS_OPEN.replace("/*", f"{line}/*")

    before = load(tmp_path, shared=excused)
    (finding,) = load(tmp_path, shared=excused, item=USE).findings

    assert (before.problems, before.findings) == ((), ())
    assert (finding.rule, str(finding.location)) == (
        "needless-allowance",
        "shared.sql:2:11",
    )


def test_line_ends_of_other_systems_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_bytes((IS_OPEN + USE).replace("\n", "\r\n").encode())

    (source,) = load(tmp_path).sources

    assert source.sql.endswith("WHERE closed_at IS NULL")


def test_header_of_a_module_notices_a_fragment_of_another_file(tmp_path: Path) -> None:
    before = _header(load(tmp_path, shared=IS_OPEN, shop__item=USE))
    other_name = IS_OPEN.replace("-- fragment", "-- A comment.\n\n-- fragment")

    same = _header(load(tmp_path, shared=other_name))
    changed = _header(load(tmp_path, shared=IS_OPEN.replace("NULL", "NOT NULL")))

    assert same == before != changed


def _header(result: LoadResult) -> str:
    shapes = [QueryShape(source) for source in result.sources]
    text = render_modules(shapes, "app")["shop/item.py"]
    return text.split("\n")[2]


def test_mistake_in_a_fragment_is_told_once(tmp_path: Path) -> None:
    wrong = "-- fragment: is_open\n/* item.limit > 0 -- @optional\n*/\n\n"
    other = USE.replace("list_items", "list_others")

    result = load(tmp_path, q=wrong + USE + "\n" + other)
    (problem,) = ProblemsFound(result.problems).problems
    (again,) = ProblemsFound(result.problems).problems

    assert str(problem) == str(again)
    assert problem.used_by == "`list_items` (q.sql:7), `list_others` (q.sql:11)"
    assert [each.used_by for each in result.problems] == [
        "`list_items` (q.sql:7)",
        "`list_others` (q.sql:11)",
    ]
