"""What the artifacts domain should do, in plain Python and without a database."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

#: A document, a part of one, or an operation on one.
Json = Any
TagKey = tuple[str, str]


class DoesNotApply(Exception):
    """The patch does not fit the document."""


@dataclass
class Node:
    """A base, or a patch with the document that it leads to."""

    artifact_id: UUID
    base_id: UUID
    document: Json
    parent_id: UUID | None = None
    depth: int = 0
    compacted_from: UUID | None = None
    by_run: bool = False
    is_old: bool = False

    @property
    def is_base(self) -> bool:
        return self.depth == 0


@dataclass
class Entry:
    """A line of a reflog."""

    action: str
    from_id: UUID | None
    to_id: UUID | None
    is_old: bool = False


@dataclass
class Tag:
    """A tag and the line of targets along which undo and redo walk."""

    line: list[UUID]
    position: int = 0
    version: int = 1

    @property
    def target_id(self) -> UUID:
        return self.line[self.position]


@dataclass
class Model:
    """All documents and tags, and how each change changes them."""

    nodes: dict[UUID, Node] = field(default_factory=dict)
    tags: dict[TagKey, Tag] = field(default_factory=dict)
    log: dict[TagKey, list[Entry]] = field(default_factory=dict)

    def add_base(
        self, artifact_id: UUID, document: Json, compacted_from: UUID | None = None
    ) -> None:
        self.nodes[artifact_id] = Node(
            artifact_id,
            artifact_id,
            copy.deepcopy(document),
            compacted_from=compacted_from,
        )

    def add_patch(self, artifact_id: UUID, follows: UUID, document: Json) -> None:
        before = self.nodes[follows]
        self.nodes[artifact_id] = Node(
            artifact_id,
            before.base_id,
            copy.deepcopy(document),
            parent_id=None if before.is_base else follows,
            depth=before.depth + 1,
        )

    def chain(self, artifact_id: UUID) -> list[UUID]:
        """The patches from the base to an artifact, which is the last."""
        chain: list[UUID] = []
        node: Node | None = self.nodes[artifact_id]
        while node is not None and not node.is_base:
            chain.insert(0, node.artifact_id)
            node = self.nodes[node.parent_id] if node.parent_id else None
        return chain

    def compacted_base(self, patch_id: UUID) -> Node | None:
        return next(
            (node for node in self.nodes.values() if node.compacted_from == patch_id),
            None,
        )

    def create_tag(self, key: TagKey, target: UUID) -> None:
        self.tags[key] = Tag([target])
        self._note(key, Entry("create", None, target))

    def move_tag(self, key: TagKey, target: UUID) -> None:
        tag = self.tags[key]
        self._note(key, Entry("move", tag.target_id, target))
        # A new move forgets what could be redone.
        tag.line[tag.position + 1 :] = [target]
        tag.position += 1
        tag.version += 1

    def step_tag(self, key: TagKey, step: int) -> None:
        tag = self.tags[key]
        before = tag.target_id
        tag.position += step
        tag.version += 1
        self._note(key, Entry("undo" if step < 0 else "redo", before, tag.target_id))

    def delete_tag(self, key: TagKey) -> None:
        self._note(key, Entry("delete", self.tags.pop(key).target_id, None))

    def grow_old(self) -> None:
        """Put everything before the window of a garbage collection."""
        for node in self.nodes.values():
            node.is_old = True
        for entries in self.log.values():
            for entry in entries:
                entry.is_old = True

    def grow_documents_old(self) -> None:
        """Put documents before the window, while the reflog stays inside it."""
        for node in self.nodes.values():
            node.is_old = True

    def collect(self) -> int:
        """Remove what is old and not reached; return how many went."""
        reached: set[UUID] = set()
        waiting = [node.artifact_id for node in self.nodes.values() if not node.is_old]
        waiting += [node.artifact_id for node in self.nodes.values() if node.by_run]
        waiting += [tag.target_id for tag in self.tags.values()]
        for entries in self.log.values():
            for entry in entries:
                if not entry.is_old:
                    waiting += [i for i in (entry.from_id, entry.to_id) if i]
        while waiting:
            node = self.nodes.get(waiting.pop())
            if node is None or node.artifact_id in reached:
                continue
            reached.add(node.artifact_id)
            references = (node.base_id, node.parent_id, node.compacted_from)
            waiting += [reference for reference in references if reference]
        removed = len(self.nodes) - len(reached)
        self.nodes = {i: node for i, node in self.nodes.items() if i in reached}
        return removed

    def _note(self, key: TagKey, entry: Entry) -> None:
        self.log.setdefault(key, []).append(entry)


def apply_operations(document: Json, operations: list[Json]) -> Json:
    """Apply a patch to a copy, in the plainest way; paths are well-formed pointers."""
    holder = [copy.deepcopy(document)]
    for operation in operations:
        _OPERATIONS[operation["op"]](holder, operation)
    return holder[0]


def paths_of(document: Json, path: str = "") -> list[str]:
    """Every path that exists in a document, the whole document first."""
    found = [path]
    if isinstance(document, dict):
        for name in sorted(document):
            part = name.replace("~", "~0").replace("/", "~1")
            found += paths_of(document[name], f"{path}/{part}")
    elif isinstance(document, list):
        for index, element in enumerate(document):
            found += paths_of(element, f"{path}/{index}")
    return found


def value_at(document: Json, path: str) -> Json:
    """The value at a path that exists."""
    for part in _parts(path):
        document = _step(document, part)
    return document


def same_json(left: Json, right: Json) -> bool:
    """Whether RFC 6902 calls two values equal: 1 is 1.0 and neither is true."""
    return json.dumps(_numbers_as_float(left), sort_keys=True) == json.dumps(
        _numbers_as_float(right), sort_keys=True
    )


def _numbers_as_float(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _numbers_as_float(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_numbers_as_float(element) for element in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) + 0.0
    return value


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _step(value: Json, part: str) -> Json:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    raise DoesNotApply(part)


def _parent(holder: list[Json], path: str) -> tuple[Json, str]:
    """The container of a path; the whole document lies in `holder`."""
    parts = ["0", *_parts(path)]
    container: Json = holder
    for part in parts[:-1]:
        container = _step(container, part)
    return container, parts[-1]


def _add(holder: list[Json], operation: Json) -> None:
    container, last = _parent(holder, operation["path"])
    value = copy.deepcopy(operation["value"])
    if container is holder:
        holder[0] = value
    elif isinstance(container, dict):
        container[last] = value
    elif isinstance(container, list) and last == "-":
        container.append(value)
    elif isinstance(container, list) and last.isdigit() and int(last) <= len(container):
        container.insert(int(last), value)
    else:
        raise DoesNotApply(last)


def _remove(holder: list[Json], operation: Json) -> None:
    container, last = _parent(holder, operation["path"])
    _step(container, last)
    if container is holder:
        raise DoesNotApply("the whole document")
    del container[last if isinstance(container, dict) else int(last)]


def _replace(holder: list[Json], operation: Json) -> None:
    container, last = _parent(holder, operation["path"])
    _step(container, last)
    key = last if isinstance(container, dict) else int(last)
    container[key] = copy.deepcopy(operation["value"])


def _copy(holder: list[Json], operation: Json) -> None:
    value = value_at(holder[0], operation["from"])
    _add(holder, {"path": operation["path"], "value": value})


def _move(holder: list[Json], operation: Json) -> None:
    source, path = operation["from"], operation["path"]
    value = copy.deepcopy(value_at(holder[0], source))
    if source == path:
        return
    if path.startswith(f"{source}/"):
        raise DoesNotApply("into itself")
    _remove(holder, {"path": source})
    _add(holder, {"path": path, "value": value})


def _test(holder: list[Json], operation: Json) -> None:
    found = value_at(holder[0], operation["path"])
    if not same_json(found, operation["value"]):
        raise DoesNotApply("another value")


_OPERATIONS = {
    "add": _add,
    "copy": _copy,
    "move": _move,
    "remove": _remove,
    "replace": _replace,
    "test": _test,
}
