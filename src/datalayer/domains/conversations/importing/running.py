"""The import of a file: from where, in which batches, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from datalayer.domains.conversations.importing.batches import read_batches
from datalayer.domains.conversations.importing.lines import LONGEST_LINE
from datalayer.domains.conversations.importing.records import Defaults
from datalayer.domains.conversations.importing.sources import (
    is_same_before,
    lines_of,
    open_file,
)
from datalayer.domains.conversations.importing.storing import (
    FileKey,
    Stored,
    store_batch,
)
from datalayer.domains.errors import InvalidArgument
from datalayer.queries.conversations import importing as imports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

    from datalayer.domains.conversations.importing.batches import BadLine, Batch
    from datalayer.domains.conversations.importing.sources import TrafficFile

BATCH_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How a file is imported. The train and account are for lines that name none."""

    train_id: str | None = None
    account_id: str | None = None
    #: How many lines are stored in one transaction.
    batch_size: int = BATCH_SIZE
    #: How many bytes a line may have.
    longest_line: int = LONGEST_LINE
    #: Read the file from its beginning, wherever the last import ended.
    restart: bool = False

    def __post_init__(self) -> None:
        """Raise `InvalidArgument` for a size that is none."""
        for name in ("batch_size", "longest_line"):
            value = getattr(self, name)
            if value < 1:
                raise InvalidArgument(name, value, "at least 1")


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far the import of a file is; at its end, what came of it.

    Lines, `stored`, `known` and `bad` are those of this run.
    """

    path: str
    #: How many lines were done before this run.
    resumed_at: int = 0
    lines: int = 0
    #: New requests.
    stored: int = 0
    #: Lines whose request was stored already.
    known: int = 0
    bad: int = 0
    #: Of the bytes on the disk; None when that cannot be known.
    bytes_read: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """What is told of an import while it runs."""

    progress: Callable[[ImportProgress], None] = field(default=lambda _: None)
    bad_line: Callable[[str, BadLine], None] = field(default=lambda _path, _line: None)


_DEFAULTS = ImportOptions()
_NOBODY = Listener()


def import_file(
    connection: psycopg.Connection[Any],
    *,
    path: Path,
    options: ImportOptions = _DEFAULTS,
    listener: Listener = _NOBODY,
) -> ImportProgress:
    """Import the requests of a file with their responses, one pair to a line of JSON.

    It goes on where the last import of the file ended, also when that was killed, and
    what is stored already is not stored twice. Each batch is a transaction, so the
    connection must not be in one. A bad line is told to the listener, and the others
    are stored. Raises `ImportFileUnreadable`, after the batches before.
    """
    if connection.info.transaction_status:
        raise InvalidArgument("connection", "in a transaction", "outside of one")
    with open_file(path) as file:
        key = _key_of(file, options)
        position, line_number = (
            _find_place(connection, file, key, options) if key else (0, 0)
        )
        batches = _batches(file, options, position, line_number)

        def store(batch: Batch) -> Stored:
            return store_batch(connection, batch, key)

        return _run(file, batches, store, line_number, listener)


def check_file(
    *,
    path: Path,
    options: ImportOptions = _DEFAULTS,
    listener: Listener = _NOBODY,
) -> ImportProgress:
    """Read a whole file as `import_file` does, and store nothing.

    `stored` is how many lines could be stored.
    """

    def count(batch: Batch) -> Stored:
        return Stored(stored=len(batch.records), bad=len(batch.bad))

    with open_file(path) as file:
        return _run(file, _batches(file, options, 0, 0), count, 0, listener)


def _key_of(file: TrafficFile, options: ImportOptions) -> FileKey | None:
    if file.fingerprint is None:
        return None
    return FileKey(options.train_id, file.name, file.fingerprint)


def _batches(
    file: TrafficFile, options: ImportOptions, position: int, line_number: int
) -> Iterator[Batch]:
    lines = lines_of(
        file,
        position=position,
        line_number=line_number,
        longest=options.longest_line,
    )
    return read_batches(
        lines,
        Defaults(options.train_id, options.account_id),
        batch_size=options.batch_size,
        position=position,
        line_number=line_number,
    )


def _run(
    file: TrafficFile,
    batches: Iterator[Batch],
    store: Callable[[Batch], Stored],
    resumed_at: int,
    listener: Listener,
) -> ImportProgress:
    progress = ImportProgress(file.path, resumed_at, size=file.size)
    for batch in batches:
        done = store(batch)
        for bad in sorted(batch.bad, key=lambda line: line.number):
            listener.bad_line(file.path, bad)
        progress = replace(
            progress,
            lines=progress.lines + batch.lines,
            stored=progress.stored + done.stored,
            known=progress.known + done.known,
            bad=progress.bad + done.bad,
            bytes_read=file.bytes_read(),
        )
        listener.progress(progress)
    return progress


def _find_place(
    connection: psycopg.Connection[Any],
    file: TrafficFile,
    key: FileKey,
    options: ImportOptions,
) -> tuple[int, int]:
    """Return where the last import of a file ended, and after how many lines."""
    with connection.transaction():
        found = imports.get_import(
            connection,
            train_id=key.train_id,
            file_name=key.file_name,
            fingerprint=key.fingerprint,
        )
        if found is None or not found.byte_position:
            return 0, 0
        if not options.restart and is_same_before(
            file,
            found.byte_position,
            tail_size=found.tail_size,
            tail_hash=found.tail_hash,
        ):
            return found.byte_position, found.line_number
        imports.restart_import(connection, id=found.id)
    file.stream.seek(0)
    return 0, 0
