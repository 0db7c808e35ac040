"""What PostgreSQL's Describe message says about a statement."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import pq

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

#: Since PostgreSQL 16 it needs no values for placeholders.
_EXPLAIN = b"EXPLAIN (GENERIC_PLAN) "


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """The name and the type OID of a column."""

    name: str
    type_oid: int


@dataclass(frozen=True, slots=True)
class Description:
    """The OIDs of a statement's parameters and the columns of its result."""

    parameter_oids: tuple[int, ...]
    columns: tuple[ResultColumn, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why PostgreSQL did not accept a statement."""

    message: str
    sqlstate: str
    #: The character of the statement that it points at, from 0.
    offset: int | None
    hint: str | None
    detail: str | None = None


def describe(connection: Connection[Any], sql: str) -> Description | Refusal:
    """Prepare a statement with `$1` placeholders and describe it; nothing is run."""
    encoding = connection.info.encoding
    prepared = connection.pgconn.prepare(b"", sql.encode(encoding))
    if prepared.status != pq.ExecStatus.COMMAND_OK:
        return _refusal(prepared, encoding)
    result = connection.pgconn.describe_prepared(b"")
    if result.status != pq.ExecStatus.COMMAND_OK:
        return _refusal(result, encoding)
    return Description(
        parameter_oids=tuple(map(result.param_type, range(result.nparams))),
        columns=tuple(
            ResultColumn((result.fname(i) or b"").decode(encoding), result.ftype(i))
            for i in range(result.nfields)
        ),
    )


def plan(connection: Connection[Any], sql: str) -> Refusal | None:
    """Plan a statement with placeholders; return why it cannot be, if so.

    Whether ON CONFLICT names a unique key, PostgreSQL looks up only then.
    """
    encoding = connection.info.encoding
    planned = connection.pgconn.exec_(_EXPLAIN + sql.encode(encoding))
    if planned.status == pq.ExecStatus.TUPLES_OK:
        return None
    return dataclasses.replace(_refusal(planned, encoding), offset=None)


def _refusal(result: PGresult, encoding: str) -> Refusal:
    def text(code: pq.DiagnosticField) -> str | None:
        value = result.error_field(code)
        return value.decode(encoding, "replace") if value else None

    position = text(pq.DiagnosticField.STATEMENT_POSITION)
    return Refusal(
        message=text(pq.DiagnosticField.MESSAGE_PRIMARY) or "no message",
        sqlstate=text(pq.DiagnosticField.SQLSTATE) or "",
        offset=int(position) - 1 if position else None,
        hint=text(pq.DiagnosticField.MESSAGE_HINT),
        detail=text(pq.DiagnosticField.MESSAGE_DETAIL),
    )
