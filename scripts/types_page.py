#!/usr/bin/env python
"""Write the table of `docs/types.md` from the tables of the generator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from datalayer.codegen.rendering.typemap import (
    EXTENSION_TYPES,
    STR,
    TYPES,
    PythonType,
    TypeMapping,
    parts,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "types.md"
START = "<!-- scripts/regen writes what follows -->\n"
END = "<!-- scripts/regen wrote what precedes -->\n"

_HEAD = "| PostgreSQL | Python | from |\n| --- | --- | --- |\n"
_EXTENSIONS_HEAD = "| extension | types | Python |\n| --- | --- | --- |\n"


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(with_tables(PAGE.read_text()))


def with_tables(page: str) -> str:
    """Return a page with the tables as they must be."""
    before, after = page.index(START) + len(START), page.index(END)
    return f"{page[:before]}\n{tables()}\n{page[after:]}"


def tables() -> str:
    """Return the table of PostgreSQL's own types, and that of the extensions'."""
    # The many that are text come last.
    ordered = sorted(TYPES.items(), key=lambda entry: entry[1].result == STR)
    own = _grouped((f"`{name}`", mapping) for name, mapping in ordered)
    rows = [
        f"| {', '.join(names)} | {_python(mapping)} |{_modules(mapping)} |\n"
        for mapping, names in own.items()
    ]
    of_extensions = []
    for extension in sorted({extension for extension, _ in EXTENSION_TYPES}):
        found = _grouped(
            (f"`{name}`", mapping)
            for (owner, name), mapping in EXTENSION_TYPES.items()
            if owner == extension
        )
        of_extensions += [
            f"| `{extension}` | {', '.join(names)} | {_python(mapping)} |\n"
            for mapping, names in found.items()
        ]
    return "".join([_HEAD, *rows, "\n", _EXTENSIONS_HEAD, *of_extensions])


def _grouped(
    entries: Iterable[tuple[str, TypeMapping]],
) -> Mapping[TypeMapping, list[str]]:
    """Return the types that are the same in Python, in the order of the first."""
    found: dict[TypeMapping, list[str]] = defaultdict(list)
    for name, mapping in entries:
        found[TypeMapping(mapping.result, mapping.parameter)].append(name)
    return found


def _python(mapping: TypeMapping) -> str:
    result, parameter = _escaped(mapping.result), _escaped(mapping.parameter)
    if result == parameter:
        return result
    return f"{result} in rows, {parameter} for parameters"


def _escaped(type_: PythonType) -> str:
    # A bar would end the cell.
    return f"`{type_}`".replace("|", "\\|")


def _modules(mapping: TypeMapping) -> str:
    modules = {part.module for part in parts(mapping.result)} - {"builtins"}
    return ",".join(f" `{module}`" for module in sorted(modules))


if __name__ == "__main__":
    main()
