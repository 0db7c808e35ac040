"""Conversations as trees: drawn on a terminal, indented lines elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from datalayer.cli.job_tables import printable
from datalayer.cli.output import console, count
from datalayer.domains.conversations.texts import text_of_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from datalayer.domains.conversations.trees import Branch, Step
    from datalayer.queries.conversations.conversation_tree import TreeRequest

_INDENT = "  "
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree, what is said below it, and the nodes behind it."""

    label: str
    style: str = ""
    texts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)


def heading(requests: Sequence[TreeRequest]) -> str:
    """Return what holds for all requests of a conversation."""
    first, last = requests[0], requests[-1]
    branches = {r.branch_id for r in requests}
    # A branch of a sub-task belongs to it, and is none itself.
    subtasks = len({r.branch_id for r in requests if _begins_subtask(r)})
    parts = [
        f"train {printable(first.train_id)}",
        count(len(requests), "request"),
        _several(len(branches) - subtasks, "branch", "branches"),
        count(subtasks, "sub-task"),
        f"{sum(map(_input_tokens, requests)):,} tokens in",
        f"{sum(r.output_tokens for r in requests):,} out",
        f"{_moment(first.timestamp)} to {_moment(last.timestamp)} UTC",
    ]
    return ", ".join(part for part in parts if not part.startswith("0 "))


def make_nodes(roots: Sequence[Branch], marked: UUID) -> list[Node]:
    """Return the nodes of some branches and all behind them; one may be marked."""
    top: list[Node] = []
    todo: list[tuple[Branch, list[Node], datetime | None]]
    todo = [(branch, top, None) for branch in reversed(roots)]
    while todo:
        branch, siblings, before = todo.pop()
        node = _branch_node(branch)
        siblings.append(node)
        for step in branch.steps:
            child = _step_node(step, before, marked)
            node.children.append(child)
            before = step.request.timestamp
            todo += [(each, child.children, before) for each in reversed(step.branches)]
    return top


def print_tree(root: str, lines: Sequence[str], nodes: Sequence[Node]) -> None:
    """Print a tree as wide as the terminal, or with whole lines elsewhere."""
    if console.is_terminal:
        _draw(root, lines, nodes)
        return
    console.print(root, markup=False, emoji=False)
    for line in lines:
        console.print(line, markup=False, emoji=False)
    todo = [(node, 0) for node in reversed(nodes)]
    while todo:
        node, depth = todo.pop()
        for line in _plain_lines(node, depth):
            console.print(line, markup=False, emoji=False)
        todo += [(child, depth + 1) for child in reversed(node.children)]


def _draw(root: str, lines: Sequence[str], nodes: Sequence[Node]) -> None:
    tree = Tree(Text("\n".join([root, *lines])), guide_style="dim")
    todo = [(node, tree) for node in reversed(nodes)]
    while todo:
        node, parent = todo.pop()
        # A cut line tells more than one that goes on below the guides.
        label = Text(node.label, node.style, no_wrap=True, overflow="ellipsis")
        below = parent.add(label)
        for text in node.texts:
            below.add(Text(text, "dim"))
        todo += [(child, below) for child in reversed(node.children)]
    console.print(tree, soft_wrap=False)


def _plain_lines(node: Node, depth: int) -> Iterator[str]:
    yield f"{_INDENT * depth}{node.label}"
    for text in node.texts:
        for line in text.split("\n"):
            yield f"{_INDENT * (depth + 2)}{line}"


def _branch_node(branch: Branch) -> Node:
    kind = " (sub-task)" if branch.is_subtask else ""
    return Node(printable(branch.branch_id) + kind, "bold")


def _step_node(step: Step, before: datetime | None, marked: UUID) -> Node:
    request = step.request
    is_marked = request.request_id == marked
    texts = [
        f"{who}: {_printable_lines(text)}"
        for who, text in (
            ("user", text_of_message(request.last_message)),
            ("assistant", text_of_message(request.answer)),
        )
        if text
    ]
    label = _GAP.join(_cells(request, before))
    style = "red" if _is_failed(request) else ""
    return Node(
        f"{'* ' if is_marked else ''}{label}",
        "bold reverse" if is_marked else style,
        texts,
    )


def _cells(request: TreeRequest, before: datetime | None) -> Iterator[str]:
    same_day = before is not None and before.date() == request.timestamp.date()
    yield f"{request.timestamp:%H:%M:%S}" if same_day else _moment(request.timestamp)
    yield printable(request.model or "no model")
    yield f"{_input_tokens(request):,}+{request.output_tokens:,}"
    if request.duration_ms is not None:
        yield f"{request.duration_ms / 1000:.1f} s"
    if _is_failed(request):
        yield f"failed: {printable(request.error or str(request.response_status))}"
    if request.first_words:
        yield " ".join(printable(request.first_words.replace("\n", " ")).split())


def _begins_subtask(request: TreeRequest) -> bool:
    return request.is_subtask and request.parent_request_id is None


def _is_failed(request: TreeRequest) -> bool:
    return request.error is not None or (request.response_status or 0) >= 400


def _input_tokens(request: TreeRequest) -> int:
    """Return the tokens of the input, also those that a cache took or gave."""
    return (
        request.input_tokens
        + request.cache_creation_input_tokens
        + request.cache_read_input_tokens
    )


def _printable_lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _several(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
