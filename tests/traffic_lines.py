"""Logs of traffic: conversations with branches and sub-tasks, a line a request."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg

BEGIN = datetime(2026, 5, 4, 12, tzinfo=UTC)
Message = dict[str, object]

#: What has to be the same whichever way the same lines were imported.
_FINGERPRINT = """
SELECT
    request_id, timestamp, train_id, account_id, method, path, headers, body,
    request_type, api_key_hash, model, response_status, response_headers, response_body,
    response_streaming, duration_ms, input_tokens, output_tokens, usage_data,
    tool_call_count, error, completed_at, current_message_hash, parent_message_hash,
    system_hash, conversation_id, branch_id, message_count, parent_request_id,
    parent_task_request_id, is_subtask, task_tool_invocation
FROM api_requests
ORDER BY request_id
"""


def says(role: str, *content: object) -> Message:
    """Return a message."""
    blocks = [
        {"type": "text", "text": part} if isinstance(part, str) else part
        for part in content
    ]
    return {"role": role, "content": blocks}


def line(
    seconds: float, messages: list[Message], answer: Message, **more: object
) -> bytes:
    """Return a line of a request so many seconds after the begin."""
    response = {
        "type": "message",
        "model": "m-1",
        **answer,
        "usage": {"input_tokens": len(messages), "output_tokens": 5},
    }
    members = {
        "timestamp": (BEGIN + timedelta(seconds=seconds)).isoformat(),
        "request": {"model": "m", "system": "be brief", "messages": messages},
        "response": response,
        "status": 200,
        **more,
    }
    return json.dumps(members).encode()


def lines_of_conversations(seed: int, number: int) -> list[bytes]:
    """Return so many lines of conversations that go on at the same time."""
    chance = random.Random(seed)
    stories = [_conversation(chance, name) for name in range(1 + number // 8)]
    lines: list[bytes] = []
    for second in range(number):
        story = chance.choice(stories)
        messages, answer = next(story)
        lines.append(line(second, messages, answer))
    return lines


def _conversation(
    chance: random.Random, name: int
) -> Iterator[tuple[list[Message], Message]]:
    """Yield requests with their answers, now and then in a branch or a sub-task."""
    turns: list[Message] = [says("user", f"conversation {name}")]
    number = 0
    while True:
        number += 1
        if len(turns) > 4 and chance.random() < 0.2:
            # Back to an earlier turn, from where the user goes on in another way.
            turns = turns[: 2 * chance.randrange(1, len(turns) // 2)]
            turns.append(says("user", f"or rather {number}"))
        if chance.random() < 0.2:
            prompt = f"look for {number} in {name}"
            call = {"type": "tool_use", "id": f"t{number}", "name": "Task"}
            task = {**call, "input": {"prompt": prompt}}
            answer = says("assistant", f"let me see {number}", task)
            yield list(turns), answer
            yield [says("user", prompt)], says("assistant", f"found {number}")
            result = {"type": "tool_result", "tool_use_id": f"t{number}"}
            turns += [answer, says("user", {**result, "content": f"found {number}"})]
        else:
            answer = says("assistant", f"answer {number}")
            yield list(turns), answer
            turns += [answer, says("user", f"and {number}?")]


def fingerprint(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    """Return all requests, with everything that does not depend on when they came."""
    return connection.execute(_FINGERPRINT.encode()).fetchall()
