"""A project whose files take turns, and what `generate` makes of each state."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from datalayer import finding_shapes
from datalayer.cli import watching
from datalayer.codegen.pipeline import generate_modules
from datalayer.config import Config, load_config
from datalayer.errors import DataLayerError, Finding, ProblemsFound
from datalayer.finding_shapes import connect
from datalayer.migrate import migrate
from datalayer.server import scratch_database

_MIGRATION = """\
-- Three tables; two types of one name.
CREATE SCHEMA zoo;
CREATE TYPE zoo.mood AS ENUM ('calm', 'angry');
CREATE TABLE zoo.animal (id int PRIMARY KEY, mood zoo.mood);
CREATE TYPE mood AS ENUM ('happy', 'so so');
CREATE DOMAIN price AS numeric(10, 2);
CREATE TABLE account (id int PRIMARY KEY, address text, mood mood);
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price price);
"""
_ACCOUNT = """\
-- name: get_account(id)^
-- Return an account, or nothing.
SELECT id, address, mood FROM account WHERE id = :id;

-- name: get_address(id)$
-- Return an address.
-- @column address not null
SELECT address FROM account WHERE id = :id;
"""
_ITEMS = """\
-- name: list_items()
-- List items.
SELECT NULL -- @use item_columns
FROM item
ORDER BY id;
"""
_COLUMNS = """\
-- fragment: item_columns
-- What is shown of an item.
/*
id,
name
*/

-- name: count_items()$
-- Count.
SELECT count(*) AS items FROM item;
"""
_MOODS = """\
-- name: list_moods(mood)
-- List which animals are in a mood.
SELECT id FROM zoo.animal WHERE mood = :mood ORDER BY id;
"""
_SETTINGS = '[tool.datalayer]\noutput = "src/app/queries"\n'

#: What a file may contain, beginning with how a project starts; "" for no such file.
SLOTS: dict[str, tuple[str, ...]] = {
    "queries/account.sql": (
        _ACCOUNT,
        _ACCOUNT.replace("id, address, mood", "mood, address"),
        _ACCOUNT.replace("an address", "the address"),
        _ACCOUNT + "\n-- The end.\n",
        "-- The beginning.\n\n" + _ACCOUNT,
        _ACCOUNT.replace("SELECT address", "SELECT adress"),
        _ACCOUNT.replace("get_address(id)$", "get_account(id)$"),
        "",
    ),
    "queries/shop/item.sql": (_ITEMS, _ITEMS.replace("id;", "id DESC;"), ""),
    "queries/item.sql": ("", _ITEMS),
    "queries/columns.sql": (
        _COLUMNS,
        _COLUMNS.replace("name\n", "name,\nprice\n"),
        "\n" + _COLUMNS,
        _COLUMNS.replace("item_columns", "item_column"),
        "",
    ),
    "queries/mood.sql": ("", _MOODS),
    # Nobody reads a file of this name, and that is an error.
    "queries/note.SQL": ("", "-- A note.\n"),
    "migrations/app/002_more.sql": (
        "",
        "-- Needed.\nALTER TABLE account ALTER address SET NOT NULL;\n",
        "-- As people say.\nALTER TYPE mood RENAME TO feeling;\n",
    ),
    "pyproject.toml": (_SETTINGS, _SETTINGS + 'domains = "newtype"\n', "[tool"),
}
#: The number of the text of each file, in the order of the files.
State: TypeAlias = tuple[int, ...]
START: State = (0,) * len(SLOTS)
#: A file, and the number of the text that it gets.
Change: TypeAlias = tuple[str, int]
#: By path.
Modules: TypeAlias = dict[str, str]


class NotAsFresh(AssertionError):
    """What was watched is not what a fresh run makes."""


@dataclass(slots=True)
class Truth:
    """What a fresh run makes of each state, with a database for each schema."""

    server_url: str
    stack: ExitStack
    _urls: dict[str, str] = field(default_factory=dict)
    _known: dict[State, tuple[list[str], Modules | None]] = field(default_factory=dict)

    @contextmanager
    def database(self, config: Config, *_: object) -> Iterator[str]:
        """Yield the URL of a database that a project's migrations built."""
        files = sorted(config.migrations.rglob("*.sql"))
        schema = "\0".join(file.read_text() for file in files)
        if schema not in self._urls:
            url = self.stack.enter_context(scratch_database(self.server_url))
            migrate(url, config.migrations)
            self._urls[schema] = url
        yield self._urls[schema]

    def of(self, state: State, folder: Path) -> tuple[list[str], Modules | None]:
        """Return what a fresh run says, and the modules, or None for an error."""
        if state not in self._known:
            self._known[state] = self._run(folder)
        return self._known[state]

    def _run(self, folder: Path) -> tuple[list[str], Modules | None]:
        try:
            config = load_config(folder)
            with self.database(config) as url, connect(url) as connection:
                generated = generate_modules(
                    connection,
                    queries=config.queries,
                    root=config.root,
                    package=config.package,
                    types=config.types,
                    new_types=config.new_types,
                )
        except DataLayerError as error:
            findings = error.findings if isinstance(error, ProblemsFound) else ()
            return [*map(_told, findings), _text(error, folder)], None
        return list(map(_told, generated.findings)), dict(generated.modules)


