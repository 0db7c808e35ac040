"""What each step of the conversations domain must make of the rows before it.

Written from what the steps promise, row by row, without any SQL.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeAlias
from uuid import UUID

Row: TypeAlias = dict[str, Any]
#: The rows of a table by their primary keys.
Rows: TypeAlias = dict[tuple[Any, ...], Row]
Tables: TypeAlias = dict[str, Rows]

_DAY = timedelta(hours=24)
_REMINDER = re.compile("<system-reminder>.*?</system-reminder>", re.DOTALL)
_SUBTASK = re.compile("subtask[ _]")
#: The columns that steps add to api_requests, and what older requests have in them.
_ADDED: dict[int, Row] = {
    1: {
        "current_message_hash": None,
        "parent_message_hash": None,
        "conversation_id": None,
        "branch_id": "main",
        "message_count": 0,
    },
    3: {
        "parent_task_request_id": None,
        "is_subtask": False,
        "task_tool_invocation": None,
    },
    5: {"account_id": None},
    6: {"system_hash": None},
    7: {"parent_request_id": None},
}
_NEW_TABLES = {
    3: ("backfill_progress",),
    5: ("domain_accounts",),
    11: ("analysis_audit_log", "conversation_analyses"),
    13: ("anthropic_credentials", "train_accounts", "train_api_keys"),
}


def after_step(step: int, before: Tables) -> Tables:
    """Return the rows that a step must leave, with the columns that it determines."""
    tables = _copy(before)
    for name in _NEW_TABLES.get(step, ()):
        tables.setdefault(name, {})
    for row in tables["api_requests"].values():
        row |= _ADDED.get(step, {})
    if step in _CHANGES:
        _CHANGES[step](tables)
    return tables


def with_accounts(before: Tables) -> Tables:
    """Return what the fifth step leaves when it runs again over newer requests."""
    tables = _copy(before)
    give_accounts(_requests(tables), tables["domain_accounts"].values())
    return tables


def _copy(tables: Tables) -> Tables:
    return {
        name: {key: dict(row) for key, row in rows.items()}
        for name, rows in tables.items()
    }


def note_invocations(requests: Iterable[Row]) -> None:
    """Write the calls of the tool `Task` beside the answers that hold them."""
    for row in requests:
        if row["task_tool_invocation"] is None:
            row["task_tool_invocation"] = _calls(row["response_body"]) or None


def _calls(answer: object) -> list[Row]:
    content = answer.get("content") if isinstance(answer, dict) else None
    return [
        {name: block.get(name) for name in ("id", "name", "input")}
        for block in (content if isinstance(content, list) else [])
        if isinstance(block, dict)
        and block.get("type") == "tool_use"
        and block.get("name") == "Task"
    ]


def first_message_forms(body: object) -> set[str]:
    """Return the text that a conversation of one message begins with, in two forms."""
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or len(messages) != 1:
        return set()
    content = messages[0].get("content") if isinstance(messages[0], dict) else None
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    for block in content if isinstance(content, list) else []:
        if not isinstance(block, dict) or block.get("type") != "text":
            continue
        text = block.get("text")
        if isinstance(text, str):
            plain = _REMINDER.sub("", text.replace("\r\n", "\n")).strip(" \t\n\r\f\v")
            if plain:
                return {text, plain}
    return set()


def link_subtasks(requests: Iterable[Row]) -> None:
    """Link what begins with the prompt of a call to the last such call in a day."""
    rows = list(requests)
    callers = [(row, _prompts(row["task_tool_invocation"])) for row in rows]
    for child in rows:
        forms = first_message_forms(child["body"])
        if child["parent_task_request_id"] is not None or not forms:
            continue
        found = [
            caller
            for caller, prompts in callers
            if forms & prompts
            and caller is not child
            and caller["domain"] == child["domain"]
            and timedelta(0) <= child["timestamp"] - caller["timestamp"] <= _DAY
        ]
        if found:
            child["parent_task_request_id"] = max(found, key=_age)["request_id"]
            child["is_subtask"] = True


def _prompts(calls: object) -> set[str]:
    found = set()
    for call in calls if isinstance(calls, list) else []:
        given = call.get("input") if isinstance(call, dict) else None
        prompt = given.get("prompt") if isinstance(given, dict) else None
        if isinstance(prompt, str):
            found.add(prompt)
    return found


def _age(row: Row) -> tuple[datetime, UUID]:
    return row["timestamp"], row["request_id"]


def give_accounts(requests: Iterable[Row], mapping: Iterable[Row]) -> None:
    """Fill in the account of the domain where a request has none."""
    accounts = {row["domain"]: row["account_id"] for row in mapping}
    for row in requests:
        if row["account_id"] is None:
            row["account_id"] = accounts.get(row["domain"])


def link_parents(requests: Iterable[Row]) -> None:
    """Link each request to the last one before it whose messages it continues."""
    rows = list(requests)
    candidates = defaultdict(list)
    for row in rows:
        if row["current_message_hash"] and row["conversation_id"]:
            candidates[_place(row, "current_message_hash")].append(row)
    for child in rows:
        if child["parent_request_id"] is not None:
            continue
        found = [
            parent
            for parent in candidates[_place(child, "parent_message_hash")]
            if parent is not child and parent["timestamp"] <= child["timestamp"]
        ]
        if found:
            child["parent_request_id"] = max(found, key=_age)["request_id"]


def _place(row: Row, hash_column: str) -> tuple[object, ...]:
    return row["domain"], row["conversation_id"], row[hash_column]


def inherit_conversations(requests: Iterable[Row], batch_size: int = 2000) -> None:
    """Move sub-tasks to the conversations that called for them, and number them."""
    rows = sorted(requests, key=lambda row: row["request_id"].int)
    by_id = {row["request_id"]: row for row in rows}
    callers = _conversation_callers(rows)
    above = {
        conversation: by_id[caller]["conversation_id"]
        for conversation, caller in callers.items()
        if caller in by_id and by_id[caller]["conversation_id"] is not None
    }
    members: dict[UUID | None, list[Row]] = defaultdict(list)
    for row in rows:
        members[row["conversation_id"]].append(row)
    for first in range(0, len(rows), batch_size):
        begun = {
            row["conversation_id"]
            for row in rows[first : first + batch_size]
            if row["parent_task_request_id"] is not None
        }
        for conversation in sorted(begun - {None}):
            home = _top(conversation, above)
            if home != conversation:
                moving = members.pop(conversation)
                _move(moving, home, members[home], callers[conversation])
                members[home] += moving
    for conversation, inside in members.items():
        if conversation is not None and any(
            row["parent_task_request_id"] for row in inside
        ):
            _number_subtasks(inside)


def _conversation_callers(rows: Iterable[Row]) -> dict[UUID, UUID]:
    """Return the request that called for each conversation that is a sub-task."""
    openings: dict[UUID, Row] = {}

    def order(row: Row) -> tuple[datetime, bool, UUID]:
        is_called = row["parent_task_request_id"] is not None
        return row["timestamp"], not is_called, row["request_id"]

    for row in sorted(rows, key=order):
        if row["branch_id"] == "main" and row["conversation_id"] is not None:
            openings.setdefault(row["conversation_id"], row)
    return {
        conversation: opening["parent_task_request_id"]
        for conversation, opening in openings.items()
        if opening["parent_task_request_id"] is not None
    }


def _top(conversation: UUID, above: Mapping[UUID, UUID]) -> UUID:
    """Return the conversation at the top, or the first one of a circle."""
    passed = set()
    while conversation not in passed and conversation in above:
        passed.add(conversation)
        conversation = above[conversation]
    return conversation


def _move(moving: list[Row], home: UUID, there: list[Row], caller: UUID) -> None:
    taken = {row["branch_id"] for row in there}
    wanted = moving[0]["conversation_id"]
    old_names = {row["branch_id"] for row in moving}
    names = {}
    for name in old_names:
        if name == "main" or _SUBTASK.match(name):
            names[name] = f"subtask of {wanted} {name}"
        elif name not in taken:
            names[name] = name
        else:
            numbers = (f"{name}_{number}" for number in count(2))
            names[name] = next(n for n in numbers if n not in taken | old_names)
    for row in moving:
        row["conversation_id"] = home
        row["branch_id"] = names[row["branch_id"]]
        row["is_subtask"] = True
        row["parent_task_request_id"] = row["parent_task_request_id"] or caller


def _number_subtasks(rows: list[Row]) -> None:
    numbers: dict[str, int] = {}
    for row in sorted(rows, key=_age):
        if _SUBTASK.match(row["branch_id"]):
            number = numbers.setdefault(row["branch_id"], len(numbers) + 1)
            row["branch_id"] = f"subtask_{number}"


def _requests(tables: Tables) -> Iterable[Row]:
    return tables["api_requests"].values()


def _add_subtasks(tables: Tables) -> None:
    note_invocations(_requests(tables))
    link_subtasks(_requests(tables))


def _rename_domains(tables: Tables) -> None:
    tables["train_default_accounts"] = tables.pop("domain_accounts")
    for rows in tables.values():
        for key, row in rows.items():
            rows[key] = {"train_id" if c == "domain" else c: row[c] for c in row}


def _add_trains(tables: Tables) -> None:
    names = sorted({r["train_id"] for r in _requests(tables)} - {""}, key=str.encode)
    tables["trains"] = {
        (number,): {"train_id": name, "name": name, "slack_enabled": False}
        for number, name in enumerate(names, start=1)
    }


def _add_owners(tables: Tables) -> None:
    names = sorted((r["train_id"] for r in tables["trains"].values()), key=str.encode)
    owner = {"email": "todo@localhost", "role": "owner", "added_by": "system"}
    tables["train_members"] = {
        (number,): {"train_id": name, **owner}
        for number, name in enumerate(names, start=1)
    }


_CHANGES: dict[int, Callable[[Tables], None]] = {
    3: _add_subtasks,
    5: lambda tables: give_accounts(
        _requests(tables), tables["domain_accounts"].values()
    ),
    7: lambda tables: link_parents(_requests(tables)),
    8: lambda tables: inherit_conversations(_requests(tables)),
    12: _rename_domains,
    13: _add_trains,
    14: _add_owners,
}
