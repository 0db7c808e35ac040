"""Batches of lines on their way into the tables, each in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import UniqueViolation

from datalayer.domains.conversations.importing.batches import BadLine
from datalayer.domains.conversations.importing.sources import hash_tail
from datalayer.domains.conversations.linking import link_requests, move_requests
from datalayer.domains.conversations.links import NewRequest
from datalayer.queries.conversations import importing as imports
from datalayer.queries.conversations.linking import lock_trains
from datalayer.runtime import copy_rows, jsonb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from datalayer.domains.conversations.importing.batches import Batch
    from datalayer.domains.conversations.importing.lines import Line
    from datalayer.domains.conversations.importing.records import TrafficRecord
    from datalayer.domains.conversations.links import Link

# What one line can be the reason of, by the first two characters of SQLSTATE: what is
# wrong with data, what a constraint refuses, what is too large.
_FAULTS_OF_A_LINE = {"22", "23", "54"}

#: The columns of a request with their types, in the order of `_row`; in binary form a
#: char is a text.
_COLUMNS = {
    "request_id": "uuid",
    "timestamp": "timestamptz",
    "train_id": "text",
    "method": "text",
    "path": "text",
    "headers": "jsonb",
    "body": "jsonb",
    "request_type": "text",
    "api_key_hash": "text",
    "model": "text",
    "ip_address": "inet",
    "response_status": "int4",
    "response_headers": "jsonb",
    "response_body": "jsonb",
    "response_streaming": "bool",
    "duration_ms": "int4",
    "first_token_ms": "int4",
    "input_tokens": "int4",
    "output_tokens": "int4",
    "cache_creation_input_tokens": "int4",
    "cache_read_input_tokens": "int4",
    "usage_data": "jsonb",
    "tool_call_count": "int4",
    "error": "text",
    "completed_at": "timestamptz",
    "account_id": "text",
    "current_message_hash": "text",
    "parent_message_hash": "text",
    "system_hash": "text",
    "message_count": "int4",
    "conversation_id": "uuid",
    "branch_id": "text",
    "parent_request_id": "uuid",
    "parent_task_request_id": "uuid",
    "is_subtask": "bool",
    "task_tool_invocation": "jsonb",
}


@dataclass(frozen=True, slots=True)
class FileKey:
    """By what a file is known when it is imported again."""

    train_id: str | None
    file_name: str
    fingerprint: str


@dataclass(slots=True)
class Stored:
    """What became of the lines of a batch."""

    stored: int = 0
    #: Requests that were stored already.
    known: int = 0
    bad: int = 0


def store_batch(
    connection: psycopg.Connection[Any], batch: Batch, key: FileKey | None
) -> Stored:
    """Store a batch in one transaction, with where the file's import stands after it.

    What another import of the file has stored meanwhile is passed over. A line that
    PostgreSQL refuses is added to the bad ones.
    """
    with connection.transaction():
        row = key and imports.lock_import(
            connection,
            train_id=key.train_id,
            file_name=key.file_name,
            fingerprint=key.fingerprint,
        )
        if row and batch.begin < batch.end <= row.byte_position:
            return Stored(known=len(batch.records), bad=len(batch.bad))
        # All that linking will lock, at once: nobody else stores what we look for.
        trains = {record.train_id for _, record in batch.records}
        if trains:
            lock_trains(connection, train_ids=sorted(trains))
        done = Stored()
        _store_records(connection, batch, batch.records, done)
        done.bad = len(batch.bad)
        # A batch of nothing but the beginning of a line is read again.
        if row and batch.end > batch.begin:
            imports.advance_import(
                connection,
                id=row.id,
                byte_position=batch.end,
                line_number=batch.line_number,
                tail_size=len(batch.tail),
                tail_hash=hash_tail(batch.tail),
                stored_requests=done.stored,
                known_requests=done.known,
                bad_lines=done.bad,
            )
    return done


def _store_records(
    connection: psycopg.Connection[Any],
    batch: Batch,
    records: Sequence[tuple[Line, TrafficRecord]],
    done: Stored,
) -> None:
    """Store what can be stored, by halves if need be."""
    try:
        stored = _store_new(connection, [record for _, record in records])
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] not in _FAULTS_OF_A_LINE:
            raise
        if len(records) == 1:
            line = records[0][0]
            batch.bad.append(BadLine(line.number, _said(error), line.content))
            return
    else:
        done.stored += stored
        done.known += len(records) - stored
        return
    middle = len(records) // 2
    _store_records(connection, batch, records[:middle], done)
    _store_records(connection, batch, records[middle:], done)


def _store_new(
    connection: psycopg.Connection[Any], records: Sequence[TrafficRecord]
) -> int:
    """Link and store those that are not stored yet; return how many."""
    new: dict[UUID, TrafficRecord] = {}
    for record in records:
        new.setdefault(record.request_id, record)
    _drop_known(connection, new)
    while new:
        try:
            with connection.transaction():
                return _link_and_copy(connection, list(new.values()))
        except UniqueViolation:
            # Another train has one of the ids since we looked, and it can be seen now.
            if not _drop_known(connection, new):
                raise
    return 0


def _drop_known(
    connection: psycopg.Connection[Any], new: dict[UUID, TrafficRecord]
) -> int:
    """Leave out what is stored already; return how many."""
    known = imports.list_stored_ids(connection, request_ids=list(new))
    for row in known:
        del new[row.request_id]
    return len(known)


def _link_and_copy(
    connection: psycopg.Connection[Any], records: list[TrafficRecord]
) -> int:
    linked = link_requests(
        connection,
        requests=[
            NewRequest(
                request_id=record.request_id,
                train_id=record.train_id,
                timestamp=record.timestamp,
                body=record.body,
                response_body=record.response_body,
            )
            for record in records
        ],
    )
    pairs = zip(records, linked.links, strict=True)
    rows = (tuple(_row(record, link)) for record, link in pairs)
    stored = copy_rows(connection, table="api_requests", columns=_COLUMNS, rows=rows)
    move_requests(connection, moves=linked.moves)
    return stored


def _row(record: TrafficRecord, link: Link) -> Iterator[object]:
    yield from (
        record.request_id,
        record.timestamp,
        record.train_id,
        record.method,
        record.path,
        jsonb(record.headers),
        jsonb(record.body),
        record.request_type,
        record.api_key_hash,
        record.model,
        record.ip_address,
        record.response_status,
        jsonb(record.response_headers),
        jsonb(record.response_body),
        record.response_streaming,
        record.duration_ms,
        record.first_token_ms,
        record.tokens.input,
        record.tokens.output,
        record.tokens.cache_creation,
        record.tokens.cache_read,
        jsonb(record.usage_data),
        record.tool_call_count,
        record.error,
        record.completed_at,
        record.account_id,
    )
    yield from (
        link.current_message_hash,
        link.parent_message_hash,
        link.system_hash,
        link.message_count,
        link.conversation_id,
        link.branch_id,
        link.parent_request_id,
        link.parent_task_request_id,
        link.is_subtask,
        jsonb(link.task_tool_invocation),
    )


def _said(error: psycopg.Error) -> str:
    # Not the detail, which shows the row.
    return f"PostgreSQL refuses it: {error.diag.message_primary or error}"
