"""Values for the columns of a program: as written in SQL, and what they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from history_columns import Table
from history_json import canonical


@dataclass(frozen=True, slots=True)
class Value:
    """A value, or SQL NULL."""

    #: How it is written between quotes, or in the data of COPY.
    written: str | None
    #: The JSON text of the value itself, as PostgreSQL writes it; None is SQL NULL.
    text: str | None
    #: What to write in SQL instead of a very long literal.
    expression: str | None = None

    @property
    def sql(self) -> str:
        if self.expression is not None:
            return self.expression
        return "NULL" if self.written is None else quote(self.written)

    def __repr__(self) -> str:
        return f"<{self.sql}>"


def quote(text: str) -> str:
    """A literal that means the same whatever the session's settings are."""
    doubled = text.replace("'", "''")
    if "\\" in text:
        return "E'" + doubled.replace("\\", "\\\\") + "'"
    return f"'{doubled}'"


NULL = Value(None, None)


def string(text: str) -> Value:
    return Value(text, json.dumps(text, ensure_ascii=False))


def integer(number: int) -> Value:
    return Value(str(number), str(number))


def document(written: str) -> Value:
    return Value(written, canonical(written))


@lru_cache
def large_document(count: int, compressible: bool) -> Value:
    """A string of 32 characters, that many times or that many different ones."""
    if compressible:
        written = json.dumps(hashlib.md5(b"1").hexdigest() * count)
        made = f"pg_catalog.repeat(pg_catalog.md5('1'), {count})"
    else:
        parts = (hashlib.md5(str(i).encode()).hexdigest() for i in range(1, count + 1))
        written = json.dumps("".join(parts))
        made = (
            "(SELECT pg_catalog.string_agg(pg_catalog.md5(i::text), '' ORDER BY i)"
            f" FROM pg_catalog.generate_series(1, {count}) AS s (i))"
        )
    return Value(written, written, f"pg_catalog.to_jsonb({made})")


#: Groups of documents that a careless reader takes for each other.
FAMILIES: tuple[tuple[Value, ...], ...] = tuple(
    tuple(NULL if text is None else document(text) for text in family)
    for family in (
        (None, "null", "{}", "[]", '""', "0", "false"),
        (None, "null", '{"$json": null}', '{"$json": {"$json": 1}}', '["$json"]'),
        ('"$json"', "null", '{"$json": "$json"}', '{"$json": null, "a": 1}'),
        ("1", "1.0", "1e0", "1.00", '"1"', "true", "[1]"),
        ("0.10", "0.1", "1e-1", "-0.0", "0.0", "0", "-0"),
        ('{"a": 1, "bb": 2}', '{"bb": 2, "a": 1}', '{"a":1,"bb":2.0}', '{"a": 1}'),
        ('{"a": 1, "a": 2}', '{"a": 2}', '{"a": 2, "A": 1}', '{"a": null}', "{}"),
        ('{"a": {"b": [1, {"c": null}]}}', '{"a": {"b": [1.0, {"c": null}]}}', "null"),
        ("123456789012345678901234567890", "123456789012345678901234567890.0", "1e40"),
        ('"\\u00e9"', '"é"', '"e\\u0301"', '"\\ud83d\\ude00"', '"😀"', '"\\u001f\\n"'),
        ('{"é": 1, "z": 1, "ab": [], "": ""}', '{"": "", "ab": [], "z": 1, "é": 1}'),
        ('["a", "b"]', '["b", "a"]', '["a", "b", null]', "[[]]", "[{}]", "[null]"),
        ('"it\'s \\"\\\\ here"', '"null"', "null", '"{}"', '" "', '"\\t"'),
    )
)
LARGE = (
    large_document(100, compressible=False),
    large_document(100, compressible=True),
    large_document(33_000, compressible=True),
    large_document(33_000, compressible=False),
)

#: A moment as it is written, and as JSON has it at UTC.
MOMENTS = (
    NULL,
    *(
        Value(written, json.dumps(text))
        for written, text in (
            ("2026-01-01 12:00:00+00", "2026-01-01T12:00:00+00:00"),
            ("2026-01-01 17:30:00+05:30", "2026-01-01T12:00:00+00:00"),
            ("2026-01-01 12:00:00.50+00", "2026-01-01T12:00:00.5+00:00"),
            ("2026-03-29 01:30:00.123456+00", "2026-03-29T01:30:00.123456+00:00"),
            ("2026-07-01 00:00:00-11:00", "2026-07-01T11:00:00+00:00"),
            ("infinity", "infinity"),
            ("-infinity", "-infinity"),
            ("0044-03-15 00:00:00+00 BC", "0044-03-15T00:00:00+00:00 BC"),
        )
    ),
)
_EXECUTION_STATUSES = ("requested", "scheduled", "running", "completed", "failed")
_NUMBERS = (NULL, integer(0), integer(7), integer(-1), integer(2**63 - 1))
_TEXTS = ("", "null", "NULL", "10.0.0.1", "é😀", "it's", 'a"b\\c', "\\N", "a\tb\nc")

#: What each column of scalars may hold; names of workers follow from their keys.
SCALARS: dict[tuple[str, str], tuple[Value, ...]] = {
    ("execution", "action_ref"): tuple(map(string, ("core.http", "é.😀", ""))),
    ("execution", "enforcement"): _NUMBERS,
    ("execution", "executor"): _NUMBERS,
    ("execution", "parent"): _NUMBERS,
    ("execution", "retry_count"): (integer(0), integer(1), integer(2)),
    ("execution", "retry_reason"): (NULL, *map(string, _TEXTS)),
    ("execution", "started_at"): MOMENTS,
    ("execution", "status"): tuple(map(string, _EXECUTION_STATUSES)),
    ("worker", "host"): (NULL, *map(string, _TEXTS)),
    ("worker", "last_heartbeat"): MOMENTS,
    ("worker", "port"): (NULL, integer(1), integer(80), integer(65535)),
    ("worker", "runtime"): _NUMBERS,
    ("worker", "status"): tuple(map(string, ("active", "busy", "draining"))),
    ("worker", "worker_role"): tuple(map(string, ("action", "hybrid"))),
    ("worker", "worker_type"): tuple(map(string, ("local", "container"))),
}


def scalars(table: Table, column: str, key: int) -> tuple[Value, ...]:
    """What a column may hold in the row that is called by a key."""
    if (table.name, column) == ("worker", "name"):
        return tuple(map(string, (f"w{key}", f"wörker {key}", f"W{key}")))
    return SCALARS[table.name, column]
