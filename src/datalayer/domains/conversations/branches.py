"""The names of branches, and what they say."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from datalayer.domains.conversations.nodes import Node

#: How the branch of what continues a request in another way begins.
BRANCH = "branch_"
#: How the branch of a conversation that goes on after a summary begins.
COMPACT = "compact_"
#: How the branch of a sub-task begins.
SUBTASK = "subtask_"


def is_summarised(node: Node, parent: Node) -> bool:
    """Tell whether a request continues its parent after a summary of it."""
    if node.after_summary is not None:
        return node.after_summary
    return (
        node.branch_id.startswith(COMPACT)
        and node.branch_id != parent.branch_id
        and node.reading.parent_hash != parent.reading.current_hash
    )


def number_of(branch_id: str) -> int:
    """Return the number of a sub-task; 0 of any other branch."""
    digits = branch_id.removeprefix(SUBTASK)
    return int(digits) if digits != branch_id and digits.isdecimal() else 0


def free_name(prefix: str, node: Node, taken: Collection[str]) -> str:
    """Return a name of the time of a request, in UTC, that no branch has."""
    name = prefix + node.timestamp.astimezone(UTC).strftime("%Y%m%d%H%M%S%f")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
