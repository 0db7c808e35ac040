"""The import lines of a generated module, and what each name is called in it."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from datalayer.codegen.rendering.layout import WIDTH
from datalayer.codegen.rendering.naming import import_key, natural_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from datalayer.codegen.rendering.typemap import PythonType

#: A module and a name in it.
Name: TypeAlias = tuple[str, str]
#: What imported names, and built-in ones, are called.
Spellings: TypeAlias = "Mapping[Name, str]"

_LITERALS = {"None", "..."}


def spell_names(used: Iterable[Name], taken: Collection[str]) -> dict[Name, str]:
    """Choose what each name is called, apart from the names that are taken.

    A name that is taken gets an underscore, also a built-in one.
    """
    spellings: dict[Name, str] = {}
    busy = set(taken)
    for module, name in sorted(set(used)):
        spelling = name
        while spelling in busy:
            spelling += "_"
        busy.add(spelling)
        spellings[module, name] = spelling
    return spellings


def spell(type_: PythonType, spellings: Spellings) -> str:
    """Return an annotation."""
    arguments = [spell(argument, spellings) for argument in type_.arguments]
    if not type_.name:
        return " | ".join(arguments)
    if type_.name in _LITERALS:
        return type_.name
    name = spellings[type_.module, type_.name]
    return f"{name}[{', '.join(arguments)}]" if arguments else name


def import_lines(spellings: Spellings, package: str) -> list[str]:
    """Return the import lines in ruff's order, with empty lines between sections.

    What shares the first part of its path with `package` is first-party.
    """
    by_module: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (module, name), spelling in spellings.items():
        if not module or (module == "builtins" and name == spelling):
            continue
        by_module[module].append((name, spelling))
    sections: dict[int, list[str]] = defaultdict(list)
    for module in sorted(by_module, key=natural_key):
        sections[_section(module, package)] += _import(module, by_module[module])
    lines: list[str] = []
    for number in sorted(sections):
        lines += ["", *sections[number]] if lines else sections[number]
    return lines


def _import(module: str, names: list[tuple[str, str]]) -> list[str]:
    plain = sorted((name for name, own in names if name == own), key=import_key)
    # ruff gives each renamed name a line of its own, and sorts by the first name.
    lines = {
        name: f"from {module} import {name} as {spelling}"
        for name, spelling in names
        if name != spelling
    }
    if plain:
        lines[plain[0]] = _from(module, plain)
    return [lines[first] for first in sorted(lines, key=import_key)]


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{inner})"


def _section(module: str, package: str) -> int:
    root = module.partition(".")[0]
    if root == package.partition(".")[0]:
        return 2
    return 0 if root in sys.stdlib_module_names else 1
