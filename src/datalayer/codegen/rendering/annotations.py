"""Annotations of attributes, broken as ruff would break those that fill a line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalayer.codegen.rendering.imports import spell
from datalayer.codegen.rendering.layout import WIDTH

if TYPE_CHECKING:
    from datalayer.codegen.rendering.imports import Spellings
    from datalayer.codegen.rendering.typemap import PythonType


def annotated(name: str, type_: PythonType, spellings: Spellings, indent: int) -> str:
    """Return `name: type` without the indent of its first line."""
    before, margin = f"{name}: ", " " * indent
    flat = before + spell(type_, spellings)
    if len(flat) + indent <= WIDTH:
        return flat
    if not (type_.name and type_.arguments):
        lines = _broken(type_, spellings, indent + 4)
        return "\n".join([f"{before}(", *lines, f"{margin})"])
    opening = spell(replace(type_, arguments=()), spellings)
    lines = _arguments(type_.arguments, spellings, indent + 4)
    return "\n".join([f"{before}{opening}[", *lines, f"{margin}]"])


def _arguments(
    arguments: tuple[PythonType, ...], spellings: Spellings, indent: int
) -> list[str]:
    if len(arguments) == 1:
        return _broken(arguments[0], spellings, indent)
    spelled = [spell(argument, spellings) for argument in arguments]
    together = " " * indent + ", ".join(spelled)
    if len(together) <= WIDTH:
        return [together]
    return [f"{' ' * indent}{each}," for each in spelled]


def _broken(type_: PythonType, spellings: Spellings, indent: int) -> list[str]:
    """Return a type on lines of its own, a member of a union on each."""
    margin = " " * indent
    flat = margin + spell(type_, spellings)
    if type_.name or len(flat) <= WIDTH:
        return [flat]
    first, *others = (spell(member, spellings) for member in type_.arguments)
    return [margin + first, *(f"{margin}| {member}" for member in others)]
