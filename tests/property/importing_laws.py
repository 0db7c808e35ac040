"""Imports, kills, restarts and growing files in any order come to one import."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import strategies as st

from datalayer.domains.conversations.importing import (
    ImportOptions,
    ImportProgress,
    Listener,
    import_file,
    storing,
)
from datalayer.queries.conversations import importing as queries
from datalayer.queries.conversations.importing import advance_import
from datalayer.runtime import copy_rows
from traffic_lines import fingerprint, lines_of_conversations

LINES = [each + b"\n" for each in lines_of_conversations(seed=4, number=24)]
_EMPTY = b"TRUNCATE api_requests, streaming_chunks, conversation_imports"


class Killed(Exception):
    """The process of an import is gone."""


@dataclass(frozen=True)
class Step:
    """What happens to a log, or to an import of it."""

    #: grow, import, restart, kill, rename, anew, compress
    kind: str
    number: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(
            ["grow", "grow", "import", "kill", "kill", "restart", "rename", "anew"]
        ),
        st.integers(0, 24),
    ),
    max_size=10,
)


class World:
    """A log that grows, and a database that it is imported into."""

    def __init__(self, connection: psycopg.Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        self.names = 0
        self.path = self._new_path()
        #: How many lines there were, and the bytes of the file, maybe with half a line.
        self.lines = 0
        self.kept = b""

    def step(self, step: Step) -> None:
        """Do one step."""
        act: dict[str, Callable[[int], object]] = {
            "anew": self._begin_anew,
            "grow": self._grow,
            "import": self._import,
            "kill": self._kill,
            "rename": self._rename,
            "restart": lambda number: self._import(number, restart=True),
        }
        act[step.kind](step.number)

    def finish(self) -> None:
        """Let the rest come, and import it; the last time compressed."""
        self._grow(len(LINES))
        done = self._import(5)
        again = self._import(5)
        assert done.bad == 0, "law: no line is bad"
        assert again.lines == 0, "law: what was read is not read again"
        assert again.resumed_at == self.kept.count(b"\n"), "law: it ended at the end"
        compressed = self.path.with_name(self.path.name + ".gz")
        compressed.write_bytes(gzip.compress(self.path.read_bytes()))
        options = ImportOptions(train_id="red")
        third = import_file(self.connection, path=compressed, options=options)
        assert third.lines == 0, "law: compressed or not is the same"

    def _grow(self, number: int) -> None:
        more = LINES[self.lines : self.lines + number]
        self.lines += len(more)
        self.kept += b"".join(more)
        half = b"".join(LINES[self.lines : self.lines + 1])[: 13 * number]
        self.path.write_bytes(self.kept + half)

    def _import(self, number: int, *, restart: bool = False) -> ImportProgress:
        options = ImportOptions(
            train_id="red", batch_size=1 + number % 7, restart=restart
        )
        return import_file(self.connection, path=self.path, options=options)

    def _kill(self, number: int) -> None:
        """Import, and be killed: between batches, or within one of them."""
        left = [number // 3]

        def fall(_: object = None) -> None:
            if not left[0]:
                raise Killed
            left[0] -= 1

        def after_copying(connection: psycopg.Connection, **rows: Any) -> int:  # noqa: ANN401 - as given
            stored = copy_rows(connection, **rows)
            fall()
            return stored

        def before_advancing(connection: psycopg.Connection, **to: Any) -> int:  # noqa: ANN401 - as given
            fall()
            return advance_import(connection, **to)

        listener = Listener(progress=fall) if number % 3 == 0 else Listener()
        options = ImportOptions(train_id="red", batch_size=3)
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
            if number % 3 == 1:
                patch.setattr(storing, "copy_rows", after_copying)
            if number % 3 == 2:
                patch.setattr(queries, "advance_import", before_advancing)
            import_file(
                self.connection, path=self.path, options=options, listener=listener
            )

    def _rename(self, _: int) -> None:
        self.path = self.path.rename(self._new_path())

    def _begin_anew(self, number: int) -> None:
        """Empty the log when all of it is imported; its first line may be the same."""
        self._import(number)
        self.kept = LINES[0] if number % 2 and self.lines else b""
        self.path.write_bytes(self.kept)

    def _new_path(self) -> Path:
        self.names += 1
        path = self.folder / f"proxy.{self.names}.jsonl"
        path.write_bytes(b"")
        return path


def import_once(
    connection: psycopg.Connection, folder: Path
) -> list[tuple[object, ...]]:
    """Return what one import stores of all lines."""
    connection.execute(_EMPTY)
    path = folder / "once.jsonl"
    path.write_bytes(b"".join(LINES))
    import_file(connection, path=path, options=ImportOptions(train_id="red"))
    return fingerprint(connection)


def insist(
    connection: psycopg.Connection,
    folder: Path,
    steps: list[Step],
    expected: list[tuple[object, ...]],
) -> None:
    """Raise `AssertionError` unless steps come to what one import stores."""
    connection.execute(_EMPTY)
    world = World(connection, folder)
    for step in steps:
        world.step(step)
    world.finish()

    assert fingerprint(connection) == expected, "law: as one import"
