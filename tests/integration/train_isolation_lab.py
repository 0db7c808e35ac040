"""Every generated query of conversations, called as one train about another."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import psycopg
from train_isolation_data import MINE, NEW_IDS, THEIRS, arguments_of

import datalayer.queries.conversations as package

Connection: TypeAlias = psycopg.Connection[Any]
Function: TypeAlias = Callable[..., object]

ROLE = "train_guest"
_START = datetime.now(UTC)
_NEW_ID = re.compile(rf"\b{NEW_IDS // 1_000_000}\d{{6}}\b")
_RANDOM_ID = re.compile(r"UUID\('\w{8}-\w{4}-4\w{3}-\w{4}-\w{12}'\)")
_TIME = re.compile(r"datetime\.datetime\((\d+), (\d+), (\d+)[^()]*\)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call returned or raised, without what is new each time."""

    text: str
    #: Whether rows of the other train are others than before.
    has_changed: bool = False


#: The tables of trains, each with a column that can be written.
TABLES = {
    "analysis_audit_log": "outcome",
    "anthropic_credentials": "expires_at",
    "api_requests": "error",
    "conversation_analyses": "content",
    "streaming_chunks": "data",
    "train_accounts": "linked_at",
    "train_api_keys": "name",
    "train_default_accounts": "account_id",
    "train_members": "added_by",
    "trains": "description",
}


def queries() -> dict[str, Function]:
    """Return all that is called: generated functions, and plain SQL on each table."""
    return _plain() | _generated()


def _plain() -> dict[str, Function]:
    found: dict[str, Function] = {"SELECT hourly_stats": _sql("TABLE hourly_stats")}
    for table, column in TABLES.items():
        found[f"SELECT {table}"] = _sql(f"SELECT * FROM {table}")
        found[f"UPDATE {table}"] = _sql(f"UPDATE {table} SET {column} = {column}")
        found[f"DELETE {table}"] = _sql(f"DELETE FROM {table}")
        # Without columns it leaves out computed ones, but not where policies are.
        found[f"COPY {table}"] = _sql(f"COPY {table} ({column}) TO STDOUT")
    found["INSERT train_members"] = _sql(
        "INSERT INTO train_members (train_id, email, added_by)"
        f" VALUES ('{THEIRS}', 'new', 'x')"
    )
    return found


def _sql(statement: str) -> Function:
    def run(connection: Connection) -> object:
        if statement.startswith("COPY"):
            with connection.cursor().copy(statement) as copied:
                return sorted(bytes(line).decode() for line in copied)
        cursor = connection.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        return cursor.rowcount, sorted(map(repr, rows))

    return run


def _generated() -> dict[str, Function]:
    found: dict[str, Function] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value):
                found[f"{info.name}.{name}"] = value
    return found


@dataclass(frozen=True, slots=True)
class Call:
    """A query with arguments."""

    query: str
    #: Whose things the arguments name.
    about: str
    function: Function
    arguments: dict[str, object]


def calls(name: str, function: Function) -> Iterator[Call]:
    """Return calls with what is theirs, with theirs as if it were mine, and mine.

    Raises `KeyError` for a parameter that there is no value for.
    """
    mine, theirs = (arguments_of(train, name) for train in (MINE, THEIRS))
    own = {"train_id": mine["train_id"], "train_ids": mine["train_ids"]}
    parameters = list(inspect.signature(function).parameters.values())[1:]
    for about, values in (
        ("theirs", theirs),
        ("theirs as mine", theirs | own),
        ("mine", mine),
    ):
        arguments = {
            each.name: values[each.name]
            for each in parameters
            if each.name in values or each.default is inspect.Parameter.empty
        }
        yield Call(name, about, function, arguments)


class Database:
    """A database with the other train, or without, and what its rows are."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._rows = their_rows(connection)

    def run(self, call: Call, *, isolated: bool = True) -> Outcome:
        """Call a query as the isolated train, or as the owner; undo it and tell."""
        with undone(self.connection):
            if isolated:
                self.connection.execute("SELECT enter_train(%s, %s)", [MINE, ROLE])
            try:
                with self.connection.transaction():
                    text = repr(call.function(self.connection, **call.arguments))
            except psycopg.Error as error:
                text = f"{type(error).__name__}: {error.diag.message_primary}"
            self.connection.execute("RESET ROLE")
            has_changed = their_rows(self.connection) != self._rows
        return Outcome(_without_news(text), has_changed)


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        yield


_THEIRS = f"""
SELECT md5(string_agg(line, '/' ORDER BY line))
FROM (
    SELECT r::text AS line FROM api_requests AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM conversation_analyses AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM analysis_audit_log AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM trains AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM train_members AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM train_api_keys AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM train_accounts AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM train_default_accounts AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM conversation_imports AS r WHERE train_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM anthropic_credentials AS r WHERE account_id = '{THEIRS}'
    UNION ALL
    SELECT r::text FROM streaming_chunks AS r JOIN api_requests AS a USING (request_id)
    WHERE a.train_id = '{THEIRS}'
) AS lines
"""


def their_rows(connection: Connection) -> object:
    row = connection.execute(_THEIRS).fetchone()
    assert row is not None
    return row[0]


def _without_news(text: str) -> str:
    text = _NEW_ID.sub("<new id>", _RANDOM_ID.sub("<random>", text))

    def masked(match: re.Match[str]) -> str:
        year, month, day = (int(part) for part in match.groups())
        is_new = datetime(year, month, day, tzinfo=UTC).date() >= _START.date()
        return "<now>" if is_new else match[0]

    return _TIME.sub(masked, text)
