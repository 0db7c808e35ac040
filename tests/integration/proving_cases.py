"""Queries of the proven projects, each with what is untrue about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A query, how its modules are changed by hand, and what is untrue about it."""

    name: str
    query: str
    where: str = ""
    kind: str = "null"
    #: A text of the generated modules, and what is put in its place.
    edit: tuple[str, str] = ("", "")
    #: The module below the package that is changed; default: the query's own.
    edited: str = ""

    @property
    def module(self) -> str:
        """Return the name of the query's file."""
        return self.name


def case(
    name: str,
    header: str,
    sql: str,
    where: str = "",
    kind: str = "null",
    edit: tuple[str, str] = ("", ""),
    edited: str = "",
) -> Case:
    """Return a case by the parts of its query; the mark `*` stands for many rows."""
    suffix, _, directives = header.partition("|")
    signature, mark = suffix[:-1], suffix[-1]
    lines = [f"-- name: {name}({signature.strip()}){mark if mark != '*' else ''}"]
    lines += ["-- Say something.", *(f"-- {d}" for d in directives.split("|") if d)]
    return Case(name, "\n".join([*lines, f"{sql};\n"]), where, kind, edit, edited)
