"""Broken history triggers, made from the real ones, each of which a law must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

Apply = Callable[[psycopg.Connection[Any]], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken version, and the law that must be among those it breaks."""

    name: str
    apply: Apply
    #: How the law's name begins.
    law: str
    #: Whether it takes two sessions to notice.
    together: bool = False
    #: Hypertables know no ENABLE ALWAYS.
    native_only: bool = False


def _function(name: str, *changes: tuple[str, str]) -> Apply:
    """Replace pieces of a function's text, each of which must be there."""

    def apply(connection: psycopg.Connection[Any]) -> None:
        query = "SELECT pg_get_functiondef(%s::regproc)"
        row = connection.execute(query, (name,)).fetchone()
        assert row is not None
        text = str(row[0])
        for old, new in changes:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new)
        connection.execute(text.encode())

    return apply


def _execution(*changes: tuple[str, str]) -> Apply:
    return _function("record_execution_history", *changes)


def _trigger(*changes: tuple[str, str]) -> Apply:
    """Replace pieces of the definition of execution's trigger."""

    def apply(connection: psycopg.Connection[Any]) -> None:
        row = connection.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE tgname = 'execution_history_trigger'"
            " AND tgrelid = 'execution'::regclass"
        ).fetchone()
        assert row is not None
        text = str(row[0])
        for old, new in changes:
            assert old in text, f"the trigger has no {old!r}"
            text = text.replace(old, new)
        connection.execute("DROP TRIGGER execution_history_trigger ON execution")
        connection.execute(text.encode())

    return apply


def _fire_before(connection: psycopg.Connection[Any]) -> None:
    _trigger((" AFTER ", " BEFORE "))(connection)
    kept = "IF tg_op = 'DELETE' THEN RETURN old; END IF; RETURN new;"
    _execution(("RETURN NULL;", kept))(connection)


def _cache_sequence(connection: psycopg.Connection[Any]) -> None:
    connection.execute("ALTER TABLE public.execution_history ALTER seq SET CACHE 20")


def _fire_on_origin(connection: psycopg.Connection[Any]) -> None:
    changed = connection.execute(
        "SELECT tgenabled FROM pg_trigger WHERE tgname = 'execution_history_trigger'"
        " AND tgrelid = 'execution'::regclass"
    ).fetchone()
    assert changed is not None
    assert changed[0] in ("A", b"A")
    connection.execute("ALTER TABLE execution ENABLE TRIGGER execution_history_trigger")


_EXECUTOR = "old.executor IS DISTINCT FROM new.executor"
_DOCUMENTS = ("new.env_vars", "new.workflow_task")
_STARTED_AT = "IF old.started_at IS DISTINCT FROM new.started_at THEN"
_RESULT_AFTER = """new_fields := new_fields
                || jsonb_build_object('result', _jsonb_digest_summary(new.result));
        END IF;
        IF old.executor"""

MUTANTS = (
    Mutant("records unchanged fields", _execution((_EXECUTOR, "TRUE")), "law 1"),
    Mutant(
        "lists fields in another order",
        _execution(("changed || 'started_at'::text", "'started_at'::text || changed")),
        "law 1",
    ),
    Mutant(
        "records one field of several",
        _execution((_STARTED_AT, _STARTED_AT.replace("IF ", "IF changed = '{}' AND "))),
        "law 1",
    ),
    Mutant(
        "forgets NULL", _execution((_EXECUTOR, "old.executor <> new.executor")), "law 2"
    ),
    Mutant(
        "compares jsonb by value",
        _execution(
            *(
                (
                    f"ROW(old.{name})::record *<> ROW(new.{name})::record",
                    f"old.{name} IS DISTINCT FROM new.{name}",
                )
                for name in ("env_vars", "workflow_task", "result")
            )
        ),
        "law 2",
    ),
    Mutant(
        "fires for some columns only",
        _trigger((" OR UPDATE ON", " OR UPDATE OF status ON")),
        "law 2",
    ),
    Mutant("fires before the row", _fire_before, "law 2"),
    Mutant("does not record DELETE", _trigger((" OR DELETE", "")), "law 3"),
    Mutant("fires on origin only", _fire_on_origin, "law 2", native_only=True),
    Mutant(
        "digest of the old value",
        _execution((_RESULT_AFTER, _RESULT_AFTER.replace("new.result", "old.result"))),
        "law 9",
    ),
    Mutant(
        "digest counts characters",
        _function("_jsonb_digest_summary", ("octet_length", "length")),
        "law 9",
    ),
    Mutant(
        "INSERT without what is not NULL",
        _execution(("IF new.env_vars IS NOT NULL", "IF FALSE")),
        "law 4",
    ),
    Mutant(
        "documents without $json",
        _execution(*((f"_jsonb_history_value({name})", name) for name in _DOCUMENTS)),
        "law 5",
    ),
    Mutant(
        "NULL as an empty object",
        _execution(
            *(
                (
                    f"_jsonb_history_value({name})",
                    f"coalesce(_jsonb_history_value({name}), '{{}}')",
                )
                for name in _DOCUMENTS
            )
        ),
        "law 5",
    ),
    Mutant(
        "reference of the old row",
        _execution(
            ("'UPDATE', new.id, new.action_ref", "'UPDATE', new.id, old.action_ref")
        ),
        "the contract",
    ),
    Mutant("sequence with a cache", _cache_sequence, "law 6", together=True),
    Mutant(
        "time zone of the session",
        _execution(("SET \"TimeZone\" TO 'UTC'", "")),
        "law 8",
    ),
    Mutant(
        "names of the session",
        _execution(("SET search_path TO 'public', 'pg_temp'", "")),
        "law 2",
    ),
    Mutant(
        "temporary names first",
        _execution(("'public', 'pg_temp'", "'pg_temp', 'public'")),
        "law 2",
    ),
    Mutant("rights of the session", _execution((" SECURITY DEFINER", "")), "law 10"),
)
