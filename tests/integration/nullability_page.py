"""The examples of `docs/nullability.md`: queries, and what the page says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "nullability.md"
_CLAIM = re.compile(r"-- (gives|takes|never NULL:|rows:) (.+)")
_BLOCK = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"(\w+): (.+?)(?:, (?=\w+: )|$)")


@dataclass(slots=True)
class Example:
    """A query of the page with the comments that follow it."""

    #: The heading above, and which query below it this is.
    name: str
    query: str
    #: The annotations of columns and parameters, by name.
    gives: dict[str, str] = field(default_factory=dict)
    takes: dict[str, str] = field(default_factory=dict)
    #: Columns in which NULL never comes, though it is not proven.
    never: list[str] = field(default_factory=list)
    rows: str = ""


def read_page(text: str) -> tuple[str, list[Example]]:
    """Return the schema of the page, and its examples in order."""
    schema: list[str] = []
    examples: list[Example] = []
    for block in _BLOCK.finditer(text):
        heading = re.findall(r"^#+ (.+)$", text[: block.start()], re.MULTILINE)[-1]
        if block[1].startswith("-- @"):
            continue
        if not _CLAIM.search(block[1]):
            schema.append(block[1])
            continue
        found = _read_block(block[1])
        before = sum(each.name.startswith(f"{heading} ") for each in examples)
        for number, example in enumerate(found, before + 1):
            example.name = f"{heading} {number}"
        examples += found
    return "\n".join(schema), examples


def _read_block(block: str) -> list[Example]:
    """Read queries that each are followed by what is claimed of them."""
    examples: list[Example] = []
    lines: list[str] = []
    for line in block.splitlines():
        claim = _CLAIM.fullmatch(line)
        if not claim:
            lines.append(line)
            continue
        if lines:
            examples.append(Example("", "\n".join(lines).strip()))
            lines = []
        _add(examples[-1], claim[1], claim[2])
    assert not lines, f"nothing is claimed of {lines}"
    return examples


def _add(example: Example, kind: str, text: str) -> None:
    if kind == "gives":
        example.gives.update(_NAMED.findall(text))
    elif kind == "takes":
        example.takes.update(_NAMED.findall(text))
    elif kind == "rows:":
        example.rows = text
    else:
        example.never += text.split(", ")
