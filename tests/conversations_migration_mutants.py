"""Files of the conversations domain with a mistake, each of which a check must find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conversations_ladder import Ladder
from conversations_migration_checks import (
    check_accounts,
    check_again,
    check_applies,
    check_hashes,
    check_indexes,
    check_refresh,
    check_rows,
    check_text,
)
from conversations_steps import STEPS


@dataclass(frozen=True)
class Mutant:
    """A step with a mistake: what it says instead, and which check must find it."""

    mistake: str
    step: int
    check: Callable[[Ladder, int, Path], None]
    old: str
    new: str

    def write(self, folder: Path) -> Path:
        """Write the file with the mistake, and return it."""
        right = STEPS[self.step].read_text()
        assert self.old in right, "the file no longer says this"
        file = folder / STEPS[self.step].name
        file.write_text(right.replace(self.old, self.new))
        return file


#: The mistakes of earlier attempts at these steps.
EARLIER = (
    Mutant(
        "an index on a column that no migration created",
        4,
        check_applies,
        "domain, branch_id, is_subtask,",
        "domain, branch_id, subtask_sequence,",
    ),
    Mutant(
        "an index on a column that a later migration creates",
        2,
        check_applies,
        "ON api_requests (conversation_id, branch_id)",
        "ON api_requests (conversation_id, branch_id, is_subtask)",
    ),
    Mutant(
        "a concurrent refresh without a unique index",
        0,
        check_refresh,
        "CREATE UNIQUE INDEX hourly_stats_key\n"
        "ON hourly_stats (hour, domain, model) NULLS NOT DISTINCT;",
        "CREATE INDEX hourly_stats_key ON hourly_stats (hour, domain, model);",
    ),
    Mutant(
        "a concurrent refresh with a unique index of some rows",
        0,
        check_refresh,
        "model) NULLS NOT DISTINCT;",
        "model) WHERE model IS NOT NULL;",
    ),
    Mutant(
        "a refresh that waits for readers",
        0,
        check_refresh,
        "VIEW CONCURRENTLY",
        "VIEW",
    ),
    Mutant(
        "a set-returning function in WHERE",
        3,
        check_rows,
        "AND task_tool_invocation IS NULL",
        "AND jsonb_array_elements(response_body -> 'content') ->> 'name' = 'Task'",
    ),
    Mutant(
        "min(uuid) on a server that has it",
        8,
        check_text,
        "(array_agg(request_id ORDER BY timestamp, request_id))[1]",
        "min(request_id)",
    ),
    Mutant(
        "a text pattern that jsonb never prints",
        3,
        check_rows,
        "AND task_tool_invocation IS NULL",
        """AND response_body::text LIKE '%"name":"Task"%'""",
    ),
    Mutant(
        "50 characters for the hash of messages",
        1,
        check_hashes,
        "current_message_hash character(64)",
        "current_message_hash character varying(50)",
    ),
    Mutant(
        "50 characters for the hash of the system prompt",
        6,
        check_hashes,
        "character(64)",
        "character varying(50)",
    ),
    Mutant(
        "a constraint of counts that is there the second time",
        1,
        check_again,
        "DROP CONSTRAINT IF EXISTS api_requests_message_count",
        "ALTER COLUMN request_id SET NOT NULL",
    ),
    Mutant(
        "a constraint of parents that is there the second time",
        7,
        check_again,
        "DROP CONSTRAINT IF EXISTS api_requests_parent_request_id_fkey,\n",
        "",
    ),
    Mutant(
        "two GIN indexes on one column",
        9,
        check_indexes,
        "-- One is enough:",
        "CREATE INDEX twice ON api_requests USING gin (response_body);\n--",
    ),
    Mutant(
        "an index that another one begins with",
        2,
        check_indexes,
        "DROP INDEX CONCURRENTLY IF EXISTS idx_requests_domain;",
        "",
    ),
    Mutant(
        "indexes that others cover",
        4,
        check_indexes,
        "DROP INDEX CONCURRENTLY IF EXISTS idx_requests_conversation_branch;",
        "",
    ),
)


def _wrong_rows(step: int, *changes: tuple[str, str, str]) -> tuple[Mutant, ...]:
    return tuple(
        Mutant(mistake, step, check_rows, old, new) for mistake, old, new in changes
    )


#: Backfills that do something else.
BACKFILLS = (
    *_wrong_rows(
        3,
        ("whole blocks for calls", "'input', block -> 'input'", "'input', block"),
        ("calls of any shape", "'strict $.content[*]", "'lax $.content[*]"),
        ("calls of other tools", '@.type == "tool_use" && ', ""),
        ("calls in any order", "ORDER BY place\n", "ORDER BY place DESC\n"),
        ("calls of other domains", "caller.domain = child.domain\n", "TRUE\n"),
        ("calls of later", "AND caller.timestamp <= child.timestamp\n", ""),
        ("calls of days ago", "interval '24 hours'", "interval '24 days'"),
        ("the first call", "caller.timestamp DESC", "caller.timestamp"),
        ("continuations as sub-tasks", ") = 1\n", ") >= 1\n"),
        ("reminders as prompts", "'<system-reminder>.*?</system-reminder>'", "'^$'"),
        ("only what is plain", "ARRAY[original, plain]", "ARRAY[plain || '.']"),
        ("Windows line ends", "replace(original, E'\\r\\n', E'\\n')", "original"),
        ("sub-tasks without a mark", ", is_subtask = TRUE", ""),
    ),
    *_wrong_rows(
        5,
        ("accounts of anybody", "AND domain_accounts.domain = api_requests.domain", ""),
    ),
    Mutant(
        "accounts overwritten",
        5,
        check_accounts,
        "AND api_requests.account_id IS NULL\n",
        "",
    ),
    *_wrong_rows(
        7,
        ("parents of other domains", "parent.domain = child.domain\n", "TRUE\n"),
        (
            "parents of other conversations",
            "AND parent.conversation_id = child.conversation_id\n",
            "",
        ),
        ("parents of earlier only", "parent.timestamp <= c", "parent.timestamp < c"),
        ("the first parent", "parent.timestamp DESC", "parent.timestamp"),
        ("the lowest parent", "parent.request_id DESC", "parent.request_id"),
    ),
    *_wrong_rows(
        8,
        ("sub-tasks that stay", "IF home <> wanted THEN", "IF FALSE THEN"),
        ("one step up", "EXIT WHEN reached = ANY (passed);", "EXIT;"),
        ("sub-tasks without a mark", "is_subtask = TRUE,", ""),
        ("branches mixed", "WHILE EXISTS (", "WHILE FALSE AND EXISTS ("),
        ("gaps in numbers", "homes := homes || home;\n", ""),
        ("numbers by name", "min(timestamp),\n", "branch_id,\n"),
        ("callers overwritten", "coalesce(parent_task_request_id, caller)", "caller"),
        ("all branches renamed", "OR old_name ~ '^subtask[ _]'", "OR TRUE"),
    ),
    *_wrong_rows(12, ("a table left out", "'analysis_audit_log',\n", "")),
    *_wrong_rows(13, ("a train without a name", "WHERE train_id <> ''\n", "")),
    Mutant(
        "an owner for those who have one",
        14,
        check_again,
        "WHERE train_members.train_id = trains.train_id",
        "WHERE FALSE",
    ),
    *_wrong_rows(
        14,
        ("another owner", "'todo@localhost'", "'root@localhost'"),
    ),
)
