"""Requests as clients send them, seeded: conversations, sub-tasks, broken ones."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from conversations_backfill_model import Row

_DOMAINS = ("alpha.example.com", "beta", "büro-münchen", "Ω")
_REMINDER = "<system-reminder>\nToday is Friday.\n</system-reminder>"
_PROMPTS = (
    "Find all uses of `parse`",
    "Summarise README.md,\nthen list what is missing",
    'Wie heißt "das" \\ auf 日本語? 🚂',
    "100 % of it_",
)
#: Prompts that several calls have, also of one answer.
_COMMON_PROMPT = "Look for dead code"
_MODELS = ("claude-sonnet-4", "claude-haiku-4", None)
_START = datetime(2025, 3, 1, 23, 30, tzinfo=UTC)
#: Few names, so that conversations and their sub-tasks have some in common.
_BRANCHES = ("branch_20250301233000000000", "branch_20250301233000000000_2", "Zweig")

_BROKEN_CONTENTS: tuple[object, ...] = (
    *(None, "", " \n", 7, {"type": "text", "text": _COMMON_PROMPT}, [], [None]),
    [{"type": "text"}],
    [{"type": "text", "text": 7}, {"type": "image", "source": {}}],
    [[{"type": "text", "text": _COMMON_PROMPT}]],
    [{"type": "text", "text": _REMINDER}],
    [{"type": ["text"], "text": _COMMON_PROMPT}],
    # What is broken comes first, and does not hide what follows.
    ["x", {"type": "text"}, {"type": "text", "text": _COMMON_PROMPT}],
)
_BROKEN_MESSAGES: tuple[object, ...] = (None, "x", {"role": "user"}, [])
BROKEN_BODIES: tuple[object, ...] = (
    *(None, {}, [], "text", 7, True, {"messages": None}, {"messages": []}),
    {"messages": {"0": {"content": _COMMON_PROMPT}}},
    *({"messages": [message]} for message in _BROKEN_MESSAGES),
    *(
        {"messages": [{"role": "user", "content": content}]}
        for content in _BROKEN_CONTENTS
    ),
)
_CALL: Row = {"type": "tool_use", "id": "t", "name": "Task", "input": {"prompt": "x"}}
_BROKEN_CALLS: tuple[Row, ...] = (
    *({"type": "text"}, {"type": ["tool_use"]}, {"name": "task"}),
    *({"name": None}, {"input": None}, {"input": [{"prompt": "x"}]}),
    *({"input": {"prompt": 7}}, {"input": {}}, {"input": "x"}, {"id": None}),
)
_BROKEN_BLOCKS: tuple[object, ...] = (None, 7, "x", {})
BROKEN_ANSWERS: tuple[object, ...] = (
    *(None, {}, [], "text", 7, False, {"content": None}, {"content": "Task"}),
    *({"content": _CALL}, [{"content": [_CALL]}], {"content": [[_CALL]]}),
    *({"content": [block]} for block in _BROKEN_BLOCKS),
    {"type": "error", "error": {"type": "overloaded_error", "message": "später"}},
    *({"content": [None, {**_CALL, **changed}, _CALL]} for changed in _BROKEN_CALLS),
    {"content": [{"type": "tool_use", "name": "Task"}]},
)


@dataclass
class Traffic:
    """The requests so far, and what chooses the next."""

    random: random.Random
    requests: list[Row] = field(default_factory=list)

    def uuid(self) -> UUID:
        """Return an id that the seed determines."""
        return UUID(int=self.random.getrandbits(128), version=4)


def make_requests(seed: int, conversations: int = 10) -> list[Row]:
    """Return a few hundred rows of api_requests with the columns of all steps."""
    traffic = Traffic(random.Random(seed))
    for _ in range(conversations):
        start = _START + timedelta(hours=traffic.random.randrange(60))
        _converse(traffic, traffic.random.choice(_DOMAINS), _text(traffic), start)
    _settle_some(traffic)
    _add_circle(traffic)
    _add_broken(traffic)
    for row in traffic.requests:
        for column in NULLABLE:
            if traffic.random.random() < 0.04:
                row[column] = None
    return traffic.requests


def _converse(
    traffic: Traffic,
    domain: str,
    opening: object,
    start: datetime,
    caller: Row | None = None,
    depth: int = 0,
) -> None:
    """Append the requests of a conversation, and of the sub-tasks that it calls for."""
    conversation, branch = traffic.uuid(), "main"
    messages: list[Any] = [{"role": "user", "content": opening}]
    system = traffic.random.choice(("You are kind.", [{"type": "text", "text": "β"}]))
    parent: Row | None = None
    time = start
    for _ in range(traffic.random.randrange(1, 6 - depth)):
        calls = _calls(traffic, depth)
        row = _request(traffic, domain, messages, system, time, calls)
        row |= {"conversation_id": conversation, "branch_id": branch}
        row |= {"parent_request_id": parent["request_id"] if parent else None}
        if caller and not parent:
            row |= {"is_subtask": True, "parent_task_request_id": caller["request_id"]}
        traffic.requests.append(row)
        for call in calls:
            _call(traffic, row, call["input"]["prompt"], depth)
        if traffic.random.random() < 0.2:
            _retry(traffic, row)
        if traffic.random.random() < 0.2:
            branch = traffic.random.choice(_BRANCHES)
        parent = row
        answer = {"role": "assistant", "content": row["response_body"]["content"]}
        messages = [*messages, answer, {"role": "user", "content": _text(traffic)}]
        time += timedelta(seconds=traffic.random.choice((0, 0, 1, 40)))


def _call(traffic: Traffic, caller: Row, prompt: str, depth: int) -> None:
    """Let a sub-task begin, mostly in time and with its prompt."""
    chance = traffic.random.random()
    domain = _DOMAINS[0] if chance < 0.05 else caller["domain"]
    late = timedelta(hours=24) if chance > 0.93 else timedelta(0)
    late += timedelta(seconds=traffic.random.choice((0, 1, 30, -1)))
    forms: tuple[object, ...] = (
        *(prompt, prompt, [{"type": "text", "text": prompt}]),
        [{"type": "text", "text": _REMINDER}, {"type": "text", "text": prompt}],
        f"{_REMINDER}\n{prompt}\n",
        [{"type": "text", "text": prompt.replace("\n", "\r\n") + " "}],
        f"{prompt}!",
    )
    opening = traffic.random.choice(forms)
    _converse(traffic, domain, opening, caller["timestamp"] + late, caller, depth + 1)


def _calls(traffic: Traffic, depth: int) -> list[Row]:
    if traffic.random.random() > (0.4, 0.25, 0.2, 0)[depth]:
        return []
    prompts = (*_PROMPTS, _COMMON_PROMPT, _COMMON_PROMPT)
    return [
        {
            "type": "tool_use",
            "id": f"toolu_{traffic.random.getrandbits(32):x}",
            "name": "Task",
            "input": {
                "description": "…",
                "subagent_type": "general-purpose",
                "prompt": traffic.random.choice(prompts),
            },
        }
        for _ in range(traffic.random.randrange(1, 4))
    ]


def _text(traffic: Traffic) -> object:
    text = traffic.random.choice(
        ("Hallo Welt", "weiter…", "よし", "yes", *_PROMPTS[:2])
    )
    if traffic.random.random() < 0.5:
        return text
    return [
        {"type": "text", "text": _REMINDER},
        {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}},
    ]


def _request(
    traffic: Traffic,
    domain: str,
    messages: list[Any],
    system: object,
    time: datetime,
    calls: list[Row],
) -> Row:
    content = [{"type": "text", "text": "Gern."}, *calls]
    streaming = traffic.random.random() < 0.4
    model = traffic.random.choice(_MODELS)
    return {
        "request_id": traffic.uuid(),
        "timestamp": time,
        "domain": domain,
        "method": "POST",
        "path": "/v1/messages",
        "headers": {"user-agent": "client/1.0", "x-name": "Müller"},
        "body": {"model": model, "system": system, "messages": messages},
        "request_type": "inference",
        "api_key_hash": digest(domain),
        "model": model,
        "ip_address": "2001:db8::7",
        "response_status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": {"role": "assistant", "content": content},
        "response_streaming": streaming,
        "duration_ms": traffic.random.randrange(90_000),
        "first_token_ms": traffic.random.randrange(900) if streaming else None,
        "input_tokens": traffic.random.randrange(100_000),
        "output_tokens": traffic.random.randrange(8_000),
        "cache_creation_input_tokens": traffic.random.randrange(2) * 512,
        "cache_read_input_tokens": traffic.random.randrange(2) * 4096,
        "usage_data": {"service_tier": "standard"},
        "tool_call_count": len(calls),
        "error": None,
        "completed_at": time + timedelta(seconds=9),
        "created_at": time,
        "current_message_hash": digest(messages),
        "parent_message_hash": digest(messages[:-2]) if len(messages) > 2 else None,
        "message_count": len(messages),
        "task_tool_invocation": [
            {"id": call["id"], "name": call["name"], "input": call["input"]}
            for call in calls
        ]
        or None,
        "account_id": traffic.random.choice(("acc_1", "acc_ß", None, None)),
        "system_hash": digest(system),
        "is_subtask": False,
        "parent_task_request_id": None,
    }


def _retry(traffic: Traffic, row: Row) -> None:
    """Let a client send the same again, at the same time or a little later."""
    time = row["timestamp"] + timedelta(seconds=traffic.random.choice((0, 1, 3)))
    again = {**row, "request_id": traffic.uuid(), "timestamp": time, "error": "Abbruch"}
    if traffic.random.random() < 0.2:
        again["domain"] = traffic.random.choice(_DOMAINS)
    traffic.requests.append(again)


def _settle_some(traffic: Traffic) -> None:
    """Let some sub-tasks be branches already, with numbers that leave gaps."""
    homes = {row["request_id"]: row["conversation_id"] for row in traffic.requests}
    settled: dict[UUID, tuple[UUID, str]] = {}
    for row in traffic.requests:
        called = row["conversation_id"]
        if (
            row["is_subtask"]
            and called not in settled
            and traffic.random.random() < 0.1
        ):
            number = traffic.random.choice((1, 3, 12))
            home = homes[row["parent_task_request_id"]]
            settled[called] = (home, f"subtask_{number}")
    for row in traffic.requests:
        if row["conversation_id"] in settled:
            row["conversation_id"], row["branch_id"] = settled[row["conversation_id"]]


def _add_circle(traffic: Traffic) -> None:
    """Add conversations of one moment that seem to have begun each other."""
    names = ("circle a", "circle b", "circle c")
    circle = []
    for here, called in zip(names, (*names[1:], names[0]), strict=True):
        call = {**_CALL, "id": here, "input": {"prompt": called}}
        messages = [{"role": "user", "content": here}]
        row = _request(traffic, "circles", messages, "", _START, [call])
        row |= {"conversation_id": traffic.uuid(), "branch_id": "main"}
        circle.append(row | {"parent_request_id": None, "is_subtask": True})
    for caller, row in zip(circle, (*circle[1:], circle[0]), strict=True):
        row["parent_task_request_id"] = caller["request_id"]
    traffic.requests += circle


def _add_broken(traffic: Traffic) -> None:
    """Add what clients and servers should not send, and what has no messages."""
    shapes = [(body, None) for body in BROKEN_BODIES]
    for body, answer in [*shapes, *((None, each) for each in BROKEN_ANSWERS)]:
        row = _request(traffic, "beta", [], None, _START, [])
        row |= {"request_type": "count_tokens", "body": body, "response_body": answer}
        row |= {"conversation_id": None, "branch_id": "main", "message_count": 0}
        row |= {"parent_request_id": None, "path": "/v1/messages/count_tokens"}
        row |= {"response_status": 400, "error": "ungültig", "domain": "beta"}
        row |= dict.fromkeys(("current_message_hash", "parent_message_hash"))
        traffic.requests.append(row)
    # A domain without a name, which no later step takes for a train.
    traffic.requests[-1]["domain"] = ""


#: The columns that may be NULL.
NULLABLE = (
    *("body", "request_type", "api_key_hash", "model", "ip_address"),
    *("response_status", "response_headers", "response_body", "duration_ms"),
    *("first_token_ms", "usage_data", "error", "completed_at", "conversation_id"),
    *("current_message_hash", "parent_message_hash", "system_hash", "account_id"),
    *("parent_task_request_id", "parent_request_id", "task_tool_invocation"),
)


def digest(value: object) -> str:
    """Return 64 hexadecimal digits for a value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
