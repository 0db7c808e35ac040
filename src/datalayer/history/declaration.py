"""What is declared about the columns of a tracked table, and how that is written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_WIDTH = 88
_COMMENT = re.compile(
    r'datalayer history of (?P<table>"(?:[^"]|"")+"|[^":]+): (?P<json>\{.*\})\s*',
    re.DOTALL,
)
_LISTS = ("track", "digest", "initial", "ignore")


@dataclass(frozen=True, slots=True)
class Declaration:
    """Every column of a table in its part."""

    key: str
    ref: str | None = None
    #: In the order of changed_fields; those digested are among them.
    track: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    #: Recorded at INSERT only.
    initial: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Return every column that is declared."""
        named = {self.key, *self.track, *self.initial, *self.ignore}
        return frozenset(named | ({self.ref} if self.ref is not None else set()))


class UnreadableDeclaration(ValueError):
    """The comment of a function begins like a declaration and is none."""


def write_comment(table: str, declaration: Declaration) -> str:
    """Return the comment that declares the history of a table, given as SQL."""
    fields = [f'  "key": {_json(declaration.key)}']
    if declaration.ref is not None:
        fields.append(f'  "ref": {_json(declaration.ref)}')
    fields += [_list(name, getattr(declaration, name)) for name in _LISTS]
    body = ",\n".join(fields)
    return f"datalayer history of {table}: {{\n{body}\n}}"


def read_comment(text: str) -> tuple[str, Declaration]:
    """Return the table, as SQL, and its declaration.

    Raises `UnreadableDeclaration` when that is not what the text says.
    """
    found = _COMMENT.fullmatch(text)
    if found is None:
        raise UnreadableDeclaration("it does not read `datalayer history of …: {…}`")
    try:
        data = json.loads(found["json"])
    except json.JSONDecodeError as error:
        raise UnreadableDeclaration(f"it is not JSON: {error}") from error
    unknown = sorted(data.keys() - {"key", "ref", *_LISTS})
    if unknown:
        raise UnreadableDeclaration(f"it has an unknown key `{unknown[0]}`")
    lists = {name: data.get(name, []) for name in _LISTS}
    names = [data.get("key"), *(name for each in lists.values() for name in each)]
    if not all(isinstance(name, str) for name in [*names, data.get("ref", "")]):
        raise UnreadableDeclaration("its names must be strings, and it needs a `key`")
    parts = {name: tuple(each) for name, each in lists.items()}
    return found["table"], Declaration(data["key"], data.get("ref"), **parts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(name: str, values: tuple[str, ...]) -> str:
    line = f'  "{name}": {_json(list(values))}'
    # A comma may follow.
    if len(line) < _WIDTH:
        return line
    items = ",\n".join(f"    {_json(value)}" for value in values)
    return f'  "{name}": [\n{items}\n  ]'
