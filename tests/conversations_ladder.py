"""Databases at each step of the conversations domain, empty and filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from conversations_backfill_model import Tables
from conversations_filling import fill
from conversations_steps import STEPS, read_tables, run_plainly
from datalayer.migrate import migrate
from datalayer.server import Server, create_database, scratch_database
from schema_dump import dump_schema


@dataclass
class Ladder:
    """Templates of one server, made when they are asked for."""

    server: Server
    #: A folder of migrations that holds this component alone, which is quicker.
    folder: Path
    made: dict[str, str] = field(default_factory=dict)
    rows: dict[int, Tables] = field(default_factory=dict)
    dumps: dict[int, str] = field(default_factory=dict)

    def empty(self, step: int) -> str:
        """Return the name of a database without rows that a step has built."""
        name = f"conversations_step_{step}"
        if name not in self.made:
            below = self.empty(step - 1) if step else None
            self.made[name] = create_database(self.server.url(), name, below)
            if step:
                run_plainly(self.made[name], STEPS[step])
            else:
                migrate_to(self.made[name], self.folder, step)
        return name

    def filled(self, step: int) -> str:
        """Return the name of a database with rows that a step has built."""
        name = f"conversations_filled_{step}"
        if name not in self.made:
            empty = self.empty(step)
            self.made[name] = create_database(self.server.url(), name, empty)
            with psycopg.connect(self.made[name], autocommit=True) as connection:
                fill(connection, step)
        return name

    def rows_before(self, step: int) -> Tables:
        """Return the rows of the database that is filled after a step."""
        if step not in self.rows:
            self.rows[step] = read_tables(self.made[self.filled(step)])
        return self.rows[step]

    def schema(self, step: int) -> str:
        """Return the schema that a step builds on a fresh database."""
        if step not in self.dumps:
            self.dumps[step] = dump_schema(self.made[self.empty(step)])
        return self.dumps[step]

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """Yield the URL of a copy of one of the templates."""
        with scratch_database(self.server.url(), template=template) as url:
            yield url


def migrate_to(url: str, folder: Path, step: int) -> None:
    """Let the runner apply what is missing up to a step."""
    migrate(url, folder, components=["conversations"], to=f"{step:03}")
