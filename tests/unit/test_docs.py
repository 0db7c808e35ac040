"""The documentation is complete, and its links lead somewhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

import datalayer
from datalayer.cli import app
from datalayer.errors import DataLayerError

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))


def _page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=_page_name)


def _without_code(text: str) -> str:
    return re.sub(r"^( *)(```+).*?^\1\2$", "", text, flags=re.MULTILINE | re.DOTALL)


def _sections(page: Path, level: int) -> dict[str, str]:
    """Return the text below each heading of a level, by heading."""
    text = re.sub(r"^(#+ .*)$", r"\0\1", page.read_text(), flags=re.MULTILINE)
    sections = {}
    for part in text.split("\0"):
        heading, _, body = part.partition("\n")
        if heading.startswith("#" * level + " "):
            sections[heading.lstrip("#").strip()] = body.strip()
    return sections


# Errors


def _error_classes() -> dict[str, type[DataLayerError]]:
    """Return every error class that any module of the package defines."""
    for module in pkgutil.walk_packages(datalayer.__path__, "datalayer."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, type[DataLayerError]] = {}
    todo: list[type[DataLayerError]] = [DataLayerError]
    while todo:
        error = todo.pop()
        if error.__module__.startswith("datalayer.") and error.__name__[0] != "_":
            found[error.__name__] = error
        todo += error.__subclasses__()
    return found


def test_every_error_class_has_a_section_and_every_section_a_class() -> None:
    headings = [h.strip("`") for h in _sections(DOCS / "errors.md", 3)]

    assert sorted(headings) == sorted(_error_classes())


def test_sections_about_errors_say_something() -> None:
    sections = _sections(DOCS / "errors.md", 3)

    assert [name for name, body in sections.items() if len(body) < 40] == []


def test_every_error_class_has_a_docstring_of_its_own() -> None:
    classes = _error_classes().values()

    assert [c.__name__ for c in classes if not c.__dict__.get("__doc__")] == []


# Commands


def _commands(group: TyperGroup, path: str) -> Iterator[tuple[str, TyperCommand]]:
    context = typer.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
        elif isinstance(command, TyperCommand) and not command.hidden:
            yield f"{path} {name}", command


ROOT_COMMAND = typer.main.get_command(app)
assert isinstance(ROOT_COMMAND, TyperGroup)
COMMANDS = dict(_commands(ROOT_COMMAND, "datalayer"))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    headings = [heading.strip("`") for heading in _sections(DOCS / "cli.md", 2)]

    assert sorted(h for h in headings if h.startswith("datalayer ")) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = COMMANDS[name]

    assert (command.help or "").split("\n")[0].endswith(".")
    options = [p for p in command.params if isinstance(p, TyperOption)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_its_section(name: str) -> None:
    section = _sections(DOCS / "cli.md", 2)[f"`{name}`"]
    options = [
        option
        for parameter in COMMANDS[name].params
        if isinstance(parameter, TyperOption)
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    ]

    assert [option for option in options if option not in section] == []


# Pages


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    text = _without_code(page.read_text())
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [t.split("#")[0] for t in targets if not re.match(r"[a-z]+:", t)]

    assert [t for t in local if t and not (page.parent / t).exists()] == []


def _anchors(page: Path) -> set[str]:
    """Return where links into a page can lead, as code hosts name headings."""
    headings = re.findall(r"^#+ (.+)$", _without_code(page.read_text()), re.MULTILINE)
    kept = (re.sub(r"[^\w\- ]", "", heading.strip().lower()) for heading in headings)
    return {text.replace(" ", "-") for text in kept}


@every_page
def test_links_into_a_page_lead_to_a_heading(page: Path) -> None:
    text = _without_code(page.read_text())
    links = re.findall(r"\]\(([^)\s#:]*)#([^)\s]+)\)", text)

    lost = [
        f"{path}#{anchor}"
        for path, anchor in links
        if (not path or path.endswith(".md"))
        and anchor not in _anchors(page.parent / path if path else page)
    ]
    assert lost == []


@every_page
def test_a_line_holds_one_sentence(page: Path) -> None:
    lines = [
        re.sub(r"`[^`]*`", "x", line)
        for line in _without_code(page.read_text()).split("\n")
    ]

    assert [line for line in lines if re.search(r"[a-z)x][.!?] [A-Z]", line)] == []


@pytest.mark.parametrize("name", ["README.md", "docs/index.md"])
def test_every_page_can_be_reached(name: str) -> None:
    text = (ROOT / name).read_text()

    for link in ("quickstart.md", "errors.md", "cli.md", "architecture.md"):
        assert link in text


def test_index_links_to_every_page() -> None:
    text = (DOCS / "index.md").read_text()
    pages = [page.name for page in DOCS.glob("*.md") if page.name != "index.md"]

    assert [name for name in pages if f"]({name})" not in text] == []


def test_changelog_is_for_the_unreleased_first() -> None:
    headings = list(_sections(ROOT / "CHANGELOG.md", 2))

    assert headings[0] == "[Unreleased]"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=_page_name)
def test_decision_says_what_it_should(page: Path) -> None:
    title = page.read_text().split("\n")[0]

    assert title.startswith(f"# {int(page.name[:4])}. ")
    assert list(_sections(page, 2)) == ["Context", "Choice", "Consequences"]


def test_public_functions_have_docstrings() -> None:
    public = [getattr(datalayer, name) for name in datalayer.__all__]

    assert [
        each.__name__
        for each in public
        if (inspect.isclass(each) or inspect.isfunction(each)) and not each.__doc__
    ] == []
