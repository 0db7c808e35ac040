"""Whatever the queries are, their modules are valid, tidy and complete."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapes import PACKAGE, modules, names, shapes, texts

from datalayer.codegen.numbering import numbered
from datalayer.codegen.rendering.literals import docstring, string, text_block
from datalayer.codegen.rendering.naming import (
    field_names,
    member_names,
    python_name,
)
from datalayer.codegen.rendering.renderer import render_modules
from datalayer.errors import ProblemsFound
from datalayer.lexer import significant_tokens
from datalayer.model import Operation, QueryShape

ROOT = Path(__file__).resolve().parents[2]
RUFF = Path(sys.executable).with_name("ruff")


@contextmanager
def installed(texts: Mapping[str, str]) -> Iterator[dict[str, ModuleType]]:
    """Run generated modules as a package that exists only meanwhile."""
    modules = {PACKAGE.partition(".")[0]: ModuleType("root")}
    ordered = sorted(texts, key=lambda path: (not path.endswith("__init__.py"), path))
    # What imports comes after what it imports: the modules of types, then sync, then
    # async modules.
    first = ["enums.py", "domains.py", "composites.py"]
    ordered.sort(
        key=lambda path: (
            path.startswith("aio/"),
            first.index(path) if path in first else len(first),
        )
    )
    try:
        for path in ordered:
            parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
            name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
            module = modules[name] = sys.modules[name] = ModuleType(name)
            module.__path__ = []
            exec(compile(texts[path], path, "exec"), module.__dict__)  # noqa: S102
        yield {n: m for n, m in modules.items() if hasattr(m, "__all__")}
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def evaluated(text: str, keyword: str) -> object:
    """Return what a keyword argument in a module evaluates to."""
    (found,) = (
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.keyword) and node.arg == keyword
    )
    return ast.literal_eval(found)


def ruff(folder: Path, *command: str) -> str:
    """Return what ruff says about a folder."""
    finished = subprocess.run(
        [RUFF, *command, "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout + finished.stderr


def render(queries: list[QueryShape]) -> dict[str, str]:
    """Render queries, or nothing where names clash in ways that are reported."""
    try:
        return render_modules(queries, PACKAGE)
    except ProblemsFound:
        return {}


@settings(max_examples=150, deadline=None)
@given(queries=modules())
def test_modules_can_be_run(queries: list[QueryShape]) -> None:
    with installed(render(queries)) as found:
        for module in found.values():
            assert [n for n in module.__all__ if not hasattr(module, n)] == []


@settings(max_examples=150, deadline=None)
@given(query=shapes())
def test_the_constant_is_the_statement_as_written(query: QueryShape) -> None:
    modules = render([query])

    sql = evaluated(modules["folder/file.py"], "sql") if modules else None

    script = query.source.operation is Operation.SCRIPT
    written = query.source.sql if script else numbered(query.source).sql
    if isinstance(sql, str):
        end = next(significant_tokens(written)).end
        label = " /* folder.get_it */"
        assert sql.startswith(written[:end] + label)
        # A long line may be broken where the label stands.
        rest = sql[end + len(label) :]
        assert rest.lstrip(" \n") == f"{written[end:]}\n".lstrip(" \n")


@settings(max_examples=100, deadline=None)
@given(queries=modules())
def test_equal_queries_give_equal_text_in_any_order(queries: list[QueryShape]) -> None:
    assert render(queries) == render(queries[::-1])


# Not shrunk: each example runs ruff.
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(many=st.lists(modules(), min_size=20, max_size=20))
def test_ruff_would_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, many: list[list[QueryShape]]
) -> None:
    folder = tmp_path_factory.mktemp("ruff")
    (folder / "pyproject.toml").write_text(
        f'[tool.ruff]\nextend = "{ROOT / "pyproject.toml"}"\nsrc = ["src*"]\n'
    )
    for number, queries in enumerate(many):
        for path, text in render(queries).items():
            file = folder / f"src{number}" / PACKAGE.replace(".", "/") / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    checked = ruff(folder, "check", "--output-format=concise", "--no-cache")
    formatted = ruff(folder, "format", "--diff", "--no-cache")

    assert checked == ""
    assert formatted == ""


@given(text=texts)
def test_a_text_block_evaluates_to_its_text(text: str) -> None:
    literal = text_block(text)

    assert ast.literal_eval(literal) == text
    assert all(line == line.rstrip() for line in literal.splitlines())


@given(text=st.text() | texts)
def test_a_string_evaluates_to_its_text(text: str) -> None:
    assert ast.literal_eval(string(text)) == text


@given(text=st.text(min_size=1).filter(str.strip) | st.just('"'))
def test_a_docstring_keeps_the_words(text: str) -> None:
    lines = text.strip().splitlines()

    literal = docstring(lines, indent=4)

    assert ast.literal_eval(literal.strip()).split() == text.split()


@given(name=names)
def test_a_name_is_an_identifier(name: str) -> None:
    ast.parse(f"{python_name(name)} = 1")


@given(found=st.lists(st.text() | names, unique=True, max_size=20).map(tuple))
def test_fields_of_a_composite_type_are_distinct_attributes(
    found: tuple[str, ...],
) -> None:
    attributes = field_names(found)

    assert len({*attributes}) == len(found)
    for attribute in attributes:
        ast.parse(f"{attribute}: int")
        assert not attribute.startswith("__")


@given(labels=st.lists(st.text(), unique=True, max_size=20).map(tuple))
def test_members_of_an_enum_are_distinct_identifiers(labels: tuple[str, ...]) -> None:
    members = member_names(labels)

    assert len(set(members)) == len(labels)
    for member in members:
        ast.parse(f"{member} = 1")
        assert not member.startswith("_")
