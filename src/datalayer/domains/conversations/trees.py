"""The requests of a conversation as a tree of branches and sub-tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from datalayer.queries.conversations.conversation_tree import TreeRequest


@dataclass(frozen=True, slots=True)
class Step:
    """A request, and the branches and sub-tasks that begin behind it."""

    request: TreeRequest
    branches: list[Branch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Branch:
    """Requests that follow each other, oldest first; there is at least one."""

    branch_id: str
    steps: list[Step] = field(default_factory=list)

    @property
    def is_subtask(self) -> bool:
        """Tell whether a tool call of another branch began it."""
        return self.steps[0].request.is_subtask


def build_tree(requests: Iterable[TreeRequest]) -> list[Branch]:
    """Return the branches that begin behind no other one, in the order of the requests.

    Whatever the requests say of each other, each of them is in the tree once.
    """
    branches: dict[str, Branch] = {}
    steps: dict[UUID, Step] = {}
    for request in requests:
        branch = branches.setdefault(request.branch_id, Branch(request.branch_id))
        step = steps[request.request_id] = Step(request)
        branch.steps.append(step)
    roots: list[Branch] = []
    for branch in branches.values():
        behind = _step_before(branch, steps)
        if behind is None or _leads_to(behind, branch, branches, steps):
            roots.append(branch)
        else:
            behind.branches.append(branch)
    return roots


def _step_before(branch: Branch, steps: dict[UUID, Step]) -> Step | None:
    """Return what a branch begins behind; nothing for the first of a conversation."""
    first = branch.steps[0].request
    before = first.parent_request_id or first.parent_task_request_id
    return steps.get(before) if before else None


def _leads_to(
    step: Step | None,
    branch: Branch,
    branches: dict[str, Branch],
    steps: dict[UUID, Step],
) -> bool:
    """Tell whether going back from a step comes to a branch, or round and round."""
    seen = {branch.branch_id}
    while step is not None:
        name = step.request.branch_id
        if name in seen:
            return True
        seen.add(name)
        step = _step_before(branches[name], steps)
    return False
