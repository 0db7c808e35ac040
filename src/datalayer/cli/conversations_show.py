"""`datalayer conversations show`: a conversation as a tree."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from datalayer.cli.conversation_tree import heading, make_nodes, print_tree
from datalayer.cli.operations import (
    DONE,
    DatabaseUrl,
    Json,
    connect,
    document,
    exit_code,
)
from datalayer.cli.output import print_json
from datalayer.domains.conversations.errors import ConversationsUnusable
from datalayer.domains.conversations.reading_trees import read_conversation
from datalayer.domains.conversations.trees import build_tree

EXIT_CODES = "Exit codes: 0 shown; 1 an error, such as an unknown id; 2 wrong usage."


def show(
    id: Annotated[
        UUID, typer.Argument(metavar="ID", help="Of a conversation, or a request.")
    ],
    with_messages: Annotated[
        bool, typer.Option("--messages", help="Show what was said, too.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a conversation as a tree of branches and sub-tasks.

    Each request has its time (UTC), model, tokens in and out, duration and first words;
    that of the id is marked by a star. On a terminal lines are cut to fit.
    """
    with (
        exit_code(dict if as_json else None, lambda: "interrupted"),
        connect(
            database_url,
            "show",
            domain="conversations",
            unusable=ConversationsUnusable,
        ) as connection,
    ):
        connection.read_only = True
        requests = read_conversation(connection, id=id, with_messages=with_messages)
    conversation_id = requests[0].conversation_id
    if as_json:
        data: dict[str, object] = {
            "conversation_id": conversation_id,
            "train_id": requests[0].train_id,
            "requests": [asdict(request) for request in requests],
        }
        print_json(document(data, DONE, []))
        return
    nodes = make_nodes(build_tree(requests), id)
    print_tree(f"conversation {conversation_id}", [heading(requests)], nodes)
