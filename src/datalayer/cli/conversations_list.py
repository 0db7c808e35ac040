"""`datalayer conversations list`: the conversations of a train, page by page."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from datalayer.cli.job_tables import fit, printable
from datalayer.cli.operations import (
    DONE,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import console, count, messages, print_json
from datalayer.domains.conversations.errors import ConversationsUnusable
from datalayer.queries.conversations.conversation import list_conversations
from datalayer.runtime import UNSET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalayer.queries.conversations.conversation import Conversation

EXIT_CODES = "Exit codes: 0 shown; 1 an error; 2 wrong usage."
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
_GAP = "  "


def _cursor(text: str | None) -> tuple[datetime, UUID] | None:
    """Read what the end of a page said: a time, a comma and an id."""
    if text is None:
        return None
    time, _, identifier = text.partition(",")
    try:
        moment = datetime.fromisoformat(time)
        return _in_utc(moment), UUID(identifier)
    except ValueError:
        raise typer.BadParameter(
            "take it from the end of a page: TIME,ID", param_hint="--after"
        ) from None


def list_page(
    train: Annotated[str, typer.Option(help="Whose conversations.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=_TIMES, help="Active from then on (UTC)."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_TIMES, help="Last active before (UTC).")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="With a request of this account.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="With a request of this model.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Conversations of a page.")
    ] = 50,
    after: Annotated[
        str | None,
        typer.Option(metavar="TIME,ID", help="Begin where the page before ended."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the conversations of a train, the one that was active last first."""
    cursor = _cursor(after)
    with (
        exit_code(dict if as_json else None, lambda: "interrupted"),
        connect(
            database_url, "list", domain="conversations", unusable=ConversationsUnusable
        ) as connection,
    ):
        found = list_conversations(
            connection,
            train_id=train,
            since=_in_utc(since) if since else UNSET,
            until=_in_utc(until) if until else UNSET,
            account_id=UNSET if account is None else account,
            model=UNSET if model is None else model,
            after_timestamp=cursor[0] if cursor else UNSET,
            after_request_id=cursor[1] if cursor else UNSET,
            row_limit=limit + 1,
        )
    page = found[:limit]
    following = _cursor_of(page[-1]) if len(found) > limit else None
    if as_json:
        data: dict[str, object] = {
            "conversations": [asdict(each) for each in page],
            "next_after": following,
        }
        print_json(document(data, DONE, []))
        return
    _print_page(page, following)


def _cursor_of(last: Conversation) -> str:
    return f"{last.last_activity_at.astimezone(UTC).isoformat()},{last.last_request_id}"


def _in_utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _print_page(page: Sequence[Conversation], following: str | None) -> None:
    if not page:
        messages.print("no such conversations")
        return
    for conversation in page:
        for line in _lines(conversation):
            console.print(line, markup=False, emoji=False)
    if following is not None:
        messages.print(
            f"more conversations follow: add --after {following} for the next page",
            markup=False,
        )


def _lines(conversation: Conversation) -> list[str]:
    """Return a line where there is room, and two on a terminal that is too narrow."""
    head = f"{conversation.conversation_id}{_GAP}{_moment(conversation)}"
    rest = ", ".join(_parts(conversation))
    if not console.is_terminal:
        return [f"{head}{_GAP}{rest}"]
    if len(head) + len(_GAP) + len(rest) <= console.width:
        return [f"{head}{_GAP}{rest}"]
    return [fit(head, console.width), fit(f"    {rest}", console.width)]


def _moment(conversation: Conversation) -> str:
    return f"{conversation.last_activity_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _parts(conversation: Conversation) -> list[str]:
    parts = [count(conversation.request_count, "request")]
    others = conversation.branch_count - conversation.subtask_count
    if others > 1:
        parts.append(f"{others} branches")
    if conversation.subtask_count:
        parts.append(count(conversation.subtask_count, "sub-task"))
    parts.append(f"{conversation.total_tokens:,} tokens")
    return [*parts, *map(printable, conversation.models)]