def follow(changes: Iterable[Change], truth: Truth, patch: pytest.MonkeyPatch) -> None:
    """Watch a project while its files change; raise `NotAsFresh` as soon as it shows.

    Each change takes the place of somebody who saves a file.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        said: list[str] = []
        wake_ups = _wake_ups(folder, changes, truth, said)
        with patch.context() as now:
            now.setattr(finding_shapes, "migrated_database", truth.database)
            now.setattr(watching, "_wake_ups", lambda _: wake_ups)
            now.setattr(
                watching, "print_error", lambda error: said.append(_text(error, folder))
            )
            now.setattr(
                watching,
                "print_findings",
                lambda findings, _: said.extend(map(_told, findings)),
            )
            (folder / "migrations/app").mkdir(parents=True)
            (folder / "migrations/app/001_tables.sql").write_text(_MIGRATION)
            for path in SLOTS:
                _save(folder, path, 0)
            watching.watch(folder, None)


def _wake_ups(
    folder: Path, changes: Iterable[Change], truth: Truth, said: list[str]
) -> Iterator[None]:
    state, modules = START, _check(START, folder, truth, said, {})
    for path, number in changes:
        after = tuple(
            number if each == path else before
            for each, before in zip(SLOTS, state, strict=True)
        )
        if after == state:
            continue
        state = after
        said.clear()
        _save(folder, path, number)
        yield
        modules = _check(state, folder, truth, said, modules)
    raise KeyboardInterrupt


def _check(
    state: State, folder: Path, truth: Truth, said: list[str], before: Modules
) -> Modules:
    """Compare what there is with the truth; an error leaves what was there before."""
    expected, modules = truth.of(state, folder)
    modules = before if modules is None else modules
    output = folder / "src/app/queries"
    found = {
        file.relative_to(output).as_posix(): file.read_text()
        for file in output.rglob("*.py")
    }
    if (said, found) != (expected, modules):
        raise NotAsFresh(f"{said} != {expected}, or the modules differ: {state}")
    return modules


def _save(folder: Path, path: str, number: int) -> None:
    file, text = folder / path, SLOTS[path][number]
    if not text:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    # Nobody saves as quickly as this; file systems tell only milliseconds apart.
    moment = next(_MOMENTS)
    os.utime(file, ns=(moment, moment))


_MOMENTS = count(10**18, 10**9)


def _told(finding: Finding) -> str:
    return f"{finding.location}: {finding.message}"


def _text(error: DataLayerError, folder: Path) -> str:
    return str(error).replace(str(folder.resolve()), "")
