"""The tree that requests belong to, told from what is true rather than from hashes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from uuid import UUID

from conversation_worlds import Asked

from datalayer.domains.conversations import Link

Label = tuple[object, ...]


@dataclass
class Model:
    """The places of the requests of a world."""

    asked: list[Asked]
    _labels: dict[UUID, Label] = field(default_factory=dict)

    def root(self, one: Asked) -> Asked:
        """The request that the conversation began with."""
        above = one.parent or one.invoker
        return one if above is None else self.root(above)

    def task(self, one: Asked) -> Asked | None:
        """The request that called for the sub-task that this one is part of."""
        if one.parent is not None:
            return self.task(one.parent)
        return one.invoker

    def label(self, one: Asked) -> Label:
        """The branch: the kind of its beginning, and the request that begins it."""
        if one.request_id not in self._labels:
            self._labels[one.request_id] = self._find_label(one)
        return self._labels[one.request_id]

    def _find_label(self, one: Asked) -> Label:
        if one.kind == "begin":
            return ("main", one)
        if one.kind == "task":
            return self.label(one.repeated) if one.repeated else ("subtask", one)
        assert one.parent is not None
        groups: dict[str, list[Asked]] = defaultdict(list)
        for other in self.asked:
            if other.kind != one.kind or other.parent is None:
                continue
            if self._are_same(other.parent, one.parent):
                groups[_said(other)].append(other)
        first = min(groups[_said(one)], key=lambda other: other.moment)
        if one.kind == "summary":
            return ("compact", first)
        earliest = min(
            (other for group in groups.values() for other in group),
            key=lambda other: other.moment,
        )
        if _said(earliest) == _said(one):
            return self.label(one.parent)
        return ("branch", first)

    def _are_same(self, one: Asked, other: Asked) -> bool:
        """Whether two say the same at the same place."""
        return one is other or (
            _said(one) == _said(other)
            and self.root(one) is self.root(other)
            and self.label(one) == self.label(other)
        )


def check_tree(
    asked: list[Asked], links: Mapping[UUID, Link], *, are_named: bool = True
) -> None:
    """The links are those of the model; ids may differ, and the names of branches."""
    model = Model(asked)
    assert set(links) == {one.request_id for one in asked}, "law: no request is lost"
    for one in asked:
        link = links[one.request_id]
        parent = one.parent.request_id if one.parent else None
        assert link.parent_request_id == parent, "law: the parents"
        task = model.task(one)
        assert link.is_subtask == (task is not None), (
            "law: only sub-tasks are sub-tasks"
        )
        task_id = task.request_id if task else None
        assert link.parent_task_request_id == task_id, "law: the calls of sub-tasks"
    _check_parts(
        {one.request_id: (model.root(one),) for one in asked},
        {key: (link.conversation_id,) for key, link in links.items()},
        "law: the conversations",
    )
    _check_parts(
        {one.request_id: model.label(one) for one in asked},
        {key: (link.conversation_id, link.branch_id) for key, link in links.items()},
        "law: the branches",
    )
    for one in asked if are_named else ():
        _check_name(model.label(one), links[one.request_id].branch_id)
    _check_numbers(links)


def _check_parts(
    expected: Mapping[UUID, Label], found: Mapping[UUID, Label], law: str
) -> None:
    there = {(expected[key], found[key]) for key in expected}
    assert len({one for one, _ in there}) == len(there), law
    assert len({other for _, other in there}) == len(there), law


def _check_name(label: Label, branch_id: str) -> None:
    kind, first = label
    assert isinstance(first, Asked)
    if kind == "main":
        assert branch_id == "main", "law: the names"
    elif kind == "subtask":
        assert re.fullmatch(r"subtask_[1-9][0-9]*", branch_id), "law: the names"
    else:
        stamp = first.timestamp.astimezone(UTC).strftime("%Y%m%d%H%M%S%f")
        assert re.fullmatch(rf"{kind}_{stamp}(_\d+)?", branch_id), "law: the names"


def _check_numbers(links: Mapping[UUID, Link]) -> None:
    numbers: dict[UUID | None, set[int]] = defaultdict(set)
    for link in links.values():
        if link.branch_id.startswith("subtask_"):
            number = int(link.branch_id.removeprefix("subtask_"))
            numbers[link.conversation_id].add(number)
    for found in numbers.values():
        assert found == set(range(1, len(found) + 1)), "law: numbers without a gap"


def _said(one: Asked) -> str:
    return repr([message.said() for message in one.messages])
