"""What the page on NULL says is concluded, and what it says is true of the rows."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from nullability_page import PAGE, Example, read_page
from nullability_page_rows import ROWS, WORLDS
from nullability_running import Databases, Observation, observe, open_databases

from datalayer.codegen.numbering import numbered
from datalayer.codegen.pipeline import Generated, generate_modules
from datalayer.model import QueryShape, RowCount
from datalayer.server import Server

SCHEMA, EXAMPLES = read_page(PAGE.read_text())
_ROWS = {
    "exactly one": RowCount(at_least_one=True, at_most_one=True),
    "at least one": RowCount(at_least_one=True),
    "at most one": RowCount(at_most_one=True),
    "any number": RowCount(),
}
_VALUES: Mapping[str, tuple[object, ...]] = {
    "int": (1, 2, 6, 90),
    "str": ("ann", "dog"),
    "bool": (True, False),
    "list[int]": ([], [1, 2], [91, 92]),
    "list[str]": ([], ["a"]),
    "list[str | None]": (["a", None],),
}


@dataclass(frozen=True, slots=True)
class Page:
    """The databases of the page, and what was generated from its examples."""

    databases: Databases
    shapes: Mapping[str, QueryShape]
    annotations: Mapping[str, dict[str, str]]


@pytest.fixture(scope="module")
def page(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if server.major < 18:
        pytest.skip("the page is about PostgreSQL 18")
    with open_databases(server, tables=SCHEMA, rows=ROWS, worlds=WORLDS) as databases:
        folder = tmp_path_factory.mktemp("page") / "queries"
        generated = generate(databases, folder, EXAMPLES)
        names = {f"example_{i}": each.name for i, each in enumerate(EXAMPLES)}
        yield Page(
            databases,
            {names[shape.source.name]: shape for shape in generated.shapes},
            dict(read_annotations(generated, names)),
        )


def generate(databases: Databases, folder: Path, examples: list[Example]) -> Generated:
    """Return what the generator makes of examples, as queries of one file."""
    folder.mkdir()
    (folder / "page.sql").write_text(
        "\n".join(
            f"-- name: example_{index}({', '.join(example.takes)})\n{example.query}\n"
            for index, example in enumerate(examples)
        )
    )
    return generate_modules(
        databases.full, queries=folder, root=folder.parent, package="page"
    )


def read_annotations(
    generated: Generated, names: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the annotated columns and parameters of each example."""
    (text,) = (text for path, text in generated.modules.items() if path == "page.py")
    rows: dict[str, dict[str, str]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            fields = (each for each in node.body if isinstance(each, ast.AnnAssign))
            rows[node.name] = {
                ast.unparse(each.target): ast.unparse(each.annotation)
                for each in fields
            }
        elif isinstance(node, ast.FunctionDef):
            assert node.returns is not None
            row = ast.unparse(node.returns).removeprefix("list[").removesuffix("]")
            taken = {
                argument.arg: ast.unparse(argument.annotation)
                for argument in node.args.kwonlyargs
                if argument.annotation
            }
            # The name of a shape begins with that of its query, which the page omits.
            prefix = node.name.replace("_", " ").title().replace(" ", "")
            columns = {
                name: annotation.removeprefix(prefix)
                for name, annotation in rows.get(row, {}).items()
            }
            yield names[node.name], {**taken, **columns}


def seen_of(example: Example, page: Page) -> Observation:
    """Run an example with all the arguments that it takes, with rows and without."""
    statement = numbered(page.shapes[example.name].source)
    values = itertools.product(
        *(_arguments(example.takes[name]) for name in statement.order)
    )
    taken = [each for each in values if _is_taken(page, statement.sql, each)]
    return observe(page.databases, statement.sql, taken)


def _is_taken(page: Page, sql: str, arguments: tuple[object, ...]) -> bool:
    """Return whether a call does not run into a key that is there already."""
    try:
        observe(page.databases, sql, [arguments])
    except psycopg.errors.UniqueViolation:
        return False
    return True


def _arguments(annotation: str) -> tuple[object, ...]:
    present = _VALUES[annotation.removesuffix(" | None")]
    return (*present, None) if annotation.endswith(" | None") else present


every_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda e: re.sub(r"\W+", "_", e.name)
)


@every_example
def test_page_says_what_is_generated(example: Example, page: Page) -> None:
    assert page.annotations[example.name] == {**example.takes, **example.gives}
    if example.rows:
        assert page.shapes[example.name].row_count == _ROWS[example.rows]


@every_example
def test_rows_show_what_the_page_says(example: Example, page: Page) -> None:
    seen = seen_of(example, page)

    assert dict(zip(example.gives, seen.nulls, strict=True)) == {
        name: text.endswith(" | None") and name not in example.never
        for name, text in example.gives.items()
    }
    assert dict(zip(example.gives, seen.null_elements, strict=True)) == {
        name: "| None]" in text for name, text in example.gives.items()
    }
    proven = [n for n in example.never if not example.gives[n].endswith(" | None")]
    assert proven == []
    _compare_rows(example, page.shapes[example.name].row_count, seen)


def _compare_rows(example: Example, promised: RowCount, seen: Observation) -> None:
    """Check that no run has more or fewer rows, and that some run has as many."""
    assert not promised.at_least_one or seen.fewest > 0
    assert not promised.at_most_one or seen.most < 2
    if example.rows:
        assert promised.at_least_one or seen.fewest == 0
        assert promised.at_most_one or seen.most > 1


@pytest.mark.parametrize(
    ("wrong", "number"),
    [("str | None", 0), ("str", 1)],
    ids=["cautious", "careless"],
)
def test_wrong_page_is_noticed(wrong: str, number: int, page: Page) -> None:
    name = list(EXAMPLES[0].gives)[number + 1]
    lie = Example(EXAMPLES[0].name, "", {**EXAMPLES[0].gives, name: wrong})

    for law in (test_page_says_what_is_generated, test_rows_show_what_the_page_says):
        with pytest.raises(AssertionError):
            law(lie, page)
