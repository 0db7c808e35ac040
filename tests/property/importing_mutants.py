"""Ways to import wrongly, each of which a law must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid4

import psycopg
import pytest
from importing_laws import Step

from datalayer.domains.conversations.importing import (
    ImportOptions,
    batches,
    parsing,
    running,
    storing,
)
from datalayer.domains.conversations.importing.batches import Batch
from datalayer.domains.conversations.importing.lines import Line
from datalayer.domains.conversations.importing.records import Defaults
from datalayer.domains.conversations.importing.sources import TrafficFile
from datalayer.domains.conversations.importing.storing import FileKey, Stored
from datalayer.queries.conversations import importing as queries
from datalayer.queries.conversations.importing import FileImport

Apply = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class ImportingMutant:
    """A wrong import, and what notices it."""

    name: str
    apply: Apply
    steps: tuple[Step, ...]
    #: A regular expression that matches the error.
    noticed_as: str


def _change(module: object, name: str, value: object) -> Apply:
    return lambda monkeypatch: monkeypatch.setattr(module, name, value)


_take = batches._take
_store_batch = storing.store_batch
_lock_import = queries.lock_import


def _take_halves(batch: Batch, line: Line, defaults: Defaults) -> None:
    _take(batch, replace(line, is_whole=True), defaults)


def _advance_first(
    connection: psycopg.Connection, batch: Batch, key: FileKey | None
) -> Stored:
    if key:
        _store_batch(connection, replace(batch, records=[]), key)
    return _store_batch(connection, batch, None)


def _lock_far_ahead(
    connection: psycopg.Connection, *, train_id: str, file_name: str, fingerprint: str
) -> FileImport:
    row = _lock_import(
        connection, train_id=train_id, file_name=file_name, fingerprint=fingerprint
    )
    return replace(row, byte_position=row.byte_position + 5000)


def _key_with_suffix(file: TrafficFile, options: ImportOptions) -> FileKey | None:
    if file.fingerprint is None:
        return None
    return FileKey(options.train_id, file.path, file.fingerprint)


MUTANTS = [
    ImportingMutant(
        "ids are new each time",
        _change(parsing, "_request_id", lambda *_: uuid4()),
        (Step("grow", 9), Step("import", 2), Step("restart", 2)),
        "as one import",
    ),
    ImportingMutant(
        "what is stored is not looked up",
        _change(storing, "_drop_known", lambda *_: 0),
        (Step("grow", 9), Step("import", 2), Step("rename", 0)),
        "no line is bad",
    ),
    ImportingMutant(
        "half a line is done",
        _change(batches, "_take", _take_halves),
        (Step("grow", 9), Step("import", 2)),
        "no line is bad",
    ),
    ImportingMutant(
        "the position is ahead of its batch",
        _change(running, "store_batch", _advance_first),
        (Step("grow", 9), Step("kill", 4)),
        "as one import",
    ),
    ImportingMutant(
        "what was never seen is passed over",
        _change(queries, "lock_import", _lock_far_ahead),
        (Step("grow", 9),),
        "as one import",
    ),
    ImportingMutant(
        "a position is taken for granted",
        _change(running, "is_same_before", lambda *_, **__: True),
        (Step("grow", 20), Step("anew", 1)),
        "law",
    ),
    ImportingMutant(
        "the position is forgotten",
        _change(queries, "advance_import", lambda *_, **__: 1),
        (),
        "not read again",
    ),
    ImportingMutant(
        "a compressed file is another one",
        _change(running, "_key_of", _key_with_suffix),
        (),
        "compressed or not",
    ),
    ImportingMutant(
        "lines are counted from the place of the last end",
        _change(running, "_find_place", lambda *_: (0, 0)),
        (Step("grow", 9), Step("import", 3)),
        "not read again",
    ),
]
