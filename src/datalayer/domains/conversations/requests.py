# Derived by scripts/async_to_sync.py from requests.py; do not edit.
"""Requests and their responses, as a proxy stores them.

Each function is a transaction of its own unless the caller has one open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalayer.domains.arguments import storable_text
from datalayer.domains.conversations.answers import (
    content_of,
    facts_of,
    invocations_of,
    model_of,
)
from datalayer.domains.conversations.errors import RequestNotFound
from datalayer.domains.conversations.linking import (
    link_request,
    link_response,
    move_requests,
)
from datalayer.domains.conversations.masking import key_hash_of, mask_path
from datalayer.domains.conversations.received import (
    address_of,
    check_request,
    check_response,
    encode_headers,
    is_streamed,
    no_link,
    short_name,
)
from datalayer.domains.conversations.storable import encode_json
from datalayer.queries.conversations import request as queries

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from psycopg import Connection

    from datalayer.domains.conversations.links import Link, Linked
    from datalayer.domains.conversations.received import (
        ReceivedRequest,
        ReceivedResponse,
    )
    from datalayer.runtime import JsonInput


def store_request(
    connection: Connection[Any],
    *,
    request: ReceivedRequest,
    link: bool = True,
    also_mask: Collection[str] = (),
) -> bool:
    """Store a request with its secrets masked, and return whether it is new.

    One of the same id that is stored already stays as it is. With `link` it is linked
    to its conversation; without, it takes one round trip. Headers named in `also_mask`
    are hidden like cookies. Raises `InvalidArgument`, `NaiveTime`, and
    `LinkingNotSerialised`.
    """
    check_request(request)
    if link:
        return _store_linked(connection, request, also_mask)
    unlinked = no_link(request)
    if connection.autocommit:
        return _create(connection, request, also_mask, unlinked)
    with connection.transaction():
        return _create(connection, request, also_mask, unlinked)


def store_response(
    connection: Connection[Any],
    *,
    request_id: UUID,
    response: ReceivedResponse,
    also_mask: Collection[str] = (),
) -> None:
    """Store what is known of the response to a request; it may come in parts.

    The sub-tasks that it calls for are noted, and those that are stored already are
    linked to them. Without any it takes one round trip. Raises `RequestNotFound`,
    `InvalidArgument` and `NaiveTime`.
    """
    check_response(response)
    calls_subtasks = bool(invocations_of(response.body))
    if not calls_subtasks and connection.autocommit:
        _complete(connection, request_id, response, also_mask)
        return
    with connection.transaction():
        # First, since whoever links holds the lock of the train before those of rows.
        linked = _link_subtasks(connection, request_id, response.body)
        _complete(connection, request_id, response, also_mask)
        move_requests(connection, moves=linked.moves)


def mark_task_invocations(connection: Connection[Any], *, request_id: UUID) -> int:
    """Note the sub-tasks that a stored answer calls for, and return how many.

    `store_response` does that already; this is for answers that came another way. The
    sub-tasks that are stored already are linked to it. Raises `RequestNotFound`.
    """
    with connection.transaction():
        stored = queries.get_response_body(connection, request_id=request_id)
        if stored is None:
            raise RequestNotFound(request_id)
        invocations = invocations_of(stored.response_body)
        linked = _link_subtasks(connection, request_id, stored.response_body)
        queries.mark_task_invocations(
            connection,
            request_id=request_id,
            task_tool_invocation=encode_json(invocations or None),
        )
        move_requests(connection, moves=linked.moves)
    return len(invocations)


def _store_linked(
    connection: Connection[Any],
    request: ReceivedRequest,
    also_mask: Collection[str],
) -> bool:
    with connection.transaction():
        linked = link_request(
            connection,
            request_id=request.request_id,
            train_id=request.train_id,
            timestamp=request.timestamp,
            body=request.body,
        )
        is_new = _create(connection, request, also_mask, linked.links[0])
        if is_new:
            move_requests(connection, moves=linked.moves)
    return is_new


def _create(
    connection: Connection[Any],
    request: ReceivedRequest,
    also_mask: Collection[str],
    link: Link,
) -> bool:
    created = queries.create_request(
        connection,
        request_id=request.request_id,
        timestamp=request.timestamp,
        train_id=request.train_id,
        account_id=request.account_id,
        method=storable_text(request.method),
        path=storable_text(mask_path(request.path)),
        headers=encode_headers(request.headers, also_mask),
        body=encode_json(request.body),
        request_type=short_name(request.request_type),
        api_key_hash=request.api_key_hash or key_hash_of(request.headers),
        model=short_name(request.model or model_of(request.body)),
        ip_address=address_of(request),
        response_streaming=is_streamed(request),
        current_message_hash=link.current_message_hash,
        parent_message_hash=link.parent_message_hash,
        system_hash=link.system_hash,
        conversation_id=link.conversation_id,
        branch_id=link.branch_id,
        message_count=link.message_count,
        parent_request_id=link.parent_request_id,
        parent_task_request_id=link.parent_task_request_id,
        is_subtask=link.is_subtask,
    )
    return created == 1


def _complete(
    connection: Connection[Any],
    request_id: UUID,
    response: ReceivedResponse,
    also_mask: Collection[str],
) -> None:
    headers, facts = response.headers, facts_of(response)
    completed = queries.complete_request(
        connection,
        request_id=request_id,
        response_status=response.status,
        response_headers=None
        if headers is None
        else encode_headers(headers, also_mask),
        response_body=encode_json(response.body),
        response_streaming=response.streaming,
        model=short_name(model_of(response.body)),
        duration_ms=response.duration_ms,
        first_token_ms=response.first_token_ms,
        input_tokens=facts.tokens.input,
        output_tokens=facts.tokens.output,
        cache_creation_input_tokens=facts.tokens.cache_creation,
        cache_read_input_tokens=facts.tokens.cache_read,
        usage_data=encode_json(facts.usage),
        tool_call_count=facts.tool_call_count,
        task_tool_invocation=encode_json(facts.invocations or None),
        error=facts.error,
        completed_at=response.completed_at,
    )
    if not completed:
        raise RequestNotFound(request_id)


def _link_subtasks(
    connection: Connection[Any], request_id: UUID, body: JsonInput
) -> Linked:
    """Return the stored requests that move because an answer called for them."""
    return link_response(
        connection, request_id=request_id, response_body={"content": content_of(body)}
    )
