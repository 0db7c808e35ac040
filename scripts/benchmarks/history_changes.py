"""The changes that history triggers are measured with, and the triggers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

FUNCTIONS = Path(__file__).with_name("history_triggers.sql")
#: What each trigger is called in the report, and the function that it calls.
TRIGGERS = {
    "no trigger": "",
    "jsonb diff": (
        "bench_generic_diff('{action,config,is_workflow,workflow_def,retry_count,"
        "max_retries,retry_reason,original_execution,created,updated}')"
    ),
    "full row": "bench_full_row()",
    "plain": "bench_plain()",
    "ours": "record_execution_history()",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A statement; `$1` is another number each time, `$2` and `$3` the rows' ids."""

    name: str
    statement: str
    #: What the rows have as their result: `small`, `large`, or nothing.
    result: str = ""
    #: Whether history takes no notice.
    untracked: bool = False
    #: Whether ours records more than the plain trigger.
    more: bool = False


CHANGES = (
    Change(
        "status",
        "UPDATE execution SET status = bench_status($1::integer)"
        " WHERE id BETWEEN $2 AND $3",
    ),
    Change(
        "status, executor, started_at",
        "UPDATE execution SET status = bench_status($1::integer),"
        " executor = $1::integer, started_at = to_timestamp($1::integer)"
        " WHERE id BETWEEN $2 AND $3",
    ),
    Change(
        "result of 100 bytes",
        "UPDATE execution SET result = small FROM bench_payload"
        " WHERE number = $1::integer % 3 AND id BETWEEN $2 AND $3",
        result="small",
    ),
    Change(
        "result of 100 kB",
        "UPDATE execution SET result = large FROM bench_payload"
        " WHERE number = $1::integer % 3 AND id BETWEEN $2 AND $3",
        result="large",
    ),
    Change(
        "status beside a result of 100 kB",
        "UPDATE execution SET status = bench_status($1::integer)"
        " WHERE id BETWEEN $2 AND $3",
        result="large",
    ),
    Change(
        "INSERT",
        "INSERT INTO execution (action_ref, config, max_retries)"
        " SELECT action_ref, config, $1::integer % 2"
        " FROM execution WHERE id BETWEEN $2 AND $3",
    ),
    Change(
        "INSERT with env_vars",
        "INSERT INTO execution (action_ref, config, env_vars, max_retries)"
        " SELECT action_ref, config, env_vars, $1::integer % 2"
        " FROM execution WHERE id BETWEEN $2 AND $3",
        more=True,
    ),
    Change(
        "DELETE",
        "DELETE FROM execution WHERE $1::integer > 0 AND id BETWEEN $2 AND $3",
    ),
    Change(
        "untracked",
        "UPDATE execution SET retry_count = $1::integer WHERE id BETWEEN $2 AND $3",
        untracked=True,
    ),
    Change(
        "untracked beside a result of 100 kB",
        "UPDATE execution SET retry_count = $1::integer WHERE id BETWEEN $2 AND $3",
        result="large",
        untracked=True,
    ),
)
#: Give all rows a result that none of the changes begins with.
GIVE_RESULT = {
    "small": "UPDATE execution SET result = small FROM bench_payload WHERE number = 3",
    "large": "UPDATE execution SET result = large FROM bench_payload WHERE number = 3",
}


def replace_trigger(connection: Connection, name: str) -> None:
    """Let another trigger write the history; ours comes with one that keeps the key."""
    for trigger in ("execution_history_trigger", "execution_history_refuse_key_change"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger} ON execution".encode())
    if TRIGGERS[name]:
        connection.execute(
            b"CREATE TRIGGER execution_history_trigger"
            b" AFTER INSERT OR UPDATE OR DELETE ON execution"
            b" FOR EACH ROW EXECUTE FUNCTION " + TRIGGERS[name].encode()
        )
    if name == "ours":
        connection.execute(
            b"CREATE TRIGGER execution_history_refuse_key_change"
            b" BEFORE UPDATE ON execution FOR EACH ROW"
            b" WHEN (old.id <> new.id OR old.created <> new.created)"
            b" EXECUTE FUNCTION datalayer_refuse_change('')"
        )


def add_executions(connection: Connection, amount: int) -> tuple[int, int]:
    """Insert executions, and return the first and the last of their ids."""
    query = "SELECT min(id), max(id) FROM bench_add(%s) AS added (id)"
    first, last = connection.execute(query, [amount]).fetchone() or (0, 0)
    return first, last
